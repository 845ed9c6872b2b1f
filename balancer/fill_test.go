package balancer

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// fillUp takes n slots and counts them by region; the rest of r stays.
func fillUp(t *testing.T, v *View, r *Request, n int) (got map[string]int, full int, taken []*Member) {
	t.Helper()
	got = map[string]int{}
	for range n {
		m, outcome := v.Pick(r)
		if m == nil {
			if outcome != Full {
				t.Fatalf("outcome %v", outcome)
			}
			full++
			continue
		}
		got[m.Region]++
		taken = append(taken, m)
	}
	return got, full, taken
}

func TestRegionsFillToTheBrim(t *testing.T) {
	three := []string{"eu", "us", "ap"}
	for _, tc := range []struct {
		name     string
		settings Settings
		members  []Member
		spoil    func(members []Member)
		request  Request
		picks    int
		want     string // how many in eu, us and ap, and how many found everyone full
	}{
		{name: "home has room", members: regional(2, 5, three...), picks: 10, want: "10 0 0 0"},
		{name: "home is full", members: regional(2, 5, three...), picks: 14, want: "10 4 0 0"},
		{name: "all are full", members: regional(2, 5, three...), picks: 40, want: "10 10 10 10"},
		{name: "no limits, no spill", members: regional(2, 0, three...), picks: 1000, want: "1000 0 0 0"},
		{name: "one without a limit has room for all", members: regional(2, 5, three...), picks: 100, want: "100 0 0 0",
			spoil: func(ms []Member) { ms[1].MaxRequests = 0 }},
		{name: "full_at", settings: Settings{FullAt: 0.8}, members: regional(2, 5, three...), picks: 24, want: "8 8 8 0"},
		{name: "beyond full_at, evenly, before anyone is refused", settings: Settings{FullAt: 0.8}, members: regional(2, 5, three...), picks: 27, want: "9 9 9 0"},
		{name: "and then up to the limits", settings: Settings{FullAt: 0.8}, members: regional(2, 5, three...), picks: 32, want: "10 10 10 2"},
		{name: "the unavailable have no capacity", members: regional(2, 5, three...), picks: 14, want: "5 9 0 0",
			spoil: func(ms []Member) { ms[0].Available = false }},
		{name: "a region in which nobody is available", members: regional(2, 5, three...), picks: 14, want: "0 10 4 0",
			spoil: func(ms []Member) { ms[0].Available, ms[1].Available = false, false }},
		{name: "backups count", members: regional(2, 5, three...), picks: 14, want: "10 4 0 0",
			spoil: func(ms []Member) { ms[1].Backup = true }},
		{name: "residency", members: regional(2, 5, three...), request: Request{Allowed: []string{"eu", "ap"}}, picks: 25, want: "10 0 10 5"},
		{name: "nowhere at all", members: regional(2, 5, three...), request: Request{Allowed: []string{"ap"}}, picks: 12, want: "0 0 10 2"},
		{name: "spilled to us: stays, and leaves a reserve", members: regional(2, 5, three...), request: Request{NoSpill: true}, picks: 12, want: "9 0 0 3"},
		{name: "spilled to us, another reserve", settings: Settings{Reserve: 0.5}, members: regional(2, 5, three...), request: Request{NoSpill: true}, picks: 12, want: "5 0 0 7"},
		{name: "spilled to us, no reserve", settings: Settings{Reserve: -1}, members: regional(2, 5, three...), request: Request{NoSpill: true}, picks: 12, want: "10 0 0 2"},
		{name: "a retry that leaves its region", members: regional(2, 5, three...), request: Request{AvoidRegion: "eu"}, picks: 27, want: "7 10 10 0"},
	} {
		for _, policy := range allPolicies {
			members := slices.Clone(tc.members)
			for i := range members {
				members[i].Backend = NewBackend(fmt.Sprint(i))
			}
			if tc.spoil != nil {
				tc.spoil(members)
			}
			tc.settings.Policy, tc.settings.Regions, tc.settings.BoundedFrom = policy, three, 1000
			v := NewView(tc.settings, members, nil)
			r := tc.request
			r.Now, r.Rand = second, NewRand(3)
			got, full, taken := fillUp(t, v, &r, tc.picks)
			if s := fmt.Sprint(got["eu"], got["us"], got["ap"], full); s != tc.want {
				t.Errorf("%s, %v: %s, want %s", tc.name, policy, s, tc.want)
			}
			for _, m := range taken {
				m.Release()
			}
			for _, g := range v.regions {
				if n := g.place.inflight(); n != 0 {
					t.Errorf("%s, %v: %d in flight in %s at the end", tc.name, policy, n, g.name)
				}
			}
		}
	}
}

// learned makes a backend whose limit has been learned to be n.
func learned(b *Backend, n int64) *Backend {
	b.learned.limit.Store(n)
	return b
}

