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

// message is one of gRPC's, with its prefix.
func message(text string) string {
	n := len(text)
	return string([]byte{0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + text
}

// call makes a gRPC call of that one message; fields are more of its head.
func (p *framePeer) call(id uint32, path, text string, fields ...string) *frameStream {
	p.t.Helper()
	p.Ask(id, false, "POST", path, append([]string{"content-type: application/grpc", "te: trailers"}, fields...)...)
	p.Data(id, true, message(text))
	return p.over(id)
}

// grpcStatus is how a call ended: "trailers 0", or "head 14" where nothing but the status came.
func (s *frameStream) grpcStatus() string {
	if status, ok := s.trailers["grpc-status"]; ok {
		return "trailers " + status
	}
	if status, ok := s.fields["grpc-status"]; ok && len(s.body) == 0 {
		return "head " + status
	}
	return s.String()
}

// grpcBackend answers calls: /echo sends the message back, /fail only a status, /held nothing.
func grpcBackend(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	switch r.URL.Path {
	case "/echo":
		h.Set("Trailer", "Grpc-Status")
		io.Copy(w, r.Body)
		h.Set("Grpc-Status", "0")
		h.Set(http.TrailerPrefix+"X-Te", r.Header.Get("Te"))
	case "/fail":
		h.Set("Grpc-Status", "5")
		h.Set("Grpc-Message", "not%20found")
	case "/held":
		<-r.Context().Done()
	case "/stream":
		io.WriteString(w, message("one"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

func TestGRPCCalls(t *testing.T) {
	t.Parallel()
	for _, back := range []protocol{overH2C, overH2} {
		t.Run(string(back), func(t *testing.T) { checkCalls(t, back) })
	}
}

func checkCalls(t *testing.T, back protocol) {
	backend := newGoBackend(t, back, grpcBackend)
	p := Setup{Pool: back.poolKeys(), Route: "timeouts: {request: 10s}"}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	if s := c.call(1, "/echo", "hello"); s.grpcStatus() != "trailers 0" || string(s.body) != message("hello") || s.trailers["x-te"] != "trailers" {
		t.Errorf("%s, %q, %q", s.grpcStatus(), s.body, s.trailers)
	}
	if s := c.call(3, "/fail", "hello"); s.grpcStatus() != "head 5" || s.fields["grpc-message"] != "not%20found" {
		t.Errorf("%s, %q", s.grpcStatus(), s.fields)
	}
	for i, timeout := range []string{"50m", "50000u", "50000000n"} {
		if s := c.call(5+2*uint32(i), "/held", "hello", "grpc-timeout: "+timeout); s.grpcStatus() != "head 4" || s.status() != "200" || s.fields["content-type"] != "application/grpc" {
			t.Errorf("grpc-timeout %s: %s, %q", timeout, s.grpcStatus(), s.fields)
		}
	}
	// An answer that has begun can only be reset when the time is over.
	if s := c.call(21, "/stream", "hello", "grpc-timeout: 500m"); !s.wasReset() || *s.reset != http2.ErrCodeCancel || string(s.body) != message("one") {
		t.Errorf("the answer that goes on for ever: %s, want a reset by CANCEL", s)
	}
	c.works(23)
}

func TestBackendThatGivesUpAtTheDeadlineToo(t *testing.T) {
	t.Parallel()
	// It resets the stream as soon as it knows that its client has stopped waiting.
	backend := newFrameBackend(t, func(b *framePeer, id uint32) {
		time.Sleep(50 * time.Millisecond)
		b.framer.WriteRSTStream(id, http2.ErrCodeCancel)
	})
	p := Setup{Pool: "protocol: h2"}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	for n := range uint32(20) {
		if s := c.call(1+2*n, "/x", "hello", "grpc-timeout: 50m"); s.grpcStatus() != "head 4" {
			t.Errorf("%s, want status 4", s.grpcStatus())
		}
	}
}

func TestGRPCRefusals(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		backend func(b *framePeer, id uint32)
		setup   Setup
		path    string
		want    string
	}{
		"a backend that resets":      {func(b *framePeer, id uint32) { b.framer.WriteRSTStream(id, http2.ErrCodeInternal) }, Setup{}, "/x", "head 14"},
		"a backend that goes away":   {func(b *framePeer, _ uint32) { b.Close() }, Setup{}, "/x", "head 14"},
		"no route":                   {nil, Setup{Listener: "http2: {max_streams: 10}"}, "/none", "head 12"},
		"a body above the limit":     {nil, Setup{Route: "limits: {body: 10}"}, "/x", "head 13"},
		"a backend that is too slow": {func(*framePeer, uint32) {}, Setup{Route: "timeouts: {request: 50ms}"}, "/x", "head 4"},
	} {
		t.Run(what, func(t *testing.T) {
			if c.backend == nil {
				c.backend = func(b *framePeer, id uint32) {
					if b.await(b.stream(id).isOver) {
						b.Reply(id, "x")
					}
				}
			}
			c.setup.Pool = "protocol: h2"
			config := strings.Replace(c.setup.Config(newFrameBackend(t, c.backend)), "{path: /}", "{path: /x}", 1)
			client := dialFrames(t, Start(t, config, nil).Addr("web"))
			s := client.call(1, c.path, "a message of some length")
			if s.grpcStatus() != c.want || s.status() != "200" || s.fields["content-type"] != "application/grpc" || s.fields["grpc-message"] == "" {
				t.Errorf("%s, %q; want %s", s.grpcStatus(), s.fields, c.want)
			}
			if s := client.call(3, c.path, "a message of some length"); s.grpcStatus() != c.want {
				t.Errorf("the next call on the connection: %s, want %s", s.grpcStatus(), c.want)
			}
		})
	}
	t.Run("no backend", func(t *testing.T) {
		p := Setup{Pool: "protocol: h2\nretries: {attempts: 0}"}.Start(t, &Backend{Address: freeAddress(t)})
		if s := dialFrames(t, p.Addr("web")).call(1, "/x", ""); s.grpcStatus() != "head 14" {
			t.Errorf("%s, want status 14", s.grpcStatus())
		}
	})
}

func TestUnavailableIsTriedElsewhere(t *testing.T) {
	t.Parallel()
	var down, begun atomic.Int32
	handler := func(status string, asked *atomic.Int32) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Type", "application/grpc")
			if r.URL.Path == "/begun" {
				begun.Add(1)
				io.WriteString(w, message("begun"))
				h.Set(http.TrailerPrefix+"Grpc-Status", "14")
				return
			}
			asked.Add(1)
			h.Set("Grpc-Status", status)
		}
	}
	a, b := newGoBackend(t, overH2C, handler("14", &down)), newGoBackend(t, overH2C, handler("0", new(atomic.Int32)))
	for retries, want := range map[string]string{
		"on: [connect, unavailable], budget: 100%": "head 0",
		"on: [connect, reset, 503], budget: 100%":  "head 14",
	} {
		t.Run(retries, func(t *testing.T) {
			p := Setup{Pool: "protocol: h2\npolicy: round_robin\nejection: off\nretries: {" + retries + "}"}.Start(t, a, b)
			c := dialFrames(t, p.Addr("web"))
			down.Store(0)
			worst := "head 0"
			for n := range uint32(20) {
				if s := c.call(1+2*n, "/x", "hello"); s.grpcStatus() != "head 0" {
					worst = s.grpcStatus()
				}
			}
			if worst != want || down.Load() == 0 {
				t.Errorf("%s, want %s; %d calls went to the one that is down", worst, want, down.Load())
			}
			// An answer that has begun is the client's.
			begun.Store(0)
			for n := range uint32(10) {
				if s := c.call(101+2*n, "/begun", "hello"); s.grpcStatus() != "trailers 14" {
					t.Errorf("an answer that begins and then fails: %s", s.grpcStatus())
				}
			}
			if n := begun.Load(); n != 10 {
				t.Errorf("10 calls that were answered went out %d times", n)
			}
		})
	}
}

func TestGRPCHealthCheck(t *testing.T) {
	t.Parallel()
	var serving atomic.Int32
	var last atomic.Value
	serving.Store(1)
	health := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/grpc.health.v1.Health/Check" {
			grpcBackend(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		last.Store(fmt.Sprintf("%s %q %s %s", r.Proto, body, r.Header.Get("Content-Type"), r.Header.Get("X-Probe")))
		w.Header().Set("Content-Type", "application/grpc")
		if serving.Load() < 0 {
			w.Header().Set("Grpc-Status", "12")
			return
		}
		io.WriteString(w, message(string([]byte{8, byte(serving.Load())})))
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	}
	for name, keys := range map[string]string{
		"h2c": overH2C.poolKeys(), "h2": overH2.poolKeys(),
		"HTTP/1.1 for all else": "protocol: http1", "HTTP/1.1 over TLS for all else": strings.Replace(overH2.poolKeys(), "protocol: h2", "protocol: http1", 1),
	} {
		t.Run(name, func(t *testing.T) {
			way := overH2C
			if strings.Contains(keys, "tls:") {
				way = overH2
			}
			check := "\nhealth_check: {type: grpc, service: shop, headers: {X-Probe: e2e}, interval: 20ms, timeout: 5s, rise: 1, fall: 1}"
			serving.Store(1)
			p := Setup{Pool: keys + check}.Start(t, newGoBackend(t, way, health))
			eventually(t, "SERVING is healthy", func() bool { return p.anyBackend("healthy") })
			want := fmt.Sprintf("HTTP/2.0 %q application/grpc e2e", message("\x0a\x04shop"))
			if got := last.Load(); got != want {
				t.Errorf("the check was %s, want %s", got, want)
			}
			for _, ill := range []int32{2, -1, 0, 3} {
				serving.Store(ill)
				eventually(t, "it is unhealthy", func() bool { return p.anyBackend("unhealthy") })
				serving.Store(1)
				eventually(t, "it is healthy again", func() bool { return p.anyBackend("healthy") })
			}
		})
	}
}

func TestPingForEachPieceOfDataIsNoAbuse(t *testing.T) {
	t.Parallel()
	// So gRPC finds out how much a path holds.
	pinging := func(p *framePeer, id uint32) {
		p.greedy = true
		for before := 0; ; before = len(p.stream(id).body) {
			s := p.stream(id)
			if !p.await(func() bool { return s.isOver() || len(s.body) > before }) || s.reset != nil {
				return
			}
			p.framer.WritePing(false, [8]byte{})
			if s.ended {
				return
			}
		}
	}
	backend := newFrameBackend(t, func(b *framePeer, id uint32) {
		pinging(b, id)
		b.Headers(id, false, ":status: 200")
		b.Body(id, string(b.stream(id).body))
	})
	p := Setup{Pool: "protocol: h2\nretries: {attempts: 0}"}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	c.greedy = true
	want := pattern(1000)
	for n := range uint32(30) {
		id := 1 + 2*n
		c.Ask(id, false, "POST", "/x", "content-type: application/grpc")
		s := c.stream(id)
		for range 200 {
			c.Data(id, false, want)
		}
		c.Data(id, true, "")
		pinging(c, id)
		if !s.ended || len(s.body) != 200*len(want) {
			t.Fatalf("call %d: %s, GOAWAY %v", n, s, c.goAway)
		}
	}
}

func TestCallGoesOnElsewhereWhileItIsSent(t *testing.T) {
	t.Parallel()
	for what, refuse := range map[string]func(b *framePeer, id uint32){
		"unavailable": func(b *framePeer, id uint32) {
			b.Headers(id, true, ":status: 200", "content-type: application/grpc", "grpc-status: 14")
		},
		"the stream is refused": func(b *framePeer, id uint32) { b.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream) },
	} {
		for _, first := range []string{"", "one "} {
			t.Run(fmt.Sprintf("%s after %q", what, first), func(t *testing.T) {
				down := newFrameBackend(t, func(b *framePeer, id uint32) {
					if b.await(func() bool { return len(b.stream(id).body) >= len(first) }) {
						refuse(b, id)
					}
				})
				begun := make(chan bool, 10)
				up := newFrameBackend(t, func(b *framePeer, id uint32) {
					begun <- true
					if s := b.stream(id); b.await(s.isOver) {
						b.Headers(id, false, ":status: 200", "content-type: application/grpc")
						b.Data(id, false, string(s.body))
						b.Headers(id, true, "grpc-status: 0")
					}
				})
				p := Setup{Pool: "protocol: h2\npolicy: round_robin\nejection: off\nretries: {on: [reset, unavailable], budget: 100%}"}.Start(t, down, up)
				c := dialFrames(t, p.Addr("web"))
				for n := range uint32(4) {
					id := 1 + 2*n
					c.Ask(id, false, "POST", "/x", "content-type: application/grpc")
					if first != "" {
						c.Data(id, false, first)
					}
					receive(t, "the call reaches the backend that serves it", begun)
					c.Data(id, false, "two ")
					c.Data(id, true, "three")
					if s := c.over(id); s.grpcStatus() != "trailers 0" || string(s.body) != first+"two three" {
						t.Errorf("%s, %q", s.grpcStatus(), s.body)
					}
				}
			})
		}
	}
}
