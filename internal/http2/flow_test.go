package http2

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"spillway/internal/loop"
)

// data reads frames until n bytes of DATA have come, and returns how many each stream got and in which order.
func (p *peer) data(n int) (byStream map[uint32]int, order []uint32) {
	p.t.Helper()
	byStream = map[uint32]int{}
	for n > 0 {
		f, err := p.ReadFrame()
		if err != nil {
			p.t.Fatalf("%d bytes of DATA are missing: %v", n, err)
		}
		if d, ok := f.(*http2.DataFrame); ok {
			n -= len(d.Data())
			byStream[d.StreamID] += len(d.Data())
			order = append(order, d.StreamID)
		}
	}
	if n < 0 {
		p.t.Fatalf("%d bytes of DATA too many", -n)
	}
	return byStream, order
}

// quiet checks that nothing is sent but an answer to PING.
func (p *peer) quiet() {
	p.t.Helper()
	p.ok(p.WritePing(false, [8]byte{}))
	p.expect(`PING ACK "\x00\x00\x00\x00\x00\x00\x00\x00"`)
}

// answering answers with n bytes.
func answering(n int) func(*loop.Task, *Stream) {
	return func(task *loop.Task, s *Stream) {
		_, _ = s.Write(task, fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", n))
		_, _ = s.Write(task, make([]byte, n))
	}
}

func TestAnswerKeepsWithinTheWindows(t *testing.T) {
	s := serveWith(t, ServerOptions{}, answering(200_000), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
	s.headers(1, true, get)
	s.data(1000)
	s.quiet()
	s.ok(s.WriteWindowUpdate(1, 500))
	s.data(500)
	// The window becomes negative, and has to be made up for.
	s.ok(s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}))
	s.expect("SETTINGS ACK")
	s.ok(s.WriteWindowUpdate(1, 1000))
	s.quiet()
	s.ok(s.WriteWindowUpdate(1, 1))
	s.data(1)
	s.ok(s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}))
	s.data(65535 - 1501) // the connection's window
	s.quiet()
	s.ok(s.WriteWindowUpdate(0, 1<<20))
	s.data(200_000 - 65535)
}

func TestWindowsThatOverflow(t *testing.T) {
	for name, send := range map[string]func(*served){
		"of the connection": func(s *served) { s.ok(s.WriteWindowUpdate(0, maxWindow)); s.ok(s.WriteWindowUpdate(0, maxWindow)) },
		"by SETTINGS": func(s *served) {
			s.ok(s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow}))
		},
		"too large a setting": func(s *served) {
			s.ok(s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow + 1}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveWith(t, ServerOptions{}, answering(1<<20))
			s.headers(1, true, get)
			s.ok(s.WriteWindowUpdate(1, 1<<20))
			send(s)
			s.expectEnd(FlowControlError)
		})
	}
	s := serveWith(t, ServerOptions{}, answering(1<<20))
	s.headers(1, true, get)
	s.ok(s.WriteWindowUpdate(1, maxWindow))
	s.ok(s.WriteWindowUpdate(1, maxWindow))
	for got := ""; got != "RST_STREAM 1 FLOW_CONTROL_ERROR"; {
		if got = s.next(); got == "EOF" {
			t.Fatal(got)
		}
	}
}

// TestStreamsTakeTurns lets two large answers share a window.
func TestStreamsTakeTurns(t *testing.T) {
	s := serveWith(t, ServerOptions{}, answering(1<<20), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	for _, id := range []uint32{1, 3, 5} {
		s.headers(id, true, get)
	}
	s.data(65535)
	eventually(t, s.loop, "all wait for the window", func() bool { return len(s.server.queue) == 3 })
	s.ok(s.WriteWindowUpdate(0, 3*128<<10))
	got, _ := s.data(3 * 128 << 10)
	for id, n := range got {
		if n < 100<<10 || n > 156<<10 {
			t.Errorf("stream %d got %d bytes", id, n)
		}
	}
}

// TestUrgentStreamsComeFirst: a more urgent stream overtakes, but starves none.
func TestUrgentStreamsComeFirst(t *testing.T) {
	s := serveWith(t, ServerOptions{}, answering(4<<20), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 4 << 20})
	s.headers(1, true, get+"priority: u=7")
	s.headers(3, true, get+"priority: u=0, i")
	s.data(65535)
	eventually(t, s.loop, "both wait for the window", func() bool { return len(s.server.queue) == 2 })
	const window = 2 << 20
	s.ok(s.WriteWindowUpdate(0, window))
	got, _ := s.data(window)
	if got[3] < 4*got[1] || got[1] == 0 {
		t.Errorf("by stream: %v", got)
	}
}

