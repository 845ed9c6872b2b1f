package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// oddAnswers are what a backend must not send, and whether its head goes to the client first.
var oddAnswers = map[string]struct {
	begun  bool
	answer func(b *framePeer, id uint32)
}{
	"reset before the head":               {false, func(b *framePeer, id uint32) { b.framer.WriteRSTStream(id, http2.ErrCodeInternal) }},
	"the connection ends before the head": {false, func(b *framePeer, _ uint32) { b.Close() }},
	"reset behind the head": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200")
		b.flush()
		b.framer.WriteRSTStream(id, http2.ErrCodeInternal)
	}},
	"reset without error in the body": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200", "content-length: 10")
		b.Data(id, false, "12345")
		b.flush()
		b.framer.WriteRSTStream(id, http2.ErrCodeNo)
	}},
	"the connection ends in the body": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200")
		b.Data(id, false, "12345")
		b.flush()
		b.Close()
	}},
	"GOAWAY in the body that does not count it": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200")
		b.Data(id, false, "12345")
		b.flush()
		b.framer.WriteGoAway(0, http2.ErrCodeInternal, nil)
	}},
	"content-length above the DATA": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200", "content-length: 10")
		b.Data(id, false, "12345")
		b.flush()
		b.Data(id, true, "")
	}},
	"content-length below the DATA": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200", "content-length: 10")
		b.Data(id, false, "12345")
		b.flush()
		b.Data(id, true, "67890!")
	}},
	"content-length and no body": {false, func(b *framePeer, id uint32) { b.Headers(id, true, ":status: 200", "content-length: 10") }},
	"two content-lengths": {false, func(b *framePeer, id uint32) {
		b.Headers(id, true, ":status: 200", "content-length: 0", "content-length: 1")
	}},
	"connection":                  {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "connection: close") }},
	"transfer-encoding":           {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "transfer-encoding: chunked") }},
	"keep-alive":                  {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "keep-alive: timeout=5") }},
	"upgrade":                     {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "upgrade: websocket") }},
	"a value with NUL":            {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "x: a\x00b") }},
	"a value with a line end":     {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "x: a\r\nset-cookie: evil=1") }},
	"a value with a space behind": {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "x: a ") }},
	"a name in upper case":        {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "X-Upper: a") }},
	"a name with a line end":      {false, func(b *framePeer, id uint32) { b.Reply(id, "x", "x\r\ny: a") }},
	"no status":                   {false, func(b *framePeer, id uint32) { b.Headers(id, true, "x: 1") }},
	"a status of two digits":      {false, func(b *framePeer, id uint32) { b.Headers(id, true, ":status: 20") }},
	"a status of letters":         {false, func(b *framePeer, id uint32) { b.Headers(id, true, ":status: abc") }},
	"status 101":                  {false, func(b *framePeer, id uint32) { b.Headers(id, false, ":status: 101") }},
	"a pseudo-field of requests":  {false, func(b *framePeer, id uint32) { b.Headers(id, true, ":status: 200", ":path: /x") }},
	"an interim answer that ends": {false, func(b *framePeer, id uint32) { b.Headers(id, true, ":status: 103") }},
	"DATA before the head":        {false, func(b *framePeer, id uint32) { b.Data(id, false, "x") }},
	"connection in 103": {false, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 103", "connection: close")
		b.Reply(id, "x")
	}},
	"a pseudo-field in the trailers": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200")
		b.Data(id, false, "12345")
		b.flush()
		b.Headers(id, true, ":status: 200")
	}},
	"trailers that do not end the stream": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200")
		b.Data(id, false, "12345")
		b.flush()
		b.Headers(id, false, "x: 1")
	}},
	"a body for 204": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 204")
		b.Data(id, true, "x")
	}},
	"a push": {false, func(b *framePeer, id uint32) {
		b.framer.WritePushPromise(http2.PushPromiseParam{StreamID: id, PromiseID: 2, BlockFragment: b.encode(plain), EndHeaders: true})
	}},
	"a frame that is too large": {true, func(b *framePeer, id uint32) {
		b.Headers(id, false, ":status: 200")
		b.framer.WriteRawFrame(http2.FrameData, 0, id, make([]byte, 1<<15))
	}},
	"a head that does not decode": {false, func(b *framePeer, id uint32) {
		b.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
	}},
}

