package balancer

import (
	"math"
	"slices"
	"sync/atomic"
)

// Member is a backend's place in a pool: what the configuration says of it and whether it may be chosen. A
// View owns copies; the pointers it hands out are shared by all loops and must not be written through.
type Member struct {
	Backend     *Backend
	Weight      int    // share of the traffic, up to MaxWeight; 0 or less: none, except by ByHash
	MaxRequests int64  // most requests in flight; 0 or less: no limit
	Region      string // one of Settings.Regions, or the member is out of reach
	Address     string // carried for the owner
	Index       int    // carried for the owner
	Data        any    // carried for the owner
	Backup      bool   // stands in when the region's primaries are unavailable or full
	Available   bool   // may be chosen
	Refused     bool   // not even to be tried in panic: it refused the last connection, or was taken out by hand
	Drained     bool   // it was taken out by hand; for the reason why requests go elsewhere
	Probation   bool   // it is back and has proved nothing yet: one request at a time, unless nobody else has room

	tier      *tier
	region    *region // nil: out of reach
	usable    bool
	learns    bool
	slowStart int64
}

// slots is how many requests the member gets while others have room; 0 or less: no limit.
func (m *Member) slots() int64 {
	if m.Probation {
		return 1
	}
	return m.MaxRequests
}

// Acquire takes a slot of the member, for a request that does not come from Pick, and reports false where
// MaxRequests of the backend are taken.
func (m *Member) Acquire() bool {
	if !m.Backend.acquire(m.MaxRequests) {
		return false
	}
	if m.region != nil {
		m.region.place.acquire(unlimited)
	}
	return true
}

// Release gives back a slot that Pick or Acquire took of this very member. Once for each, or the counts are wrong for good.
func (m *Member) Release() {
	m.Backend.release()
	if m.region != nil {
		m.region.place.release()
	}
}

// MaxWeight is the greatest weight for which the arithmetic holds.
const MaxWeight = 1 << 20

// Settings say how a pool chooses.
type Settings struct {
	Policy  Policy
	Regions []string // regions in reach, this one first, then nearest first; none: all members count as one region
	RTT     []int64  // how far each of Regions is, in nanoseconds; missing: 0

	FullAt float64 // the part of its capacity up to which a region is filled before the next; 0: 1
	HomeAt float64 // the part below which keys that left come home; 0: DefaultHomeAt
	// Hold is how many requests may wait a moment for a slot in the nearest region before they leave it, where that
	// is full for long. Where it is full for a moment, more may.
	Hold int
	// Reserve is the part of a region's capacity that requests do not get which another spillway has
	// spilled to us; 0: DefaultReserve, negative: none.
	Reserve   float64
	Learn     bool  // the limits of members without MaxRequests
	SlowStart int64 // nanoseconds until a backend that is new or back has all of its weight and limit

	// BoundedLoad is how many times the mean load, for its weight, a member may have before ConsistentHash
	// passes its keys on. 0 means DefaultBoundedLoad, +Inf no bound.
	BoundedLoad float64
	// BoundedFrom is the number of requests in flight up to which the bound does not apply, so that a few
	// concurrent requests for one key stay together in a pool that is nearly idle.
	BoundedFrom int64

	wholeReach bool // Regions named none
}

// What holds where Settings say nothing else.
const (
	DefaultBoundedLoad = 1.5
	DefaultHomeAt      = 0.9
	DefaultReserve     = 0.1
)

// View is a pool as it stands now. It is immutable (what its pickers count in, they count in atomically), so any
// number of goroutines may use it.
type View struct {
	members []Member
	byHash  map[uint64]*Member
	regions []*region
	panic   bool

	fullAt, homeAt float64
	hold           int
	changing       bool // capacities change with time
	live           *live
	ticked         atomic.Int64
}

const never = math.MinInt64 / 2

// NewView builds the view of members, which it copies. From previous (or nil) it takes over what outlives a
// change of availability: what is in flight in each region, how its traffic moves, the turn of RoundRobin, and hash
// tables whose membership is the same.
func NewView(s Settings, members []Member, previous *View) *View {
	s.setDefaults()
	v := &View{members: slices.Clone(members), byHash: make(map[uint64]*Member, len(members)),
		fullAt: s.FullAt, homeAt: s.HomeAt, hold: s.Hold, changing: s.Learn || s.SlowStart > 0, live: previous.handOn()}
	v.ticked.Store(never)
	for i := range v.members {
		m := &v.members[i]
		m.tier, m.region, m.usable = nil, nil, false
		m.slowStart, m.learns = s.SlowStart, s.Learn && m.MaxRequests <= 0
		if _, ok := v.byHash[m.Backend.hash]; !ok {
			v.byHash[m.Backend.hash] = m
		}
		if s.Policy == PeakEWMA {
			m.Backend.timed.Store(true)
		}
		if m.learns {
			m.Backend.learns.Store(true)
		}
	}
	weighted, open := 0, false
	for i, name := range s.Regions {
		if slices.Contains(s.Regions[:i], name) {
			continue
		}
		g := v.newRegion(s, name, i)
		weighted += len(g.members)
		open = open || g.open
	}
	v.panic = weighted > 0 && !open
	for _, g := range v.regions {
		g.build(s, v, previous)
		g.tellWay(v.regions[0])
	}
	return v
}

func (s *Settings) setDefaults() {
	if s.BoundedLoad == 0 {
		s.BoundedLoad = DefaultBoundedLoad
	}
	if s.FullAt <= 0 {
		s.FullAt = 1
	}
	if s.HomeAt <= 0 {
		s.HomeAt = DefaultHomeAt
	}
	s.HomeAt = min(s.HomeAt, s.FullAt)
	switch {
	case s.Reserve == 0:
		s.Reserve = DefaultReserve
	case s.Reserve < 0:
		s.Reserve = 0
	}
	s.wholeReach = len(s.Regions) == 0
	if s.wholeReach {
		s.Regions = []string{""}
	}
}

// newRegion gathers the members of a region. Those without a weight belong to it, too, but only by ByHash.
func (v *View) newRegion(s Settings, name string, at int) *region {
	g := &region{name: name, nearest: at == 0, fullAt: s.FullAt, reserve: s.Reserve, byKey: s.Policy == ConsistentHash,
		place: v.live.placeOf(name)}
	if at < len(s.RTT) {
		g.rtt = s.RTT[at]
	}
	drained := 0
	for i := range v.members {
		m := &v.members[i]
		if !s.wholeReach && m.Region != name {
			continue
		}
		m.region = g
		if m.Weight <= 0 {
			continue
		}
		g.members = append(g.members, m)
		g.open = g.open || m.Available
		if m.Drained {
			drained++
		}
	}
	g.drained = drained > 0 && drained == len(g.members)
	v.regions = append(v.regions, g)
	return g
}

// handOn is the live state for the view that follows v, which may be nil.
func (v *View) handOn() *live {
	if v != nil {
		return v.live
	}
	l := &live{}
	l.ticked.Store(never)
	return l
}

// ByHash finds a member by the hash of its backend, in constant time, or returns nil. It takes no slot and
// looks neither at weight nor at availability: a sticky client may return to a backend that gets no new ones.
func (v *View) ByHash(h uint64) *Member { return v.byHash[h] }

// Panic reports that no member in reach is available, so that Pick tries those that are not.
func (v *View) Panic() bool { return v.panic }

// Members are all members in the order given to NewView. The slice is the view's own: read only.
func (v *View) Members() []Member { return v.members }
