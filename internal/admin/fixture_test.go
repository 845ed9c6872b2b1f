package admin_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"spillway/internal/admin"
	"spillway/internal/config"
	"spillway/proxy"
)

// An instance is a running proxy with its admin server, and two backends: near
// in its own region, far in the next.
type instance struct {
	t         *testing.T
	proxy     *proxy.Server
	admin     *admin.Server
	near, far string // addresses
	config    string
}

func start(t *testing.T, reload func() error) *instance {
	t.Helper()
	i := &instance{t: t, near: backend(t, "near"), far: backend(t, "far")}
	i.config = fmt.Sprintf(`
region: eu-west
regions: {us-east: {rtt: 80ms}}
listeners: [{name: web, address: "127.0.0.1:0"}]
routes:
  - {match: {path: /v1/}, pool: app}
  - {match: {path: "= /ping"}, respond: {status: 200, body: pong}}
  - {match: {path: /}, pool: app}
pools:
  - name: app
    backends:
      - {address: %q, max_requests: 10}
      - {address: %q, region: us-east, weight: 3}
`, i.near, i.far)
	var err error
	if i.proxy, err = proxy.New(i.parse(), proxy.Options{Loops: 2}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.proxy.Stop)
	i.admin = admin.New(admin.Options{Proxy: i.proxy, Reload: reload, Version: "1.2.3"})
	if err := i.admin.Serve("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.admin.Close() })
	return i
}

func backend(t *testing.T, name string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/500") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		io.WriteString(w, name)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func (i *instance) parse() *config.Config {
	i.t.Helper()
	c, err := config.Parse("config.yaml", []byte(i.config), func(string) (string, bool) { return "", false })
	if err != nil {
		i.t.Fatal(err)
	}
	return c
}

// ask sends a request to the admin address, fields as "Name: value".
func (i *instance) ask(method, path, body string, fields ...string) (status int, answer string, header http.Header) {
	i.t.Helper()
	return ask(i.t, http.DefaultTransport, "http://"+i.admin.Addr().String(), method, path, body, fields...)
}

func ask(t *testing.T, by http.RoundTripper, base, method, path, body string, fields ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	response, err := (&http.Client{Transport: by, Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer), response.Header
}

// get asks the proxy and returns which backend answered.
func (i *instance) get(path string) string {
	i.t.Helper()
	_, body, _ := ask(i.t, http.DefaultTransport, "http://"+i.proxy.Status().Listeners[0].Address, "GET", path, "")
	return body
}

// eventually waits for what a loop does after it has answered.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// served is how many requests the pool has finished.
func (i *instance) served() (n uint64) {
	for _, region := range i.proxy.Status().Pools[0].Regions {
		for _, b := range region.Backends {
			n += b.Requests
		}
	}
	return n
}

// socket makes a transport that dials the unix socket at path.
func socket(path string) *http.Transport {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &http.Transport{DialContext: dial, DisableKeepAlives: true}
}