// flush waits until the proxy has dealt with all that was sent.
func (p *framePeer) flush() {
	want := p.pongs + 1
	p.framer.WritePing(false, [8]byte{1})
	p.await(func() bool { return p.pongs >= want })
}

func TestOddAnswersOfHTTP2BackendsAreNeverPassedOnAsWhole(t *testing.T) {
	t.Parallel()
	odd := func(b *framePeer, id uint32) {
		switch path := b.stream(id).fields[":path"]; {
		case strings.HasPrefix(path, "/odd/"):
			oddAnswers[unescape(path[5:])].answer(b, id)
		default:
			b.Reply(id, "well")
		}
	}
	p := Setup{Pool: "protocol: h2\nejection: off\nretries: {attempts: 0}"}.Start(t, newFrameBackend(t, odd))
	for what, c := range oddAnswers {
		path := "/odd/" + strings.ReplaceAll(what, " ", "%20")
		t.Run(what, func(t *testing.T) {
			client := dialFrames(t, p.Addr("web"))
			s := client.Get(1, path)
			switch {
			case what == "a body for 204":
				if s.status() == "204" && len(s.body) == 0 {
					break
				}
				fallthrough
			case !c.begun && s.status() != "502":
				t.Errorf("HTTP/2: %s, want 502", s)
			case c.begun && (!s.wasReset() || s.status() != "200"):
				t.Errorf("HTTP/2: %s, want a reset", s)
			}
			client.works(3)
			h1 := dial(t, p.Addr("web"))
			h1.Send(head("GET", path, "Connection: close"))
			answer := h1.AwaitEnd()
			whole := strings.HasSuffix(answer, "0\r\n\r\n") || !strings.Contains(answer, "chunked") && !strings.Contains(answer, "Content-Length: 10") && !strings.Contains(answer, "content-length: 10")
			if c.begun && whole && what != "a body for 204" {
				t.Errorf("HTTP/1.1: %q, want a cut answer", answer)
			}
			if !c.begun && !strings.HasPrefix(answer, "HTTP/1.1 502 ") {
				t.Errorf("HTTP/1.1: %q, want 502", answer)
			}
		})
	}
}

func unescape(path string) string { return strings.ReplaceAll(path, "%20", " ") }

func TestBackendGoesAway(t *testing.T) {
	t.Parallel()
	// Each connection serves twenty requests and is then done with: what came
	// behind those is for another connection, whatever its method, and for no budget.
	backend := newFrameBackend(t, func(b *framePeer, id uint32) {
		switch n := len(b.opened); {
		case n == 20:
			b.framer.WriteGoAway(id, http2.ErrCodeNo, nil)
			fallthrough
		case n < 20:
			b.Reply(id, fmt.Sprint("by connection ", b.number))
		}
	})
	p := Setup{Pool: "protocol: h2\nretries: {attempts: 0}"}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	for n := range uint32(60) {
		c.Ask(1+2*n, false, "POST", "/x")
		c.Data(1+2*n, true, "x")
	}
	for n := range uint32(60) {
		if s := c.over(1 + 2*n); s.status() != "200" {
			t.Errorf("request %d: %s %q", n, s, s.body)
		}
	}
	if _, ever := backend.Connections(); ever < 3 {
		t.Errorf("%d connections served 60 requests, twenty each", ever)
	}
}

func TestRefusedStreamsAreTriedAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	backend := newFrameBackend(t, func(b *framePeer, id uint32) {
		// Whatever its method is: it was not acted on.
		if asked.Add(1)%2 == 1 {
			b.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		} else if b.await(b.stream(id).isOver) {
			b.Reply(id, "served "+string(b.stream(id).body))
		}
	})
	p := Setup{Pool: "protocol: h2\nejection: off\nretries: {budget: 100%}"}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	for n := range uint32(10) {
		id := 1 + 2*n
		c.Ask(id, false, "POST", "/x", "content-length: 5")
		c.Data(id, true, "12345")
		if s := c.over(id); s.status() != "200" || string(s.body) != "served 12345" {
			t.Errorf("request %d: %s %q", n, s, s.body)
		}
	}
}

