package http2

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"spillway/internal/loop"
)

func TestPrefaceIsRecognised(t *testing.T) {
	for _, c := range []struct {
		first string
		want  PrefaceMatch
	}{
		{"", MaybePreface},
		{"P", MaybePreface},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", MaybePreface},
		{preface, Preface},
		{preface + "\x00\x00", Preface},
		{"POST / HTTP/1.1\r\n", NoPreface},
		{"PRI * HTTP/1.1\r\n", NoPreface},
		{"GET", NoPreface},
		{"\x16\x03\x01", NoPreface},
	} {
		if got := MatchPreface([]byte(c.first)); got != c.want {
			t.Errorf("%q: %d, want %d", c.first, got, c.want)
		}
	}
}

// TestFirstBytesThatWereReadBefore begins with any part of what a client sends first.
func TestFirstBytesThatWereReadBefore(t *testing.T) {
	var hello strings.Builder
	f := http2.NewFramer(&hello, nil)
	hello.WriteString(preface)
	_ = f.WriteSettings()
	_ = f.WritePing(false, [8]byte{})
	for n := 0; n <= hello.Len(); n++ {
		l := oneLoop(t)
		c, conn := connected(t, l)
		p := newPeer(t, conn)
		w := NewWorker(l)
		onLoop(t, l, func() { w.Serve(c, []byte(hello.String()[:n]), ServerOptions{}, &handler{f: echo}) })
		if _, err := io.WriteString(conn, hello.String()[n:]); err != nil {
			t.Fatal(err)
		}
		p.expect("SETTINGS", "WINDOW_UPDATE 0 983041", "SETTINGS ACK", `PING ACK "\x00\x00\x00\x00\x00\x00\x00\x00"`)
	}
}

func TestIdleClientIsSentAway(t *testing.T) {
	for name, prepare := range map[string]func(s *served){
		"without a stream": func(s *served) {},
		"behind a stream":  func(s *served) { s.headers(1, true, get); s.next(); s.next() },
		"in a frame":       func(s *served) { _, _ = s.conn.Write([]byte{0, 0, 8, 6}) },
		"in a header block": func(s *served) {
			s.ok(s.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: s.fields(get)}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveWith(t, ServerOptions{Settings: Settings{IdleTimeout: 100 * time.Millisecond}}, echo)
			prepare(s)
			s.expectEnd(NoError)
			s.conn.Close()
			eventually(t, s.loop, "the handler is told", func() bool { return s.end.closed == 1 })
		})
	}
}

func TestClientThatNeverSpeaksIsSentAway(t *testing.T) {
	l := oneLoop(t)
	c, conn := connected(t, l)
	h := &handler{f: echo}
	onLoop(t, l, func() {
		NewWorker(l).Serve(c, nil, ServerOptions{Settings: Settings{IdleTimeout: 50 * time.Millisecond}}, h)
	})
	newPeer(t, conn).expectEnd(NoError)
}

// TestIdleConnectionHoldsNothing: no buffer and no task.
func TestIdleConnectionHoldsNothing(t *testing.T) {
	s := serveWith(t, ServerOptions{}, echo)
	s.headers(1, true, get)
	s.next()
	s.next()
	eventually(t, s.loop, "the connection rests", func() bool {
		c := s.server
		return c.in == nil && c.out.first == nil && !c.readerRuns && !c.out.running && c.out.pending == 0 && c.Streams() == 0 && cap(c.block.data) == 0
	})
}

