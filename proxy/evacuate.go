package proxy

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"spillway/balancer"
	"spillway/internal/loop"
)

// evacuations are those under way. The zero value is ready. Orders come and go under
// the server's lock, too; mu may be taken under any other.
type evacuations struct {
	mu     sync.Mutex
	list   []*evacuation
	driven bool         // somebody drives them
	drill  *DrillReport // the last
}

// find is the evacuation of a target; nil: there is none. The caller holds mu.
func (v *evacuations) find(t Target) *evacuation {
	for _, e := range v.list {
		if e.Target == t {
			return e
		}
	}
	return nil
}

// drop forgets an evacuation. The caller holds mu.
func (v *evacuations) drop(e *evacuation) {
	v.list = slices.DeleteFunc(v.list, func(other *evacuation) bool { return other == e })
}

// regionShare is what a region keeps of a pool's traffic.
func (v *evacuations) regionShare(pool, region string, now int64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	share := 1.0
	for _, e := range v.list {
		if e.Backend == "" && e.touches(pool) && e.Region == region {
			share = min(share, e.share(now))
		}
	}
	return share
}

// leaving tells whether a region is on its way out of a pool on account of another
// target than this.
func (v *evacuations) leaving(pool, region string, but Target) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.list, func(e *evacuation) bool {
		return e.Target != but && e.Backend == "" && e.touches(pool) && e.Region == region &&
			(e.state == EvacuationDraining || e.state == EvacuationOut)
	})
}

// limit has a view begin with the shares that its regions keep.
func (v *evacuations) limit(pool string, view *balancer.View, now int64) {
	v.mu.Lock()
	var regions []string
	for _, e := range v.list {
		if e.Backend == "" && e.touches(pool) {
			regions = append(regions, e.Region)
		}
	}
	v.mu.Unlock()
	for _, region := range regions {
		view.Limit(region, v.regionShare(pool, region, now))
	}
}

// backendShare is what a backend keeps of its weight.
func (v *evacuations) backendShare(pool, address string, now int64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	share := 1.0
	for _, e := range v.list {
		if e.Backend != "" && e.covers(pool, address, "") {
			share = min(share, e.share(now))
		}
	}
	return share
}

// An Order says how something is taken out of service or put back.
type Order struct {
	Target
	Over    time.Duration // 0: at once
	Force   bool          // also when the rest has no room
	NoGuard bool          // also when the destinations suffer
}

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
// [*NoRoomError] unless the order is forced.
func (s *Server) Evacuate(o Order) (*Forecast, error) {
	f, err := s.Forecast(o.Target)
	if err != nil {
		return nil, err
	}
	if !f.Fits && !o.Force {
		return nil, &NoRoomError{f}
	}
	var g *guard
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
	if o.Over <= 0 || s.isOut(&of) && share == 0 {
		s.setService(&of, false)
		s.applyShares(&of, now)
		s.log.Info("taken out of service", "target", o.Target.String())
		return f, nil
	}
	s.begin(&evacuation{scope: of, state: EvacuationDraining, began: now, guard: g,
		ramp: ramp{from: share, to: 0, began: now, lasts: int64(o.Over)}})
	s.log.Info("evacuation begins", "target", o.Target.String(), "over", o.Over, "guarded", g != nil)
	return f, nil
}

// comeHomeWithin is how long all of a region's traffic takes to come back to it
// where an order does not say so.
const comeHomeWithin = 2500 * time.Millisecond

// Readmit puts a target back into service, by degrees where the order says so. An
// unknown name is an [*UnknownNameError].
func (s *Server) Readmit(o Order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, err := s.resolve(o.Target, true)
	if err != nil {
		return err
	}
	now := loop.Nanotime()
	share := s.replace(o.Target, now)
	lasts := int64(o.Over)
	if lasts <= 0 && share > 0 {
		lasts = int64((1 - share) * float64(comeHomeWithin)) // it was never closed, so it has no ramp of its own
	}
	if share < 1 && lasts > 0 {
		s.begin(&evacuation{scope: of, state: EvacuationReturning, began: now, ramp: ramp{from: share, to: 1, began: now, lasts: lasts}})
	} else {
		s.applyShares(&of, now)
	}
	s.setService(&of, true)
	s.log.Info("put back into service", "target", o.Target.String(), "over", o.Over)
	return nil
}