func TestStreamLimitOfTheBackend(t *testing.T) {
	t.Parallel()
	limit := func(n uint32) http2.Setting { return http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: n} }
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		var tooMany atomic.Int32
		backend := newFrameBackend(t, func(b *framePeer, id uint32) {
			open := 0
			for _, s := range b.streams {
				if s.fields != nil && s.reset == nil {
					open++
				}
			}
			if open > 1 && b.acked {
				tooMany.Add(1)
			}
			b.Reply(id, "one at a time")
			delete(b.streams, id)
		}, limit(1))
		p := Setup{Pool: "protocol: h2"}.Start(t, backend)
		c := dialFrames(t, p.Addr("web"))
		c.works(1)
		for n := range uint32(50) {
			c.Ask(3+2*n, true, "GET", "/x")
		}
		for n := range uint32(50) {
			if s := c.over(3 + 2*n); s.status() != "200" {
				t.Errorf("request %d: %s", n, s)
			}
		}
		if n := tooMany.Load(); n > 0 {
			t.Errorf("%d requests came while the only stream was taken", n)
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		p := Setup{Pool: "protocol: h2\ntimeouts: {connect: 500ms}\nretries: {attempts: 0}"}.Start(t,
			newFrameBackend(t, func(b *framePeer, id uint32) { b.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream) }, limit(0)))
		c := dialFrames(t, p.Addr("web"))
		for n := range uint32(5) {
			if s := c.Get(1+2*n, "/x"); s.status() != "502" && s.status() != "504" {
				t.Errorf("%s, want 502 or 504", s)
			}
		}
	})
}

func TestManyRequestsShareTheFirstDial(t *testing.T) {
	t.Parallel()
	const requests = 50
	g := make(chan struct{})
	backend := newGoBackend(t, overH2, func(w http.ResponseWriter, r *http.Request) {
		<-g
		io.WriteString(w, "x")
	})
	p := Setup{Pool: overH2.poolKeys()}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	for n := range uint32(requests) {
		c.Ask(1+2*n, true, "GET", "/x")
	}
	eventually(t, "all requests are at the backend", func() bool { return p.inflight() == requests })
	close(g)
	for n := range uint32(requests) {
		if s := c.over(1 + 2*n); s.status() != "200" {
			t.Errorf("request %d: %s", n, s)
		}
	}
	// One loop serves the client's connection.
	if _, ever := backend.Connections(); ever != 1 {
		t.Errorf("%d requests at once took %d connections, want 1", requests, ever)
	}
}

func TestSilentHTTP2BackendIsFoundOutByPing(t *testing.T) {
	t.Parallel()
	backend := newFrameBackend(t, func(b *framePeer, id uint32) { b.mute = true })
	p := Setup{Pool: "protocol: h2\ntimeouts: {response: 0s}\nretries: {attempts: 0}"}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	c.Ask(1, true, "GET", "/x")
	s := c.stream(1)
	c.SetReadDeadline(time.Now().Add(2 * patience))
	c.await(s.isOver)
	if s.status() != "502" {
		t.Errorf("%s, want 502", s)
	}
}

func TestHealthOverHTTP2(t *testing.T) {
	t.Parallel()
	for _, back := range []protocol{overH2C, overH2} {
		t.Run(string(back), func(t *testing.T) {
			var sick atomic.Bool
			var proto atomic.Value
			backend := newGoBackend(t, back, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/healthz" {
					proto.Store(r.Proto + " " + r.Header.Get("Connection"))
					if sick.Load() {
						w.WriteHeader(500)
					}
					io.WriteString(w, "fine")
				}
			})
			p := Setup{Pool: back.poolKeys() + "\nhealth_check: {path: /healthz, interval: 20ms, timeout: 5s, rise: 1, fall: 1, expect: {body: fine}}"}.Start(t, backend)
			p.AwaitState(backend.Address, "healthy")
			sick.Store(true)
			p.AwaitState(backend.Address, "unhealthy")
			sick.Store(false)
			p.AwaitState(backend.Address, "healthy")
			if proto.Load() != "HTTP/2.0 " {
				t.Errorf("the checks came as %q", proto.Load())
			}
		})
	}
}

