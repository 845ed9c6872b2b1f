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

// floodWith writes frames until the proxy has had enough, and returns the code of its GOAWAY.
func floodWith(t *testing.T, c *framePeer, write func(n int) error) http2.ErrCode {
	t.Helper()
	c.SetWriteDeadline(time.Now().Add(patience))
	c.SetReadDeadline(time.Now().Add(patience))
	ended := make(chan bool)
	go func() {
		for c.step() {
		}
		close(ended)
	}()
	for n := range 1 << 20 {
		if write(n) != nil {
			break
		}
		select {
		case <-ended:
		default:
			continue
		}
		break
	}
	receive(t, "the connection ends", ended)
	if c.goAway == nil {
		t.Fatal("the connection ended without GOAWAY")
	}
	return c.goAway.ErrCode
}

// inert is a peer whose frames are only written: nothing that comes is answered.
func inert(c *framePeer) *http2.Framer { return http2.NewFramer(c.Conn, nil) }

func TestFloodsEndInEnhanceYourCalm(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{}.Start(t, backend)
	for what, flood := range map[string]func(c *framePeer, w *http2.Framer) func(n int) error{
		"PING": func(_ *framePeer, w *http2.Framer) func(int) error {
			return func(int) error { return w.WritePing(false, [8]byte{}) }
		},
		"SETTINGS": func(_ *framePeer, w *http2.Framer) func(int) error {
			return func(int) error { return w.WriteSettings() }
		},
		"PRIORITY": func(_ *framePeer, w *http2.Framer) func(int) error {
			return func(int) error { return w.WritePriority(1, http2.PriorityParam{StreamDep: 3}) }
		},
		"unknown frames": func(_ *framePeer, w *http2.Framer) func(int) error {
			return func(int) error { return w.WriteRawFrame(0x42, 0, 0, nil) }
		},
		"WINDOW_UPDATE": func(_ *framePeer, w *http2.Framer) func(int) error {
			return func(int) error { return w.WriteWindowUpdate(0, 1) }
		},
		"empty DATA": func(c *framePeer, w *http2.Framer) func(int) error {
			c.Ask(1, false, "POST", "/x")
			return func(int) error { return w.WriteData(1, false, nil) }
		},
		"CONTINUATION": func(c *framePeer, w *http2.Framer) func(int) error {
			block := c.encode(instead("x: 1"))
			w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block})
			return func(int) error { return w.WriteContinuation(1, false, nil) }
		},
		"a head without end": func(c *framePeer, w *http2.Framer) func(int) error {
			w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.encode(plain)})
			return func(int) error {
				return w.WriteContinuation(1, false, c.encode([]string{"x: " + strings.Repeat("v", 4000)}))
			}
		},
		"a head that is small only on the wire": func(c *framePeer, w *http2.Framer) func(int) error {
			// The fields are in the table after the first time.
			large := instead("x: " + strings.Repeat("v", 3000))
			for range 100 {
				large = append(large, large[len(large)-1])
			}
			return func(n int) error {
				return w.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(1 + 2*n), BlockFragment: c.encode(large), EndStream: true, EndHeaders: true})
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			c := dialFrames(t, p.Addr("web"))
			w := inert(c)
			w.AllowIllegalWrites = true
			if code := floodWith(t, c, flood(c, w)); code != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("%s, want ENHANCE_YOUR_CALM", code)
			}
		})
	}
	dialFrames(t, p.Addr("web")).works(1)
	for _, r := range backend.Requests() {
		if r.Complete && r.Target != "/works" {
			t.Errorf("the backend got %s %s", r.Method, r.Target)
		}
	}
}

