package balancer

// Explanation is what a pick would find.
type Explanation struct {
	Outcome  Outcome
	Reason   Reason
	Region   string // that would be picked in; empty: none
	Backend  string // the id of whom the policy would try first there, with the dice of the request
	Patience int64  // with Hold: nanoseconds
	Regions  []RegionExplanation
}

// RegionExplanation is a region of a pool as it stands, in the order of use.
type RegionExplanation struct {
	Name      string
	RTT       int64 // ns; 0: this one, or not known
	State     RegionState
	Capacity  int64 // requests in flight; 0: not known, or nobody is available
	Inflight  int64
	Room      int64   // up to the brim; 0 as well where the capacity is not known
	Share     float64 // of the requests that reach it, those that it keeps
	KeyShare  float64 // of the keys that reach it
	Pace      int64   // ns between two slots; 0: not known
	Permitted bool    // the request may use it
	Passed    Reason  // why the request goes on to the next region; Unexplained: it does not
	Backends  []BackendExplanation
}

// RegionState is a word for how far a region may be used.
type RegionState string

// The states of a region.
const (
	RegionOpen      RegionState = "open"      // it has room, or nobody knows its capacity
	RegionFull      RegionState = "full"      // it is filled to the brim
	RegionReturning RegionState = "returning" // it was away, and gets its traffic back by and by
	RegionClosed    RegionState = "closed"    // nobody is available
	RegionDrained   RegionState = "drained"   // everyone was taken out by hand
	RegionEmpty     RegionState = "empty"     // the pool has nobody there
)

// BackendExplanation is a backend as a pick sees it.
type BackendExplanation struct {
	ID        string
	Available bool
	Backup    bool
	Weight    int
	Inflight  int64
	Limit     int64   // configured or learned; 0: none
	Learned   bool    // Limit only steers
	Load      float64 // in flight, and what recent failures count for
	Warmth    float64 // the part of weight and limit that it has in a slow start
	Eligible  bool    // the policy may pick it now: it is available (or to be tried), has room and was not tried
}

// Explain tells what Pick would find for r, and takes no slot, no turn and no retry from a budget. It allocates and
// is for people. The random numbers of r are left as they are.
func (v *View) Explain(r *Request) Explanation {
	v.Tick(r.Now)
	trial := *r
	dice := *r.Rand
	trial.Rand, trial.Affinity, trial.Cross = &dice, nil, nil
	trial.Reason, trial.Patience = Unexplained, 0
	e := Explanation{}
	var w walk
	var next *region
	for _, g := range v.regions {
		x := g.explain(&trial)
		if next == nil && x.Permitted && len(g.members) > 0 {
			if x.Passed = w.consider(v, g, &trial); x.Passed == Unexplained {
				next = g
			}
		}
		e.Regions = append(e.Regions, x)
	}
	e.conclude(v, &w, &trial, next)
	return e
}

// consider is what enter does, without taking anything.
func (w *walk) consider(v *View, g *region, r *Request) (passed Reason) {
	if w.nearest == nil {
		w.nearest = g
	}
	defer func() {
		if passed != Unexplained {
			w.pass(g, passed)
		}
	}()
	if !g.open {
		return g.closedReason()
	}
	first := !w.open
	w.open = true
	if r.AvoidRegion != "" && g.name == r.AvoidRegion {
		w.avoided = g
		return Retry
	}
	if kept, why := w.keeps(g, r); !kept {
		w.beyond = true
		return why
	}
	limit := g.brim.Load()
	if r.Keyed && g.byKey {
		limit = unlimited
	}
	if r.NoSpill {
		limit = g.reserved.Load()
	}
	if m := g.prefer(r); g.place.inflight() >= limit || m == nil {
		w.beyond = true
		if first {
			w.waits = g
		}
		return SpillFull
	}
	return Unexplained
}

// conclude says where the request would go at last: for the regions behind the brim by the rules of overfill, and
// in panic by those of panic.
func (e *Explanation) conclude(v *View, w *walk, r *Request, next *region) {
	reason := Unexplained
	e.Outcome = Picked
	switch {
	case next != nil && w.waits != nil && next != w.waits && r.holds(v, w.waits, next):
		e.Outcome, e.Patience = Hold, r.Patience
		return
	case next == nil && !w.open:
		e.Outcome, reason = PickedInPanic, Panic
		for _, g := range v.regions {
			if next == nil && g.permits(r) && g.prefer(r) != nil {
				next = g
			}
		}
	case next == nil:
		for seen := uint64(0); next == nil; {
			g, at := w.leastFilled(v, r, seen)
			if g == nil {
				break
			}
			if seen |= 1 << at; g.prefer(r) != nil {
				next = g
			}
		}
	}
	if next == nil {
		e.Outcome = None
		for i := range e.Regions {
			if e.Regions[i].Passed == SpillFull {
				e.Outcome = Full
			}
		}
		return
	}
	switch {
	case reason != Unexplained:
		e.Reason = reason
	case len(r.Tried) > 0:
		e.Reason = Retry
	case next == w.nearest:
		e.Reason = Home
	default:
		e.Reason = w.why
	}
	e.Region, e.Backend = next.name, next.prefer(r).Backend.id
}

// prefer tells whom pick would try first.
func (g *region) prefer(r *Request) *Member {
	for _, t := range g.tiers {
		if len(t.usable) == 0 {
			continue
		}
		if m := t.picker.prefer(r); m != nil {
			return m
		}
	}
	return nil
}

func (g *region) explain(r *Request) RegionExplanation {
	f := &g.place.flow
	x := RegionExplanation{
		Name: g.name, RTT: g.rtt, State: g.state(), Inflight: g.place.inflight(), Permitted: g.permits(r), Pace: f.pace.Load(),
		Share: float64(min(f.present.load(), f.reported.load())), KeyShare: float64(f.keyed.load()),
	}
	if capacity := g.capacity.Load(); capacity != unlimited {
		x.Capacity = capacity
		x.Room = max(0, g.brim.Load()-x.Inflight)
	}
	for _, m := range g.members {
		x.Backends = append(x.Backends, m.explain(r))
	}
	return x
}

func (g *region) state() RegionState {
	switch {
	case len(g.members) == 0:
		return RegionEmpty
	case g.drained && !g.open:
		return RegionDrained
	case !g.open:
		return RegionClosed
	case g.place.inflight() >= g.brim.Load():
		return RegionFull
	case g.place.flow.present.load() < 1:
		return RegionReturning
	}
	return RegionOpen
}

func (m *Member) explain(r *Request) BackendExplanation {
	b := m.Backend
	x := BackendExplanation{
		ID: b.id, Available: m.Available, Backup: m.Backup, Weight: m.Weight, Inflight: b.Inflight(), Limit: m.limit(),
		Learned: m.MaxRequests <= 0 && m.limit() > 0, Load: float64(b.load(r.Now)) / loadUnit, Warmth: 1,
		Eligible: m.usable && r.mayTake(m),
	}
	if m.slowStart > 0 {
		x.Warmth = float64(b.warmth(r.Now, m.slowStart)) / warmthUnit
	}
	return x
}