func TestALearnedLimitSteersAndNeverRefuses(t *testing.T) {
	for _, tc := range []struct {
		name   string
		limits []int64 // learned, of a backend in eu, us and ap each
		picks  int
		want   string
	}{
		{"home has room", []int64{10, 10, 10}, 10, "10 0 0"},
		{"home seems full", []int64{10, 10, 10}, 15, "10 5 0"},
		{"all seem full: by room for the capacity, home first", []int64{10, 20, 10}, 44, "11 22 11"},
		{"not known yet", []int64{0, 10, 10}, 100, "100 0 0"},
		{"the next is not known yet", []int64{10, 0, 10}, 100, "10 90 0"},
	} {
		members := regional(1, 0, "eu", "us", "ap")
		for i := range members {
			learned(members[i].Backend, tc.limits[i])
		}
		v := NewView(Settings{Regions: []string{"eu", "us", "ap"}, Learn: true}, members, nil)
		got, full, _ := fillUp(t, v, newRequest(), tc.picks)
		if s := fmt.Sprint(got["eu"], got["us"], got["ap"]); s != tc.want || full > 0 {
			t.Errorf("%s: %s, want %s; %d refused", tc.name, s, tc.want, full)
		}
	}
}

func TestALearnedLimitThatMovesMovesTheBrim(t *testing.T) {
	members := regional(1, 0, "eu", "us")
	v := NewView(Settings{Regions: []string{"eu", "us"}, Learn: true}, members, nil)
	r := newRequest()
	learned(members[0].Backend, 3)
	if got, _, _ := fillUp(t, v, r, 1); got["eu"] != 1 {
		t.Fatalf("%v", got)
	}
	r.Now += tickEvery
	if got, _, _ := fillUp(t, v, r, 4); got["eu"] != 2 || got["us"] != 2 {
		t.Errorf("%v, want 2 more at home and 2 away", got)
	}
}

func TestATierThatRefusesNobodyHidesItsBackups(t *testing.T) {
	members := regional(2, 0, "eu", "us")
	members[1].Backup = true
	learned(members[0].Backend, 4)
	v := NewView(Settings{Regions: []string{"eu", "us"}, Learn: true}, members, nil)
	if got := v.regions[0].capacity.Load(); got != 4 {
		t.Errorf("capacity %d, want that of the primaries", got)
	}
}

// What is in flight counts on through views, also when its region is gone for a while or its backend moves.
func TestCountsOutliveViews(t *testing.T) {
	settings := Settings{Regions: []string{"eu", "us"}}
	members := regional(1, 2, "eu", "us")
	first := NewView(settings, members, nil)
	_, _, taken := fillUp(t, first, newRequest(), 3)
	without := NewView(Settings{Regions: []string{"us"}}, members[1:], first)
	second := NewView(settings, members, without)
	if a, b := second.regions[0].place.inflight(), second.regions[1].place.inflight(); a != 2 || b != 1 {
		t.Errorf("%d and %d in flight, want 2 and 1", a, b)
	}
	members[0].Region = "us"
	moved := NewView(settings, members, second)
	NewQueue(1).Release(taken[0], moved, 0)
	for _, m := range taken[1:] {
		m.Release()
	}
	for _, g := range moved.regions {
		if n := g.place.inflight(); n != 0 {
			t.Errorf("%d in flight in %s", n, g.name)
		}
	}
}

// However many pick at once, a region is filled exactly to its brim.
func TestTheBrimIsExactUnderConcurrency(t *testing.T) {
	v := NewView(Settings{Regions: []string{"eu", "us"}, FullAt: 0.5}, regional(4, 5, "eu", "us"), nil)
	var most, away atomic.Int64
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			r := &Request{Now: second, Rand: NewRand(uint64(g))}
			for range 2000 {
				a, _ := v.Pick(r)
				b, _ := v.Pick(r)
				if a.Region == "us" || b.Region == "us" {
					away.Add(1)
				}
				for n, m := v.regions[0].place.inflight(), most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				a.Release()
				b.Release()
			}
		})
	}
	all.Wait()
	if most.Load() > 10 || v.regions[0].place.inflight() != 0 {
		t.Errorf("%d at once at home, brim 10; %d at the end", most.Load(), v.regions[0].place.inflight())
	}
	_ = away.Load()
}

