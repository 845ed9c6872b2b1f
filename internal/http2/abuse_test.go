package http2

import (
	"testing"

	"golang.org/x/net/http2"

	"spillway/internal/loop"
)

// floods are acts that are repeated until the connection ends.
var floods = map[Abuse]func(s *served, i int) error{
	RapidReset: func(s *served, i int) error {
		id := uint32(2*i + 1)
		if err := s.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: s.fields(get), EndStream: true, EndHeaders: true}); err != nil {
			return err
		}
		return s.WriteRSTStream(id, http2.ErrCodeCancel)
	},
	Overload: func(s *served, i int) error {
		return s.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: s.fields(post), EndHeaders: true})
	},
	ContinuationFlood: func(s *served, i int) error {
		if i == 0 {
			return s.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: s.fields(get)})
		}
		return s.WriteContinuation(1, false, nil)
	},
	SettingsFlood: func(s *served, i int) error { return s.WriteSettings() },
	PingFlood:     func(s *served, i int) error { return s.WritePing(false, [8]byte{}) },
	PriorityFlood: func(s *served, i int) error { return s.WritePriority(1, http2.PriorityParam{StreamDep: 3}) },
	UnknownFlood:  func(s *served, i int) error { return s.WriteRawFrame(0x77, 0, 0, nil) },
	WindowFlood:   func(s *served, i int) error { return s.WriteWindowUpdate(0, 1) },
	EmptyFlood:    func(s *served, i int) error { return dataFor(s, i, nil) },
	TinyFlood:     func(s *served, i int) error { return dataFor(s, i, []byte{'x'}) },
}

func dataFor(s *served, i int, p []byte) error {
	if i == 0 {
		if err := s.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: s.fields(post), EndHeaders: true}); err != nil {
			return err
		}
	}
	return s.WriteData(1, false, p)
}

func TestFloods(t *testing.T) {
	if len(floods) != int(AbuseKinds) {
		t.Error("some kind of abuse is not tested")
	}
	for kind, act := range floods {
		t.Run(kind.String(), func(t *testing.T) {
			s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
				if text, err := readAll(task, s); err == nil && text == "" {
					t.Error("nothing was read")
				}
				if kind == Overload {
					_ = task.Park(0)
				}
			})
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				// Twice what any budget is, and more than the time of the test gives.
				for i := range 200_000 {
					if act(s, i) != nil {
						return
					}
				}
			}()
			s.expectEndOrReset(EnhanceYourCalm)
			s.conn.Close()
			<-sent
			eventually(t, s.loop, "the connection is closed", func() bool { return s.end.closed == 1 })
			onLoop(t, s.loop, func() {
				for each, n := range s.worker.Stats().Abuse {
					if (Abuse(each) == kind) != (n == 1) {
						t.Errorf("%s was counted %d times", Abuse(each), n)
					}
				}
			})
		})
	}
}

// expectEndOrReset is for a peer that goes on sending: after a while the rest of
// what it sends is answered with a reset.
func (p *peer) expectEndOrReset(code ErrCode) {
	p.t.Helper()
	for range 1_000_000 {
		f, err := p.ReadFrame()
		if err != nil {
			p.t.Fatalf("no GOAWAY: %v", err)
		}
		if g, ok := f.(*http2.GoAwayFrame); ok {
			if ErrCode(g.ErrCode) != code {
				p.t.Errorf("GOAWAY %s", ErrCode(g.ErrCode))
			}
			return
		}
	}
	p.t.Fatal("no GOAWAY")
}

// TestStreamThatIsTakenBackAtOnce never reaches the handler.
func TestStreamThatIsTakenBackAtOnce(t *testing.T) {
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) { t.Error("the handler saw it") })
	var batch []byte
	block := s.fields(get)
	head := make([]byte, frameHeaderLen)
	for id := uint32(1); id < 100; id += 2 {
		frameHeader{length: len(block), kind: headersFrame, flags: flagEndHeaders | flagEndStream, stream: id}.put(head)
		batch = append(append(batch, head...), block...)
		frameHeader{length: 4, kind: resetFrame, stream: id}.put(head)
		batch = append(append(batch, head...), 0, 0, 0, 8)
	}
	if _, err := s.conn.Write(batch); err != nil {
		t.Fatal(err)
	}
	eventually(t, s.loop, "all are counted", func() bool { return s.worker.stats.Cancelled == 50 })
	onLoop(t, s.loop, func() {
		if n := s.server.Streams(); n != 0 {
			t.Errorf("%d streams are left", n)
		}
	})
}

// TestStreamCountsUntilItsWorkEnds: a client can not have more work under way by resetting streams.
func TestStreamCountsUntilItsWorkEnds(t *testing.T) {
	release := make(chan struct{})
	s := serveWith(t, ServerOptions{MaxStreams: 2}, func(task *loop.Task, s *Stream) { task.Await(func() { <-release }) })
	for _, id := range []uint32{1, 3} {
		s.headers(id, true, get)
		eventually(t, s.loop, "the stream is handed over", func() bool { return int(s.worker.stats.ServerStreams) == int(id+1)/2 })
		s.ok(s.WriteRSTStream(id, http2.ErrCodeCancel))
	}
	s.headers(5, true, get)
	s.expect("RST_STREAM 5 REFUSED_STREAM")
	close(release)
	eventually(t, s.loop, "the work has ended", func() bool { return s.server.Streams() == 0 })
	s.headers(7, true, get)
	s.expect("RST_STREAM 7 INTERNAL_ERROR")
}

// TestHonestWorkIsNoAbuse: streams that are answered pay for those that are reset.
func TestHonestWorkIsNoAbuse(t *testing.T) {
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		if _, err := readAll(task, s); err == nil {
			_, _ = s.Write(task, []byte("HTTP/1.1 204 \r\n\r\n"))
		}
	})
	for i := range uint32(2000) {
		s.headers(4*i+1, true, get)
		if got := s.next(); got[:7] != "HEADERS" {
			t.Fatal(got)
		}
		s.headers(4*i+3, false, post)
		s.ok(s.WriteRSTStream(4*i+3, http2.ErrCodeCancel))
		if i%50 == 49 {
			s.drainUntilPing()
		}
	}
}

// drainUntilPing passes over whatever was sent up to now.
func (p *peer) drainUntilPing() {
	p.t.Helper()
	p.ok(p.WritePing(false, [8]byte{1}))
	for {
		switch got := p.next(); {
		case got == `PING ACK "\x01\x00\x00\x00\x00\x00\x00\x00"`:
			return
		case got == "EOF":
			p.t.Fatal(got)
		}
	}
}

func TestBudgetsComeBackWithTime(t *testing.T) {
	var s spending
	s.since = 5
	for range budgets[SettingsFlood].burst {
		if !s.spend(SettingsFlood, 5) {
			t.Fatal("too early")
		}
	}
	if s.spend(SettingsFlood, 5) {
		t.Error("no end of it")
	}
	if !s.spend(SettingsFlood, 5+1e9) {
		t.Error("a second gives nothing back")
	}
	for range 100 {
		s.spend(SettingsFlood, 5+2e9)
	}
	if s.spend(SettingsFlood, 5+3e9) {
		t.Error("a second gives everything back")
	}
	s.earn(SettingsFlood, 1000)
	if !s.spend(SettingsFlood, 5+3e9) {
		t.Error("work gives nothing back")
	}
}