// TestClientThatReadsNothing: an answer of 64 MiB costs bounded memory, and ends at its deadline.
func TestClientThatReadsNothing(t *testing.T) {
	ended := make(chan error, 1)
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		_, _ = s.Write(task, []byte("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n"))
		s.SetWriteDeadline(s.Loop().Now() + int64(200*time.Millisecond))
		_, err := s.Write(task, make([]byte, 64<<20))
		ended <- err
	}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	s.ok(s.WriteWindowUpdate(0, maxWindow-firstWindow))
	s.headers(1, true, get)
	for waiting := true; waiting; {
		onLoop(t, s.loop, func() {
			if s.server.out.pending > dataLimit+ownMaxFrame {
				t.Errorf("%d bytes wait to be written", s.server.out.pending)
			}
		})
		select {
		case err := <-ended:
			waiting = false
			if !errors.Is(err, loop.ErrTimeout) {
				t.Errorf("write: %v", err)
			}
		case <-time.After(time.Millisecond):
		}
	}
}

// TestClientThatTakesNoAnswersToItsFrames: it is not read any more, and ends by the write's timeout.
func TestClientThatTakesNoAnswersToItsFrames(t *testing.T) {
	s := serveWith(t, ServerOptions{Settings: Settings{WriteTimeout: 300 * time.Millisecond}}, echo)
	old := budgets[PingFlood]
	onLoop(t, s.loop, func() { budgets[PingFlood] = budget{1 << 30, 1 << 30} })
	defer onLoop(t, s.loop, func() { budgets[PingFlood] = old })
	pings := strings.Repeat("\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678", 1000)
	go func() {
		for {
			if _, err := s.conn.Write([]byte(pings)); err != nil {
				return
			}
		}
	}()
	eventually(t, s.loop, "the connection is closed", func() bool {
		if n := s.server.out.pending; n > controlLimit+largeSize {
			t.Errorf("%d bytes wait to be written", n)
		}
		return s.end.closed == 1
	})
}

func TestBodyKeepsWithinTheWindow(t *testing.T) {
	proceed := make(chan struct{})
	s := serveWith(t, ServerOptions{Settings: Settings{StreamWindow: 64 << 10, ConnWindow: 128 << 10}}, func(task *loop.Task, s *Stream) {
		task.Await(func() { <-proceed })
		text, err := readAll(task, s)
		_, _ = s.Write(task, fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nX: %d %v\r\nContent-Length: 0\r\n\r\n", len(text), err))
	})
	s.headers(1, false, post+"content-length: 98304")
	piece := make([]byte, 16<<10)
	for range 4 {
		s.ok(s.WriteData(1, false, piece))
	}
	s.quiet() // no credit while nobody reads
	close(proceed)
	got := map[string]bool{}
	for range 2 {
		got[s.next()] = true
	}
	if !got["WINDOW_UPDATE 0 65536"] && !got["WINDOW_UPDATE 1 32768"] && !got["WINDOW_UPDATE 1 65536"] {
		t.Errorf("%v", got)
	}
	s.ok(s.WriteData(1, false, piece))
	s.ok(s.WriteData(1, true, piece))
	for got := ""; !strings.HasPrefix(got, "HEADERS"); {
		if got = s.next(); strings.HasPrefix(got, "HEADERS") && !strings.Contains(got, "x=98") {
			t.Error(got)
		}
	}
}

func TestBodyBeyondTheWindow(t *testing.T) {
	wait := func(task *loop.Task, s *Stream) { _ = task.Park(0); _ = task.Park(0) }
	piece := make([]byte, 16<<10)
	t.Run("of a stream", func(t *testing.T) {
		s := serveWith(t, ServerOptions{Settings: Settings{StreamWindow: 64 << 10}}, wait)
		s.headers(1, false, post)
		for range 5 {
			s.ok(s.WriteData(1, false, piece))
		}
		s.expect("RST_STREAM 1 FLOW_CONTROL_ERROR")
	})
	t.Run("of the connection", func(t *testing.T) {
		s := serveWith(t, ServerOptions{Settings: Settings{StreamWindow: 64 << 10, ConnWindow: 65535}}, wait)
		for id := uint32(1); id < 12; id += 2 {
			s.headers(id, false, post)
			s.ok(s.WriteData(id, false, piece))
		}
		s.expectEnd(FlowControlError)
	})
}

// TestWindowComesBackWithTheStream: what nobody read counts no more when its stream is closed.
func TestWindowComesBackWithTheStream(t *testing.T) {
	s := serveWith(t, ServerOptions{Settings: Settings{ConnWindow: 65535}}, func(task *loop.Task, s *Stream) {
		for s.bodyLeft < 40000 {
			_ = task.Sleep(time.Millisecond)
		}
	})
	for id := uint32(1); id < 9; id += 2 {
		s.headers(id, false, post)
		for range 4 {
			s.ok(s.WriteData(id, false, make([]byte, 10000)))
		}
		want := map[string]bool{fmt.Sprintf("RST_STREAM %d INTERNAL_ERROR", id): true, "WINDOW_UPDATE 0 40000": true}
		for range 2 {
			if got := s.next(); !want[got] {
				t.Error(got)
			}
		}
	}
}