// anyPool is a pool of which nothing is certain, with a few slots taken at random.
func anyPool(dice *Rand) (*View, []*Member) {
	regions := []string{"eu", "us", "ap", "sa"}[:1+dice.below(4)]
	s := Settings{Policy: allPolicies[dice.below(6)], Regions: regions, Hold: int(dice.below(3)), Learn: dice.below(2) == 0,
		FullAt: float64(dice.below(3)) / 2, RTT: []int64{0, 20e6, 50e6, 90e6}[:len(regions)]}
	members := some(1 + int(dice.below(8)))
	for i := range members {
		m := &members[i]
		m.Region = []string{"eu", "us", "ap", "sa"}[dice.below(4)]
		m.MaxRequests = int64(dice.below(4))
		m.Available = dice.below(3) > 0
		m.Refused = !m.Available && dice.below(2) == 0
		m.Backup = dice.below(4) == 0
		m.Weight = int(dice.below(3))
		learned(m.Backend, int64(dice.below(3)))
	}
	v := NewView(s, members, nil)
	for _, g := range v.regions {
		if dice.below(4) == 0 {
			g.place.flow.fit = share(dice.below(4)) / 4
			g.place.flow.publish(share(dice.below(4))/3, 1)
		}
		g.place.flow.pace.Store(int64(dice.below(2)) * 1e6)
	}
	var taken []*Member
	for range dice.below(10) {
		if m := &v.members[dice.below(uint64(len(members)))]; m.Acquire() {
			taken = append(taken, m)
		}
	}
	return v, taken
}

func anyRequest(dice *Rand, v *View) *Request {
	r := &Request{Now: second, Rand: NewRand(dice.Uint64()), Key: dice.Uint64(), Keyed: dice.below(2) == 0,
		NoSpill: dice.below(6) == 0, NoHold: dice.below(8) == 0, AllowTried: dice.below(2) == 0}
	if dice.below(2) == 0 {
		r.Allowed = []string{}
		for _, name := range []string{"eu", "us", "ap", "sa"} {
			if dice.below(2) == 0 {
				r.Allowed = append(r.Allowed, name)
			}
		}
	}
	if dice.below(3) == 0 {
		r.AvoidRegion = []string{"eu", "us"}[dice.below(2)]
	}
	for i := range v.members {
		if dice.below(4) == 0 {
			r.Tried = append(r.Tried, v.members[i].Backend)
		}
	}
	return r
}

// mayServe is the rule itself: whether m may serve r at all now.
func mayServe(v *View, r *Request, m *Member, panics bool) bool {
	return m.Weight > 0 && (m.Available || panics && !m.Refused) && m.Backend.hasRoom(m.MaxRequests) &&
		(r.AllowTried || !r.tried(m)) && m.region != nil && (r.Allowed == nil || slices.Contains(r.Allowed, m.Region)) &&
		(!r.NoSpill || m.Region == v.regions[0].name)
}

// Nothing goes where it may not, and nothing fails while anybody may serve it; whatever the pool, the request, and
// its history.
func TestNothingStraysAndNothingFailsWhileThereIsRoom(t *testing.T) {
	seen := map[Outcome]int{}
	for seed := range uint64(25_000) {
		dice := NewRand(seed)
		v, taken := anyPool(dice)
		r := anyRequest(dice, v)
		panics, could := true, false
		for i := range v.members {
			m := &v.members[i]
			whoever := *r
			whoever.Tried = nil
			if m.Available && m.Weight > 0 && m.region != nil && m.region.permits(&whoever) {
				panics = false
			}
		}
		for i := range v.members {
			m := &v.members[i]
			reserved := r.NoSpill && m.region != nil && m.region.hard && m.region.place.inflight() >= m.region.reserved.Load()
			could = could || mayServe(v, r, m, panics) && !reserved
		}
		before := snapshotOf(v)
		m, outcome := v.Pick(r)
		seen[outcome]++
		switch {
		case m != nil && (outcome != Picked && outcome != PickedInPanic || (outcome == PickedInPanic) != panics):
			t.Fatalf("seed %d: %v with a member; panic %v", seed, outcome, panics)
		case m != nil:
			m.Release()
			if !mayServe(v, r, m, panics) {
				t.Fatalf("seed %d: picked %s in %s, which may not serve %+v", seed, m.Backend.ID(), m.Region, r)
			}
		case could && outcome != Hold:
			t.Fatalf("seed %d: %v, though somebody may serve %+v", seed, outcome, r)
		}
		if after := snapshotOf(v); after != before {
			t.Fatalf("seed %d: slots before and after: %s, %s", seed, before, after)
		}
		for _, m := range taken {
			m.Release()
		}
	}
	for _, o := range []Outcome{None, Full, Hold, Picked, PickedInPanic} {
		if seen[o] < 20 {
			t.Errorf("%v only %d times", o, seen[o])
		}
	}
}

// snapshotOf tells what is in flight where.
func snapshotOf(v *View) (s string) {
	for _, g := range v.regions {
		s += fmt.Sprint(g.place.inflight(), " ")
	}
	for i := range v.members {
		s += fmt.Sprint(v.members[i].Backend.Inflight(), " ")
	}
	return s
}
