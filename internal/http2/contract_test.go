package http2

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"spillway/internal/loop"
)

// soon is a deadline that passes within the test.
func soon(l *loop.Loop) int64 { return l.Now() + int64(30*time.Millisecond) }

func TestReadDeadline(t *testing.T) {
	done := make(chan struct{})
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		defer close(done)
		p := make([]byte, 1000)
		_, _ = s.Read(task, p)
		s.SetReadDeadline(soon(s.Loop()))
		if _, err := s.Read(task, p); err != loop.ErrTimeout {
			t.Errorf("read: %v", err)
		}
		if err := s.WaitReadable(task); err != loop.ErrTimeout {
			t.Errorf("wait: %v", err)
		}
		// A deadline can be moved while a task waits.
		s.SetReadDeadline(0)
		s.Loop().Start(runner(func(other *loop.Task) {
			_ = other.Sleep(time.Millisecond)
			s.SetReadDeadline(soon(s.Loop()))
		}))
		if _, err := s.Read(task, p); err != loop.ErrTimeout {
			t.Errorf("read: %v", err)
		}
	})
	s.headers(1, false, post)
	await(t, "the end of the handler", done)
}

func TestCloseWakesThoseThatWait(t *testing.T) {
	errs := make(chan error, 3)
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		p := make([]byte, 1000)
		_, _ = s.Read(task, p)
		s.Loop().Start(runner(func(reader *loop.Task) {
			_, err := s.Read(reader, p)
			errs <- err
		}))
		s.Loop().Start(runner(func(writer *loop.Task) {
			_, _ = s.Write(writer, []byte("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"))
			_, err := s.Write(writer, make([]byte, 1000000))
			errs <- err
		}))
		for s.reader == nil || s.writer == nil {
			_ = task.Sleep(time.Millisecond)
		}
		s.Close()
		_, err := s.Read(task, p)
		errs <- err
		s.Close()
		s.Reset()
		s.Watch(nil)
		s.SetReadDeadline(1)
		s.SetWriteDeadline(1)
		if err := s.CloseWrite(task); err != loop.ErrClosed {
			t.Errorf("CloseWrite: %v", err)
		}
		if s.HungUp() || s.Busy() || s.Quiet() || s.Idle(nil) {
			t.Error("a closed stream says it lives")
		}
	})
	s.headers(1, false, post)
	for range 3 {
		if err := <-errs; err != loop.ErrClosed {
			t.Errorf("%v", err)
		}
	}
}

func TestEndOfAnswersThatAreNotWhole(t *testing.T) {
	for _, c := range []struct {
		name    string
		end     func(*Stream)
		answer  string
		request bool // is whole
		want    []string
	}{
		{"Close", (*Stream).Close, "12", true, []string{"DATA 1 12", "RST_STREAM 1 INTERNAL_ERROR"}},
		{"Reset", (*Stream).Reset, "12", true, []string{"DATA 1 12", "RST_STREAM 1 INTERNAL_ERROR"}},
		{"Cancel", (*Stream).Cancel, "12", true, []string{"DATA 1 12", "RST_STREAM 1 CANCEL"}},
		{"Cancel of a whole answer", (*Stream).Cancel, "12345", true, []string{"DATA 1 END_STREAM 12345"}},
		{"Cancel of a whole answer to half a request", (*Stream).Cancel, "12345", false,
			[]string{"DATA 1 END_STREAM 12345", "RST_STREAM 1 NO_ERROR"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
				_, _ = s.Write(task, []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
				_, _ = s.Write(task, []byte(c.answer))
				c.end(s)
			})
			s.headers(1, c.request, post)
			s.expect(append([]string{"HEADERS 1 :status=200 content-length=5"}, c.want...)...)
			s.ok(s.WritePing(false, [8]byte{1}))
			s.expect(`PING ACK "\x01\x00\x00\x00\x00\x00\x00\x00"`)
		})
	}
}

