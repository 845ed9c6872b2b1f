package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A streamLoad is a number of clients that ask one after the other over HTTP/2,
// several on a connection, until it is stopped.
type streamLoad struct {
	stop     chan struct{}
	clients  sync.WaitGroup
	answered atomic.Int64
	mu       sync.Mutex
	failures []string
}

// startStreamLoad has each connection ask and upload on n streams at once.
func startStreamLoad(t testing.TB, way protocol, address string, conns, n int) *streamLoad {
	l := &streamLoad{stop: make(chan struct{})}
	body := pattern(20_000)
	for range conns {
		client := newGoClient(t, way)
		for stream := range n {
			l.clients.Go(func() {
				for {
					select {
					case <-l.stop:
						return
					default:
					}
					l.one(client, way.url(address, "/load"), stream%2 == 0, body)
				}
			})
		}
	}
	t.Cleanup(func() { l.Stop() })
	return l
}

func (l *streamLoad) one(client *http.Client, url string, upload bool, body string) {
	var r *http.Response
	var err error
	if upload {
		r, err = client.Post(url, "text/plain", onlyReader{strings.NewReader(body)})
	} else {
		r, err = client.Get(url)
	}
	var got []byte
	if err == nil {
		got, err = io.ReadAll(r.Body)
		r.Body.Close()
	}
	if err == nil && (r.StatusCode != 200 || upload && string(got) != body) {
		err = fmt.Errorf("%d with %d bytes", r.StatusCode, len(got))
	}
	if err == nil {
		l.answered.Add(1)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failures) < 20 {
		l.failures = append(l.failures, fmt.Sprintf("upload %t: %v", upload, err))
	}
}

func (l *streamLoad) Await(t testing.TB, n int64) {
	t.Helper()
	want := l.answered.Load() + n
	eventually(t, fmt.Sprintf("%d more answers", n), func() bool { return l.answered.Load() >= want })
}

// Stop ends the clients and returns what failed.
func (l *streamLoad) Stop() []string {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.clients.Wait()
	return l.failures
}

func echoBody(w http.ResponseWriter, r *http.Request) {
	http.NewResponseController(w).EnableFullDuplex()
	io.Copy(w, r.Body)
}

func TestHundredReloadsUnderHTTP2Load(t *testing.T) {
	t.Parallel()
	reloads := 100
	if raceEnabled {
		reloads = 20
	}
	sockets := NewBackend(t, "sockets", upgrading("sockets", echo))
	frames := echoing(t)
	backends := [2][]*Backend{}
	for i := range backends {
		for _, way := range protocols {
			backends[i] = append(backends[i], newGoBackend(t, way, echoBody))
		}
	}
	// Each reload changes the backends of every pool, and adds and takes away a listener.
	config := func(n int) string {
		c := "listeners:\n  - {name: web, address: {{listen \"web\"}}}\n  - name: secure\n    address: {{listen \"secure\"}}\n" + indent(secureListener())
		if n%2 == 1 {
			c += "  - {name: more, address: {{listen \"more\"}}}\n"
		}
		c += "routes:\n  - {match: {path: /ws/frames}, pool: frames}\n  - {match: {path: /ws}, pool: sockets}\n" +
			"  - match: {path: /}\n    split: [{pool: http1.1, weight: 1}, {pool: h2c, weight: 1}, {pool: h2, weight: 1}]\npools:\n" +
			fmt.Sprintf("  - {name: sockets, backends: [{address: %s}]}\n  - {name: frames, protocol: h2, backends: [{address: %s}]}\n", sockets.Address, frames.Address)
		for i, way := range protocols {
			c += fmt.Sprintf("  - name: %s\n    backends: [{address: %s}]\n", pathOf(way), backends[n/2%2][i].Address) + indent(way.poolKeys())
		}
		return c
	}
	p := Start(t, config(1), nil)
	var tunnels []*frameTunnel
	for n := range 10 {
		c := dialFrames(t, p.Addr("web"))
		if n%2 == 1 {
			c = dialFramesTLS(t, p.Addr("secure"))
		}
		c.greedy = true
		tunnels = append(tunnels, c.openFrameTunnel(1, "/ws"), c.openFrameTunnel(3, "/ws/frames"))
	}
	plain := startStreamLoad(t, overH2C, p.Addr("web"), 2, 4)
	secure := startStreamLoad(t, overH2, p.Addr("secure"), 2, 4)
	for n := range reloads {
		p.WriteConfig(config(n), nil)
		p.Reload()
		plain.Await(t, 4)
		secure.Await(t, 4)
		for i, tunnel := range tunnels {
			tunnel.says(fmt.Sprintf("tunnel %d after reload %d", i, n))
		}
	}
	for _, failure := range append(plain.Stop(), secure.Stop()...) {
		t.Error(failure)
	}
}

