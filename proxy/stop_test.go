package proxy

import (
	"errors"
	"testing"
	"time"

	"spillway/internal/loop"
)

// A lateTask does something once its loop has begun to end.
type lateTask struct {
	ready chan struct{}
	do    func(t *loop.Task)
}

func (l *lateTask) Run(t *loop.Task) {
	close(l.ready)
	for !errors.Is(t.Park(0), loop.ErrStopped) {
	}
	l.do(t)
}

// A closedStream is a connection that its loop has closed.
type closedStream struct{ loop.Stream }

func (closedStream) SetReadDeadline(int64)         {}
func (closedStream) WaitReadable(*loop.Task) error { return loop.ErrClosed }
func (closedStream) Watch(*loop.Task)              {}
func (closedStream) Close()                        {}

// What is begun too late does not run, and must not be waited for either: the
// process would never end.
func TestNothingWaitsForWhatAnEndingLoopDoesNotRun(t *testing.T) {
	for name, do := range map[string]func(x *exchange){
		"upload": func(x *exchange) {
			x.body.start()
			x.stopUpload()
		},
		"rival": func(x *exchange) {
			x.rival.watch(x)
			x.stopRival()
		},
		"tunnel": func(x *exchange) {
			x.client = &client{worker: x.worker, conn: closedStream{}}
			x.conn = &backendConn{conn: closedStream{}}
			_ = x.relay(0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, twoRegions, 1)
			w := s.workers[0]
			late := &lateTask{ready: make(chan struct{}), do: func(t *loop.Task) {
				x := newExchange(w)
				x.task = t
				do(x)
			}}
			w.loop.Post(func() { w.loop.Start(late) })
			<-late.ready
			ended := make(chan struct{})
			go func() {
				s.Stop()
				close(ended)
			}()
			select {
			case <-ended:
			case <-time.After(20 * time.Second):
				t.Fatal("the server does not stop")
			}
		})
	}
}

// The order may change at the moment of the end.
func TestRegionsAreReorderedAfterTheEnd(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	s.Stop()
	s.followOrder()
}

// A reload that comes while the server drains must not open listeners again.
func TestNoReloadWhileTheServerDrains(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	c := parseConfig(t, twoRegions)
	if err := s.Reload(c); err != nil {
		t.Fatal(err)
	}
	s.Drain(t.Context())
	if err := s.Reload(c); err != errDraining {
		t.Errorf("the reload gives %v", err)
	}
	if n := len(s.listeners); n != 0 {
		t.Errorf("%d listeners are open", n)
	}
}
