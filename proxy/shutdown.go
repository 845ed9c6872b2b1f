package proxy

import (
	"context"
	"sync"
	"time"

	"spillway/internal/loop"
)

// Drain ends the server without failing a request, as the configuration's
// shutdown says: not ready at once; listeners close after the delay; then running
// exchanges have until the drain timeout. It returns when all is done, the time
// is over, or ctx ends.
func (s *Server) Drain(ctx context.Context) {
	settings := s.snapshot.Load().config.Shutdown
	s.ready.Store(false)
	sleep(ctx, settings.Delay)
	s.draining.Store(true)
	s.closeListeners()
	patience := min(settings.DrainTimeout/2, idleDrain)
	began := time.Now()
	for ctx.Err() == nil && time.Since(began) < settings.DrainTimeout {
		if s.clients() == 0 {
			return
		}
		s.group.Each(time.Second, func(l *loop.Loop) {
			s.workers[l.Index()].closeIdleClients(int64(patience), nil)
		})
		sleep(ctx, drainPoll)
	}
}

const (
	// idleDrain is how long an idle connection stays open in a drain: a request may be
	// on its way, and its answer says that the connection ends.
	idleDrain = 5 * time.Second
	drainPoll = 50 * time.Millisecond
)

func (s *Server) closeListeners() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var closed sync.WaitGroup
	for _, ln := range s.listeners {
		closed.Add(1)
		ln.socket.Close(closed.Done)
	}
	s.listeners = map[string]*listener{}
	closed.Wait()
}

// clients is how many connections are open.
func (s *Server) clients() (n int) {
	for _, w := range s.workers {
		n += w.loop.Connections()
	}
	return n
}

// closeIdleClients closes the connections that have been idle for at least age
// nanoseconds, those of one listener if only is given.
func (w *worker) closeIdleClients(age int64, only *listener) {
	for c := w.clients.head; c != nil; {
		next := c.next
		switch {
		case only != nil && c.listener != only:
		case c.h2 != nil:
			c.h2.Shutdown() // which keeps what runs, and what is on its way
		case c.idleSince != 0 && w.loop.Now()-c.idleSince >= age:
			c.close()
		}
		c = next
	}
}

// Stop ends everything at once and returns when it has ended.
func (s *Server) Stop() {
	s.ready.Store(false)
	s.stopOnce.Do(func() { close(s.stopped) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.pools {
		delete(s.pools, name)
		p.close()
	}
	s.group.Stop()
	if s.accessLog != nil {
		_ = s.accessLog.Close()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