func TestGoAwayLetsRunningStreamsEnd(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"SIGTERM", "the listener is removed"} {
		for _, back := range []protocol{overHTTP1, overH2C} {
			t.Run(how+" with "+string(back), func(t *testing.T) {
				t.Parallel()
				held := make(chan struct{})
				arrived := make(chan bool, 10)
				backend := newGoBackend(t, back, func(w http.ResponseWriter, r *http.Request) {
					http.NewResponseController(w).EnableFullDuplex()
					switch r.URL.Path {
					case "/held":
						arrived <- true
						<-held
					case "/begun":
						w.(http.Flusher).Flush()
						arrived <- true
						<-held
					}
					io.Copy(w, r.Body)
					io.WriteString(w, "done")
				})
				setup := Setup{Top: "shutdown: {delay: 0s, drain_timeout: 30s}", Pool: back.poolKeys()}.Config(backend)
				p := Start(t, strings.Replace(setup, "listeners:\n", "listeners:\n  - {name: other, address: {{listen \"other\"}}}\n", 1), nil)
				c, idle := dialFrames(t, p.Addr("web")), dialFrames(t, p.Addr("web"))
				c.works(1)
				idle.works(1)
				c.Ask(3, true, "GET", "/held")
				c.Ask(5, true, "GET", "/begun")
				c.Ask(7, false, "POST", "/held")
				for range 3 {
					receive(t, "the request reaches the backend", arrived)
				}
				if how == "SIGTERM" {
					p.Terminate()
				} else {
					p.WriteConfig(strings.Replace(setup, "listeners:\n  - name: web\n    address: {{listen \"web\"}}", "listeners:\n  - {name: other, address: {{listen \"other\"}}}", 1), nil)
					p.Reload()
				}
				c.until("GOAWAY comes", func() bool { return c.goAway != nil })
				// What was sent before the client could know of the end is served.
				if c.goAway.LastStreamID == 1<<31-1 {
					c.Ask(9, true, "GET", "/late")
				}
				if code := idle.lastWord(); code != 0 {
					t.Errorf("an idle connection ended with %s", code)
				}
				c.Data(7, true, "the rest of the upload, ")
				close(held)
				for id, want := range map[uint32]string{3: "done", 5: "done", 7: "the rest of the upload, done"} {
					if s := c.over(id); s.status() != "200" || !s.ended || string(s.body) != want {
						t.Errorf("stream %d: %s %q", id, s, s.body)
					}
				}
				if code := c.lastWord(); code != 0 {
					t.Errorf("the connection ended with %s", code)
				}
				if s := c.stream(9); s.fields != nil && s.status() != "200" {
					t.Errorf("a request that was under way: %s", s)
				}
				if how == "SIGTERM" {
					if code := p.ExitCode(); code != 0 {
						t.Errorf("exit code %d, want 0", code)
					}
				}
			})
		}
	}
}

func TestTerminationUnderHTTP2LoadCostsNoRequest(t *testing.T) {
	t.Parallel()
	p := Setup{Top: "shutdown: {delay: 0s, drain_timeout: 30s}"}.Start(t, newGoBackend(t, overHTTP1, echoBody))
	// Requests go on until the proxy says that it goes; those that it has taken are answered.
	var failed atomic.Int32
	var clients sync.WaitGroup
	var served atomic.Int64
	for range 4 {
		c := dialFrames(t, p.Addr("web"))
		clients.Go(func() {
			id := uint32(1)
			for ; c.goAway == nil; id += 2 {
				c.Ask(id, true, "GET", "/x")
				s := c.stream(id)
				if !c.await(s.isOver) || s.status() != "200" {
					failed.Add(1)
					return
				}
				served.Add(1)
			}
		})
	}
	eventually(t, "requests are served", func() bool { return served.Load() > 200 })
	p.Terminate()
	clients.Wait()
	if code := p.ExitCode(); code != 0 || failed.Load() > 0 {
		t.Errorf("exit code %d, and %d requests failed", code, failed.Load())
	}
}