func TestShutdown(t *testing.T) {
	t.Run("with streams", func(t *testing.T) {
		release := make(chan struct{})
		s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
			task.Await(func() { <-release })
			echo(task, s)
		})
		s.headers(1, true, get)
		eventually(t, s.loop, "the stream is there", func() bool { return s.server.Streams() == 1 })
		onLoop(t, s.loop, s.server.Shutdown)
		onLoop(t, s.loop, s.server.Shutdown)
		s.expect("GOAWAY 2147483647 NO_ERROR", `PING "drain..."`)
		s.headers(3, true, get) // was under way
		s.ok(s.WritePing(true, [8]byte([]byte("drain..."))))
		s.expect("GOAWAY 3 NO_ERROR")
		s.headers(5, false, post) // comes too late
		s.ok(s.WriteData(5, false, []byte("hello")))
		s.headers(5, true, "x: y")
		close(release)
		ends := 0
		for got := ""; got != "EOF"; {
			got = s.next()
			if strings.Contains(got, "END_STREAM") && strings.HasPrefix(got, "DATA") {
				ends++
			}
			if strings.Contains(got, " 5") {
				t.Error(got)
			}
		}
		if ends != 2 {
			t.Errorf("%d streams were answered", ends)
		}
	})
	t.Run("idle", func(t *testing.T) {
		s := serveWith(t, ServerOptions{}, echo)
		onLoop(t, s.loop, s.server.Shutdown)
		s.expect("GOAWAY 2147483647 NO_ERROR", `PING "drain..."`)
		s.ok(s.WritePing(true, [8]byte([]byte("drain..."))))
		s.expect("GOAWAY 0 NO_ERROR", "EOF")
	})
	t.Run("a client that does not answer", func(t *testing.T) {
		s := serveWith(t, ServerOptions{}, echo)
		onLoop(t, s.loop, s.server.Shutdown)
		s.expect("GOAWAY 2147483647 NO_ERROR", `PING "drain..."`, "GOAWAY 0 NO_ERROR", "EOF")
	})
}

func TestSilentBackendIsAskedForASignOfLife(t *testing.T) {
	o := ClientOptions{PingAfter: 50 * time.Millisecond, PingTimeout: 100 * time.Millisecond}
	r := requestWith(t, o)
	var s *Stream
	onTask(t, r.loop, func(task *loop.Task) { s = r.stream(task, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") })
	r.next()
	for range 3 {
		r.expect(`PING "alive..."`)
		r.ok(r.WritePing(true, [8]byte([]byte("alive..."))))
	}
	onTask(t, r.loop, func(task *loop.Task) {
		if _, err := s.Read(task, make([]byte, 10)); !errors.Is(err, ErrConnection) {
			t.Errorf("read: %v", err)
		}
		s.Close()
		if !r.client.Done() || r.worker.stats.Timeouts != 1 {
			t.Errorf("done: %v, timeouts: %d", r.client.Done(), r.worker.stats.Timeouts)
		}
	})
}

func TestIdleConnectionToABackendEnds(t *testing.T) {
	changed := 0
	r := requestWith(t, ClientOptions{Settings: Settings{IdleTimeout: 50 * time.Millisecond}, Changed: func(c *ClientConn) { changed++ }})
	r.expect("GOAWAY 0 NO_ERROR", "EOF")
	r.conn.Close()
	eventually(t, r.loop, "it is told", func() bool { return changed > 0 && r.client.Done() })
}

func TestShutdownOfAConnectionToABackend(t *testing.T) {
	r := requestWith(t, ClientOptions{})
	var s *Stream
	onTask(t, r.loop, func(task *loop.Task) {
		s = r.stream(task, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		r.client.Shutdown()
		if r.client.CanTakeStream() {
			t.Error("it takes streams")
		}
	})
	r.next()
	r.headers(1, true, ":status: 204")
	onTask(t, r.loop, func(task *loop.Task) {
		if text, err := readAll(task, s); text != "HTTP/1.1 204 \r\n\r\n" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		s.Close()
	})
	r.expect("GOAWAY 0 NO_ERROR", "EOF")
}

// TestLoopThatStops ends with streams of both sides in every kind of wait.
func TestLoopThatStops(t *testing.T) {
	waits := make(chan error, 2)
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		if s.ID() == 1 {
			_, err := readAll(task, s)
			waits <- err
			return
		}
		_, _ = s.Write(task, []byte("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"))
		_, err := s.Write(task, make([]byte, 1000000))
		waits <- err
	})
	s.headers(1, false, post)
	s.headers(3, true, get)
	s.data(65535)
	s.loop.Group().Stop()
	for range 2 {
		if err := <-waits; err == nil {
			t.Error("a wait ended without an error")
		}
	}
}