// TestWatcherIsInterrupted wherever it waits.
func TestWatcherIsInterrupted(t *testing.T) {
	for name, wait := range map[string]func(task *loop.Task, s *Stream) error{
		"in Park":  func(task *loop.Task, s *Stream) error { return task.Park(0) },
		"in Sleep": func(task *loop.Task, s *Stream) error { return task.Sleep(patience) },
		"in Write": func(task *loop.Task, s *Stream) error {
			_, _ = s.Write(task, []byte("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"))
			_, err := s.Write(task, make([]byte, 1000000))
			return err
		},
		"when it had happened before": func(task *loop.Task, s *Stream) error {
			s.Watch(nil)
			for !s.HungUp() {
				_ = task.Sleep(time.Millisecond)
			}
			s.Watch(task)
			return task.Park(0)
		},
	} {
		for _, lost := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				ended := make(chan error, 1)
				var stream *Stream
				s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
					s.Watch(task)
					stream = s
					ended <- wait(task, s)
				})
				s.headers(1, false, post)
				eventually(t, s.loop, "the task waits", func() bool { return stream != nil })
				if lost {
					s.conn.Close()
				} else {
					s.ok(s.WriteRSTStream(1, http2.ErrCodeCancel))
				}
				if err := <-ended; err != loop.ErrHangup && !errors.Is(err, ErrReset) && !errors.Is(err, ErrConnection) {
					t.Errorf("the wait ended with %v", err)
				}
			})
		}
	}
}

func TestResetByTheClientEndsReadsAndWrites(t *testing.T) {
	errs := make(chan error, 3)
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		for !s.HungUp() {
			_ = task.Sleep(time.Millisecond)
		}
		_, err := s.Read(task, make([]byte, 10))
		errs <- err
		_, err = s.Write(task, []byte("HTTP/1.1 204 \r\n\r\n"))
		errs <- err
		_, err = s.WriteBuffers(task, [][]byte{[]byte("HTTP/1.1 204 \r\n"), []byte("\r\n")})
		errs <- err
	})
	s.headers(1, false, post)
	eventually(t, s.loop, "the handler has it", func() bool { return s.worker.stats.ServerStreams == 1 })
	s.ok(s.WriteRSTStream(1, http2.ErrCodeInternal))
	for range 3 {
		err := <-errs
		var reset *ResetError
		if !errors.As(err, &reset) || reset.Code != InternalError || !reset.ByPeer {
			t.Errorf("%v", err)
		}
	}
}

// TestPanicsOfHandlers end what they concern, and the connection where nothing else is safe.
func TestPanicsOfHandlers(t *testing.T) {
	g, err := loop.NewGroup(loop.Options{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	l := g.Loops()[0]
	c, conn := connected(t, l)
	p := newPeer(t, conn)
	h := panicking{}
	onLoop(t, l, func() { NewWorker(l).Serve(c, []byte(preface), ServerOptions{}, h) })
	p.ok(p.WriteSettings())
	p.expect("SETTINGS", "WINDOW_UPDATE 0 983041", "SETTINGS ACK")
	p.headers(1, true, get)
	for got := ""; got != "EOF"; got = p.next() {
		if len(got) > 7 && got[:7] == "HEADERS" {
			t.Error(got)
		}
	}
	eventually(t, l, "the panic is reported", func() bool { return g.Panics() == 1 })
}

type panicking struct{}

func (panicking) Stream(*Stream)     { panic("a fault of the handler") }
func (panicking) Closed(*ServerConn) {}

func TestTableSizeOfThePeer(t *testing.T) {
	s := serveWith(t, ServerOptions{}, answering(0), http2.Setting{ID: http2.SettingHeaderTableSize, Val: 100})
	s.decoder.SetAllowedMaxDynamicTableSize(100)
	for id := uint32(1); id < 20; id += 2 {
		s.headers(id, true, get)
		s.expect(fmt.Sprintf("HEADERS %d END_STREAM :status=200 content-length=0", id))
		if id == 11 {
			s.ok(s.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 1 << 20}))
			s.expect("SETTINGS ACK")
			s.decoder.SetAllowedMaxDynamicTableSize(1 << 20)
		}
	}
}