func TestReloadChangesTheTLSOfAPool(t *testing.T) {
	t.Parallel()
	g := make(chan struct{})
	backend := newGoBackend(t, overH2, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			w.(http.Flusher).Flush()
			<-g
		}
		io.WriteString(w, "x")
	})
	setup := func(name string) string {
		return Setup{Pool: fmt.Sprintf("protocol: h2\ntls: {ca_file: %s, server_name: %s}\nretries: {attempts: 0}\nejection: off", certFile, name)}.Config(backend)
	}
	p := Start(t, setup(certName), nil)
	c := dialFrames(t, p.Addr("web"))
	c.works(1)
	c.Ask(3, true, "GET", "/held")
	c.until("an answer begins", func() bool { return c.stream(3).status() == "200" })
	p.WriteConfig(setup("other.test"), nil)
	p.Reload()
	// The backend is not what it should be now: the connection that was good before does not serve on.
	if s := c.Get(5, "/x"); s.status() != "502" {
		t.Errorf("with another name: %s, want 502", s)
	}
	p.WriteConfig(setup(certName), nil)
	p.Reload()
	c.works(7)
	close(g)
	if s := c.over(3); s.status() != "200" || string(s.body) != "x" {
		t.Errorf("what ran meanwhile: %s", s)
	}
	if _, ever := backend.Connections(); ever != 3 {
		t.Errorf("%d connections, want one before, one that was not good enough, and one after", ever)
	}
}

func TestDrainOfABackendWithStreams(t *testing.T) {
	t.Parallel()
	g := make(chan struct{})
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			<-g
		}
		io.WriteString(w, "x")
	}
	a, b := newGoBackend(t, overH2C, handler), newGoBackend(t, overH2C, handler)
	config := func(backends ...*Backend) string {
		return Setup{Pool: "protocol: h2\npolicy: round_robin"}.Config(backends...)
	}
	p := Start(t, config(a, b), nil)
	c := dialFrames(t, p.Addr("web"))
	for n := range uint32(20) {
		c.Ask(1+2*n, true, "GET", "/held")
	}
	eventually(t, "all are at the backends", func() bool { return p.inflight() == 20 })
	if status, answer := p.Admin("POST", "/api/drain", `{"pool":"app","backend":"`+a.Address+`"}`); status != 200 {
		t.Fatalf("POST /api/drain: %d %s", status, answer)
	}
	p.AwaitState(a.Address, "draining")
	c.works(101)
	p.WriteConfig(config(b), nil) // and then it is gone
	p.Reload()
	c.works(103)
	close(g)
	for n := range uint32(20) {
		if s := c.over(1 + 2*n); s.status() != "200" || string(s.body) != "x" {
			t.Errorf("stream %d: %s", n, s)
		}
	}
}

func TestWebSocketThatAnHTTP2BackendDoesNotTakeIsNoFailureOfIt(t *testing.T) {
	t.Parallel()
	backend := newFrameBackend(t, func(b *framePeer, id uint32) { b.Reply(id, "x") })
	p := Setup{Pool: "protocol: h2\nejection: {failures: 2, keep_at_least: 0}"}.Start(t, backend)
	for range 5 {
		c := dial(t, p.Addr("web"))
		c.Send("GET /ws HTTP/1.1\r\nHost: a\r\n" + upgradeFields + "\r\n")
		if r := c.Read("GET"); r.Status != 501 {
			t.Errorf("%d, want 501", r.Status)
		}
	}
	dialFrames(t, p.Addr("web")).works(1)
}