func TestCancelledStreamsBuyNoBackendWork(t *testing.T) {
	t.Parallel()
	for what, cancel := range map[string]func(w *http2.Framer, id uint32) error{
		"rapid reset":         func(w *http2.Framer, id uint32) error { return w.WriteRSTStream(id, http2.ErrCodeCancel) },
		"a window of nothing": func(w *http2.Framer, id uint32) error { return w.WriteWindowUpdate(id, 0) },
		"a window that overflows": func(w *http2.Framer, id uint32) error {
			w.WriteWindowUpdate(id, 1<<31-1)
			return w.WriteWindowUpdate(id, 1<<31-1)
		},
		"a PRIORITY of a wrong length": func(w *http2.Framer, id uint32) error {
			return w.WriteRawFrame(http2.FramePriority, 0, id, make([]byte, 4))
		},
		"HEADERS behind the end": func(w *http2.Framer, id uint32) error {
			return w.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x82}, EndStream: true, EndHeaders: true})
		},
		"DATA behind the end": func(w *http2.Framer, id uint32) error { return w.WriteData(id, true, nil) },
	} {
		t.Run(what, func(t *testing.T) {
			var asked atomic.Int64
			g := newGate(t)
			backend := NewBackend(t, "a", Handling(func(x *Exchange) {
				asked.Add(1)
				g.Wait(x)
			}))
			p := Setup{Pool: "retries: {attempts: 0}"}.Start(t, backend)
			c := dialFrames(t, p.Addr("web"))
			w := inert(c)
			w.AllowIllegalWrites = true
			sent := 0
			code := floodWith(t, c, func(n int) error {
				sent = n + 1
				id := uint32(1 + 2*n)
				w.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.encode(plain), EndStream: true, EndHeaders: true})
				return cancel(w, id)
			})
			if code != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("%s, want ENHANCE_YOUR_CALM", code)
			}
			eventually(t, "no request is in flight", func() bool { return p.inflight() == 0 })
			// As many as may be open at once, and a few that were reset a moment too late.
			if n := asked.Load(); n > 250 {
				t.Errorf("%d streams were cancelled and the backend was asked %d times", sent, n)
			}
		})
	}
}

func TestResetStreamFreesItsBackendConnectionForNobody(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", Handling(func(x *Exchange) {
		if strings.HasPrefix(x.Target, "/slow") {
			x.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart of an answer")
			x.AwaitEnd()
			return
		}
		x.Echo("a")
	}))
	p := Setup{}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	for n := range uint32(50) {
		id := 1 + 4*n
		c.Ask(id, true, "GET", fmt.Sprint("/slow", n))
		s := c.stream(id)
		c.until("the answer begins", func() bool { return len(s.body) > 0 })
		c.framer.WriteRSTStream(id, http2.ErrCodeCancel)
		if s := c.Get(id+2, fmt.Sprint("/next", n)); s.status() != "200" || string(s.body) != fmt.Sprint("a GET /next", n) {
			t.Fatalf("behind a reset stream: %s %q", s, s.body)
		}
	}
	for _, r := range backend.Requests() {
		if strings.HasPrefix(r.Target, "/next") && r.Nth > 1 {
			if before := slowOn(backend, r.Conn, r.Nth); before {
				t.Errorf("%s came on a connection whose answer was not taken", r.Target)
			}
		}
	}
}

// slowOn tells whether an earlier request of the connection was one that is never answered whole.
func slowOn(b *Backend, conn, nth int) bool {
	for _, r := range b.Requests() {
		if r.Conn == conn && r.Nth < nth && strings.HasPrefix(r.Target, "/slow") {
			return true
		}
	}
	return false
}

func TestAThousandStreamsAtOnce(t *testing.T) {
	t.Parallel()
	const conns, streams = 10, 100
	for _, back := range []protocol{overHTTP1, overH2C} {
		t.Run(string(back), func(t *testing.T) {
			t.Parallel()
			var running atomic.Int64
			all := make(chan struct{})
			backend := newGoBackend(t, back, func(w http.ResponseWriter, _ *http.Request) {
				if running.Add(1) == conns*streams {
					close(all)
				}
				select {
				case <-all:
				case <-time.After(patience):
				}
				io.WriteString(w, "done")
			})
			p := Setup{Pool: back.poolKeys()}.Start(t, backend)
			var clients []*framePeer
			for range conns {
				c := dialFrames(t, p.Addr("web"))
				for n := range uint32(streams) {
					c.Ask(1+2*n, true, "GET", "/x")
				}
				clients = append(clients, c)
			}
			for _, c := range clients {
				for n := range uint32(streams) {
					if s := c.over(1 + 2*n); s.status() != "200" || string(s.body) != "done" {
						t.Fatalf("%s %q", s, s.body)
					}
				}
			}
		})
	}
}
