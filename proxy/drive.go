package proxy

import (
	"slices"
	"time"

	"spillway/evacuation"
	"spillway/internal/loop"
)

const (
	driveEvery = 100 * time.Millisecond
	guardEvery = time.Second
)

// driveEvacuations moves the shares until nothing is under way. It is a goroutine
// and no timer of a loop, since the guard asks all loops and waits for them.
func (s *Server) driveEvacuations() {
	tick := time.NewTicker(driveEvery)
	defer tick.Stop()
	watchers := map[*evacuation.Evacuation]*watcher{}
	for {
		select {
		case <-s.stopped:
			return
		case <-tick.C:
		}
		moving := s.evacuations.Drive()
		if moving == nil {
			return
		}
		for _, e := range moving {
			if watchers[e] == nil {
				watchers[e] = s.newWatcher(e)
			}
			s.drive(e, watchers[e])
		}
		for e := range watchers {
			if !slices.Contains(moving, e) {
				delete(watchers, e)
			}
		}
	}
}

// drive takes an evacuation one step further.
func (s *Server) drive(e *evacuation.Evacuation, w *watcher) {
	now := loop.Nanotime()
	reached, guarded := s.evacuations.Reached(e, now)
	// The last part of the ramp is judged before the target goes out of service.
	if now-w.looked >= int64(guardEvery) || reached != evacuation.UnderWay {
		why := w.look(s, e, now)
		if guarded && why != "" {
			s.callOff(e, why)
			return
		}
	}
	s.applyShares(&e.Scope, now)
	switch reached {
	case evacuation.Emptied:
		s.change(e, func() { s.empty(e, now) })
	case evacuation.Due:
		s.change(e, func() { s.putBack(e, now) })
	case evacuation.Whole:
		if !e.AwaitsTraffic(now) || s.settled(&e.Scope) {
			s.change(e, func() { s.end(e, now) })
		}
	}
}

// change runs f with the server's lock, unless the evacuation was replaced meanwhile.
func (s *Server) change(e *evacuation.Evacuation, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.evacuations.Current(e) {
		f()
	}
}

// empty takes the target out of service, for good or for the time of a drill.
func (s *Server) empty(e *evacuation.Evacuation, now int64) {
	s.setService(&e.Scope, false)
	s.evacuations.TakenOut(e, now)
	s.applyShares(&e.Scope, now)
	s.log.Info("taken out of service", "target", e.Target.String())
}

// putBack ends a drill's time: the target comes back by degrees.
func (s *Server) putBack(e *evacuation.Evacuation, now int64) {
	s.evacuations.ComeBack(e, now)
	s.setService(&e.Scope, true)
	s.log.Info("drill: put back into service", "target", e.Target.String())
}

// callOff aborts, on account of what the guard has seen. A ramp turns at once, also
// while a reload holds the server's lock.
func (s *Server) callOff(e *evacuation.Evacuation, why string) {
	now := loop.Nanotime()
	wasOut, ok := s.evacuations.CallOff(e, now, why)
	if !ok {
		return
	}
	s.log.Error("evacuation aborted: everything goes back", "target", e.Target.String(), "reason", why)
	if wasOut {
		s.change(e, func() { s.setService(&e.Scope, true) })
	}
	s.applyShares(&e.Scope, now)
}

// end is for an evacuation whose traffic is home again.
func (s *Server) end(e *evacuation.Evacuation, now int64) {
	s.evacuations.End(e, now)
	s.applyShares(&e.Scope, now)
	s.log.Info("all of the traffic is back", "target", e.Target.String())
}

// settled tells whether all regions of a scope keep all that they would get.
func (s *Server) settled(of *evacuation.Scope) bool {
	for name, p := range s.snapshot.Load().pools {
		if of.Backend == "" && of.Touches(name) && !of.Settled(p.inspect().Regions) {
			return false
		}
	}
	return true
}
