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
	Mean      float64 // of Inflight, over the last half second or so
	Room      int64   // up to the brim; 0 as well where the capacity is not known
	Share     float64 // of the requests that reach it, those that it keeps
	KeyShare  float64 // of the keys that reach it
	Limit     float64 // of what would reach it, the part that an operator lets it keep: see View.Limit
	Pace      int64   // ns between two slots; 0: not known
	Permitted bool    // the request may use it
	Passed    Reason  // why the request goes on to the next region, if it comes here; Unexplained: it does not
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

// A trial is a walk that takes nothing.
type trial struct{ passed map[*region]Reason }

// Explain tells what Pick would find for r, and takes no slot, no turn and no retry from a budget. It allocates and
// is for people. The random numbers of r are left as they are, and its Affinity is not asked.
func (v *View) Explain(r *Request) Explanation {
	dice := *r.Rand
	mock := *r
	mock.Rand, mock.Affinity, mock.Cross = &dice, nil, nil
	mock.trial = &trial{passed: map[*region]Reason{}}
	m, outcome := v.Pick(&mock)
	e := Explanation{Outcome: outcome, Reason: mock.Reason, Patience: mock.Patience}
	if m != nil {
		e.Region, e.Backend = m.region.name, m.Backend.id
	}
	for _, g := range v.regions {
		x := g.explain(r)
		x.Passed = mock.trial.passed[g]
		e.Regions = append(e.Regions, x)
	}
	return e
}

// foretell tells whom pick would try first, and whether someone has no room.
func (g *region) foretell(r *Request) (m *Member, full bool) {
	for _, t := range g.tiers {
		if len(t.usable) == 0 {
			continue
		}
		if m = t.picker.prefer(r); m == nil {
			m = drawOpen(t.usable, r, nil)
		}
		if m != nil {
			return m, false
		}
		for _, m := range t.usable {
			full = full || !r.tried(m)
		}
	}
	return nil, full
}

func (g *region) explain(r *Request) RegionExplanation {
	f := &g.place.flow
	x := RegionExplanation{
		Name: g.name, RTT: g.rtt, State: g.state(), Inflight: g.place.inflight(), Permitted: g.permits(r), Pace: f.pace.Load(),
		Share: float64(min(f.present.load(), f.reported.load())), KeyShare: float64(f.keyed.load()), Limit: float64(f.ceiling.load()), Mean: float64(f.mean.load()),
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
