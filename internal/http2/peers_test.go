package http2

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// onlyHTTP2 has Go's client or server speak HTTP/2 with prior knowledge.
func onlyHTTP2() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

func goClient(t testing.TB, address string) *http.Client {
	transport := &http.Transport{Protocols: onlyHTTP2(), DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: patience, Transport: transport}
}

func TestGoClient(t *testing.T) {
	l := oneLoop(t)
	_, address := serve(t, l, ServerOptions{}, echo)
	client := goClient(t, address)
	big := strings.Repeat("0123456789abcdef", 1<<16)
	for _, body := range []string{"", "short", big} {
		r, err := client.Post("http://example.com/path?q=1", "text/plain", onlyReader{strings.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != 200 || !strings.HasSuffix(string(got), body) || !strings.HasPrefix(string(got), "http POST /path?q=1 HTTP/1.1\r\nhost: example.com\r\n") {
			t.Errorf("%d %.200q", r.StatusCode, got)
		}
	}
}