// replace ends what is under way for a target and tells what the target keeps of
// its traffic now. The caller holds mu.
func (s *Server) replace(t Target, now int64) (share float64) {
	share = 1
	if of, err := s.resolve(t, true); err == nil && s.isOut(&of) {
		share = 0
	}
	v := &s.evacuations
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.find(t)
	if e == nil {
		return share
	}
	share = min(share, e.share(now))
	if e.drill != nil && !e.drill.report.Ended {
		v.endDrill(e, DrillReplaced)
	}
	v.drop(e)
	return share
}

// isOut tells whether an operator has taken out just this. The caller holds mu.
func (s *Server) isOut(of *scope) bool {
	if of.Backend == "" {
		return s.drains.hasRegion(of.Pool, of.Region)
	}
	return !slices.ContainsFunc(of.addresses, func(each string) bool { return !s.drains.hasBackend(of.Pool, each) })
}

// begin has an evacuation driven. The caller holds mu.
func (s *Server) begin(e *evacuation) {
	v := &s.evacuations
	v.mu.Lock()
	v.list = append(v.list, e)
	start := !v.driven
	v.driven = true
	v.mu.Unlock()
	s.applyShares(&e.scope, loop.Nanotime())
	if start {
		go s.driveEvacuations()
	}
}

// applyShares brings what a scope covers in line with the evacuations. It takes no
// lock that a reload may hold for long.
func (s *Server) applyShares(of *scope, now int64) {
	for name, p := range s.snapshot.Load().pools {
		if !of.touches(name) {
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
		view.Limit(region, p.server.evacuations.regionShare(p.name, region, now))
	}
}

// errDrilling says that there is a drill already.
var errDrilling = errors.New("a drill is under way; GET /api/drill tells of it")

// A ConflictError says why an order can not be carried out now.
type ConflictError struct{ why error }

// Error says why.
func (e *ConflictError) Error() string { return e.why.Error() }

// Drill evacuates a target over a time, keeps it out for another, and puts it back,
// whatever becomes of whoever asked; see [Server.DrillReport]. It is guarded as an
// evacuation is. A target that is out already, or a second drill, is a [*ConflictError].
func (s *Server) Drill(o Order, holds time.Duration) (*DrillReport, error) {
	f, err := s.Forecast(o.Target)
	if err != nil {
		return nil, err
	}
	if !f.Fits && !o.Force {
		return nil, &NoRoomError{f}
	}
	g := s.newGuard(o.Target)
	s.mu.Lock()
	defer s.mu.Unlock()
	of, err := s.resolve(o.Target, false)
	if err != nil {
		return nil, err
	}
	now := loop.Nanotime()
	if s.isOut(&of) {
		return nil, &ConflictError{fmt.Errorf("%s is out of service already", o.Target)}
	}
	d := &drill{holds: int64(holds), lasts: int64(o.Over)}
	d.report = DrillReport{Target: o.Target, State: DrillDraining, StartedAt: loop.WallTime(now).UTC().Truncate(time.Millisecond),
		Seconds: holds.Seconds(), Ramp: o.Over.Seconds()}
	for _, w := range g.pools {
		d.before.add(&w.before)
	}
	if o.NoGuard {
		g.off = true
	}
	v := &s.evacuations
	v.mu.Lock()
	if v.drill != nil && !v.drill.Ended {
		v.mu.Unlock()
		return nil, &ConflictError{errDrilling}
	}
	report := d.report
	v.drill = &report
	v.mu.Unlock()
	share := s.replace(o.Target, now)
	s.begin(&evacuation{scope: of, state: EvacuationDraining, began: now, guard: g, drill: d,
		ramp: ramp{from: share, to: 0, began: now, lasts: int64(o.Over)}})
	s.log.Info("drill begins", "target", o.Target.String(), "for", holds, "over", o.Over, "guarded", !o.NoGuard)
	return &report, nil
}

// DrillReport tells of the last drill, also while it runs; nil: there was none.
func (s *Server) DrillReport() *DrillReport {
	v := &s.evacuations
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drill == nil {
		return nil
	}
	report := *v.drill
	return &report
}

// endDrill closes the report. The caller holds mu.
func (v *evacuations) endDrill(e *evacuation, state DrillState) {
	e.drill.report.State, e.drill.report.Ended = state, true
	v.publishDrill(e)
}

// publishDrill shows what the report says now. The caller holds mu.
func (v *evacuations) publishDrill(e *evacuation) {
	report := e.drill.report
	v.drill = &report
}

// moving is how many evacuations are under way.
func (v *evacuations) moving() (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.list {
		if e.state != EvacuationAborted {
			n++
		}
	}
	return n
}
