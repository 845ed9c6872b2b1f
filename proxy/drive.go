package proxy

import (
	"time"

	"spillway/internal/loop"
)

const (
	driveEvery = 100 * time.Millisecond
	guardEvery = time.Second
	// settlePatience is how long a drill waits for the last of its traffic to come home.
	settlePatience = time.Minute
)

// driveEvacuations moves the shares until nothing is under way. It is a goroutine
// and no timer of a loop, since the guard asks all loops and waits for them.
func (s *Server) driveEvacuations() {
	tick := time.NewTicker(driveEvery)
	defer tick.Stop()
	watchers := map[*evacuation]*watcher{}
	for {
		select {
		case <-s.stopped:
			return
		case <-tick.C:
		}
		moving := s.underWay()
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
			if !contains(moving, e) {
				delete(watchers, e)
			}
		}
	}
}

func contains(list []*evacuation, e *evacuation) bool {
	for _, each := range list {
		if each == e {
			return true
		}
	}
	return false
}

// underWay lists what has to be driven; nil: nothing, and whoever drives may go.
func (s *Server) underWay() (list []*evacuation) {
	v := &s.evacuations
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.list {
		if e.state != EvacuationAborted {
			list = append(list, e)
		}
	}
	v.driven = list != nil
	return list
}

// drive takes an evacuation one step further.
func (s *Server) drive(e *evacuation, w *watcher) {
	now := loop.Nanotime()
	v := &s.evacuations
	v.mu.Lock()
	step, guarded := e.reached(now), e.guarded()
	v.mu.Unlock()
	// The last part of the ramp is judged before the target goes out of service.
	if now-w.looked >= int64(guardEvery) || step != underWay {
		why := w.look(s, e, now)
		if guarded && why != "" {
			s.callOff(e, why)
			return
		}
	}
	s.applyShares(&e.scope, now)
	switch step {
	case emptied:
		s.change(e, func() { s.empty(e, now) })
	case due:
		s.change(e, func() { s.putBack(e, now) })
	case whole:
		if e.drill == nil || s.settled(&e.scope) || now-e.ramp.began-e.ramp.lasts > int64(settlePatience) {
			s.change(e, func() { s.end(e, now) })
		}
	}
}

// change runs f with the server's lock, unless the evacuation was replaced meanwhile.
func (s *Server) change(e *evacuation, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evacuations.mu.Lock()
	current := s.evacuations.find(e.Target) == e
	s.evacuations.mu.Unlock()
	if current {
		f()
	}
}

// locked changes what others read of evacuations.
func (v *evacuations) locked(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f()
}

// empty takes the target out of service, for good or for the time of a drill.
func (s *Server) empty(e *evacuation, now int64) {
	s.setService(&e.scope, false)
	s.evacuations.locked(func() {
		if e.drill != nil {
			e.hold(now)
			e.drill.report.State = DrillOut
			s.evacuations.publishDrill(e)
		} else {
			s.evacuations.drop(e)
		}
	})
	s.applyShares(&e.scope, now)
	s.log.Info("taken out of service", "target", e.Target.String())
}

// putBack ends a drill's time: the target comes back by degrees.
func (s *Server) putBack(e *evacuation, now int64) {
	s.evacuations.locked(func() {
		e.returnWithin(now, e.drill.lasts)
		e.noteReturn(&s.evacuations, now)
	})
	s.setService(&e.scope, true)
	s.log.Info("drill: put back into service", "target", e.Target.String())
}

func (e *evacuation) noteReturn(v *evacuations, now int64) {
	if d := e.drill; d != nil && d.returned == 0 {
		d.returned = now
		d.report.State = DrillReturning
		v.publishDrill(e)
	}
}

// callOff aborts, on account of what the guard has seen. A ramp turns at once, also
// while a reload holds the server's lock.
func (s *Server) callOff(e *evacuation, why string) {
	now := loop.Nanotime()
	wasOut, replaced := false, false
	s.evacuations.locked(func() {
		if replaced = s.evacuations.find(e.Target) != e; replaced {
			return
		}
		wasOut = e.abort(now, why)
		if e.drill != nil {
			e.drill.report.Aborted = why
		}
		e.noteReturn(&s.evacuations, now)
	})
	if replaced {
		return
	}
	s.log.Error("evacuation aborted: everything goes back", "target", e.Target.String(), "reason", why)
	if wasOut {
		s.change(e, func() { s.setService(&e.scope, true) })
	}
	s.applyShares(&e.scope, now)
}

// end is for an evacuation whose traffic is home again. One that was aborted stays
// to be told of, until the next order.
func (s *Server) end(e *evacuation, now int64) {
	s.evacuations.locked(func() {
		if d := e.drill; d != nil {
			d.report.HomeAfter = time.Duration(now - d.returned).Seconds()
			state := DrillDone
			if e.aborted != "" {
				state = DrillAborted
			}
			s.evacuations.endDrill(e, state)
		}
		if e.aborted != "" && e.drill == nil {
			e.state = EvacuationAborted
		} else {
			s.evacuations.drop(e)
		}
	})
	s.applyShares(&e.scope, now)
	s.log.Info("all of the traffic is back", "target", e.Target.String())
}

// settled tells whether all regions of a scope keep all that they would get.
func (s *Server) settled(of *scope) bool {
	for name, p := range s.snapshot.Load().pools {
		if of.Backend != "" || !of.touches(name) {
			continue
		}
		for _, r := range p.inspect().Regions {
			if r.Name == of.Region && r.Share < 1 && len(r.Backends) > 0 && r.State != "closed" && r.State != "drained" {
				return false
			}
		}
	}
	return true
}
