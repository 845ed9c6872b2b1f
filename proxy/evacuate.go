package proxy

import (
	"fmt"
	"time"

	"spillway/evacuation"
	"spillway/internal/loop"
)

// Evacuate takes a target out of service: it gets no new requests, and those that
// run go on to their end. It holds over reloads, also for an address that goes and
// comes back, until [Server.Readmit]; a backend that was taken out by itself stays
// so when its region is put back.
//
// With Over the traffic leaves by degrees from now on, and Evacuate does not wait for
// that. A guard watches where it goes: when errors or latency rise there, or
// requests are refused, all of it comes back. A second order for the same target
// goes on from where the first one is.
//
// An unknown name is an [*UnknownNameError], and too little room elsewhere a
// [*evacuation.NoRoomError] unless the order is forced.
func (s *Server) Evacuate(o evacuation.Order) (*evacuation.Forecast, error) {
	f, err := s.Forecast(o.Target)
	if err != nil {
		return nil, err
	}
	if err := o.Permits(f); err != nil {
		return nil, err
	}
	var g *evacuation.Guard
	if o.Over > 0 && !o.NoGuard {
		g = s.newGuard(o.Target)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of, err := s.resolve(o.Target, false)
	if err != nil {
		return nil, err
	}
	now := loop.Nanotime()
	share := s.replace(o.Target, now)
	if o.Over <= 0 || s.drains.Has(&of) && share == 0 {
		s.setService(&of, false)
		s.applyShares(&of, now)
		s.log.Info("taken out of service", "target", o.Target.String())
		return f, nil
	}
	s.begin(evacuation.New(of, share, now, o.Over, g))
	s.log.Info("evacuation begins", "target", o.Target.String(), "over", o.Over, "guarded", g != nil)
	return f, nil
}

// Readmit puts a target back into service, by degrees where the order says so. An
// unknown name is an [*UnknownNameError].
func (s *Server) Readmit(o evacuation.Order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, err := s.resolve(o.Target, true)
	if err != nil {
		return err
	}
	now := loop.Nanotime()
	share := s.replace(o.Target, now)
	if e := evacuation.NewReturn(of, share, now, o.Over); e != nil {
		s.begin(e)
	} else {
		s.applyShares(&of, now)
	}
	s.setService(&of, true)
	s.log.Info("put back into service", "target", o.Target.String(), "over", o.Over)
	return nil
}

// Drill evacuates a target over a time, keeps it out for another, and puts it back,
// whatever becomes of whoever asked; see [Server.DrillReport]. It is guarded as an
// evacuation is. A target that is out already, or a second drill, is an
// [*evacuation.ConflictError].
func (s *Server) Drill(o evacuation.Order, holds time.Duration) (*evacuation.DrillReport, error) {
	f, err := s.Forecast(o.Target)
	if err != nil {
		return nil, err
	}
	if err := o.Permits(f); err != nil {
		return nil, err
	}
	g := s.newGuard(o.Target)
	s.mu.Lock()
	defer s.mu.Unlock()
	of, err := s.resolve(o.Target, false)
	if err != nil {
		return nil, err
	}
	now := loop.Nanotime()
	if s.drains.Has(&of) {
		return nil, &evacuation.ConflictError{Why: fmt.Sprintf("%s is out of service already", o.Target)}
	}
	d := evacuation.NewDrill(&o, holds, loop.WallTime(now).UTC().Truncate(time.Millisecond), g)
	report, err := s.evacuations.BeginDrill(d)
	if err != nil {
		return nil, err
	}
	share := s.replace(o.Target, now)
	s.begin(d.Evacuation(of, share, now))
	s.log.Info("drill begins", "target", o.Target.String(), "for", holds, "over", o.Over, "guarded", !o.NoGuard)
	return report, nil
}

// DrillReport tells of the last drill, also while it runs; nil: there was none.
func (s *Server) DrillReport() *evacuation.DrillReport { return s.evacuations.DrillReport() }

// replace ends what is under way for a target and tells what the target keeps of
// its traffic now. The caller holds mu.
func (s *Server) replace(t evacuation.Target, now int64) (share float64) {
	share = 1
	if of, err := s.resolve(t, true); err == nil && s.drains.Has(&of) {
		share = 0
	}
	return s.evacuations.Replace(t, share, now)
}

// begin has an evacuation driven. The caller holds mu.
func (s *Server) begin(e *evacuation.Evacuation) {
	drive := s.evacuations.Begin(e)
	s.applyShares(&e.Scope, loop.Nanotime())
	if drive {
		go s.driveEvacuations()
	}
}

// applyShares brings what a scope covers in line with the evacuations. It takes no
// lock that a reload may hold for long.
func (s *Server) applyShares(of *evacuation.Scope, now int64) {
	for name, p := range s.snapshot.Load().pools {
		if !of.Touches(name) {
			continue
		}
		p.mu.Lock()
		if of.Backend != "" {
			p.reweighLocked(now)
		} else {
			p.limitLocked(of.Region, now)
		}
		p.mu.Unlock()
	}
}

// limitLocked has a region keep the share of the traffic that evacuations leave it.
func (p *poolState) limitLocked(region string, now int64) {
	if view := p.view.Load(); view != nil {
		view.Limit(region, p.server.evacuations.RegionShare(p.name, region, now))
	}
}
