package balancer

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// site is a one-letter description of members for the tables below.
type site struct {
	id     string
	region string
	backup bool
	state  string // "": available; down; refused
	max    int64
	busy   int64
	weight int // 0: 1; negative: 0
}

func viewOf(policy Policy, places []site) *View {
	var members []Member
	for i, p := range places {
		m := Member{Backend: NewBackend(p.id), Region: p.region, Backup: p.backup, MaxRequests: p.max, Weight: 1, Index: i,
			Available: p.state == "", Refused: p.state == "refused"}
		switch {
		case p.weight > 0:
			m.Weight = p.weight
		case p.weight < 0:
			m.Weight = 0
		}
		for range p.busy {
			m.Backend.acquire(0)
		}
		members = append(members, m)
	}
	return NewView(Settings{Policy: policy, Regions: []string{"eu", "us", "ap"}, BoundedFrom: 1 << 30}, members, nil)
}

func TestWhoMayBePicked(t *testing.T) {
	for _, tc := range []struct {
		name    string
		places  []site
		tried   string
		allow   bool
		avoid   string
		want    string // the ids that may be picked, and each of them must be in 100 picks
		outcome Outcome
	}{
		{name: "the nearest region", want: "ab", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu"}, {id: "c", region: "us"}}},
		{name: "regions in the order of the settings, not of the members", want: "c", outcome: Picked,
			places: []site{{id: "a", region: "ap"}, {id: "b", region: "us"}, {id: "c", region: "eu"}}},
		{name: "a region out of reach is not used", outcome: None,
			places: []site{{id: "a", region: "sa"}}},
		{name: "no backup while a primary is available", want: "a", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu", backup: true}, {id: "c", region: "eu", state: "down"}}},
		{name: "backups before the next region", want: "bc", outcome: Picked,
			places: []site{{id: "a", region: "eu", state: "down"}, {id: "b", region: "eu", backup: true}, {id: "c", region: "eu", backup: true}, {id: "d", region: "us"}}},
		{name: "a full primary tier goes on to the backups", want: "b", outcome: Picked,
			places: []site{{id: "a", region: "eu", max: 2, busy: 2}, {id: "b", region: "eu", backup: true}, {id: "c", region: "us"}}},
		{name: "a full region goes on to the next", want: "c", outcome: Picked,
			places: []site{{id: "a", region: "eu", max: 2, busy: 2}, {id: "b", region: "eu", backup: true, max: 1, busy: 1}, {id: "c", region: "us"}}},
		{name: "full primaries are passed over one by one", want: "b", outcome: Picked,
			places: []site{{id: "a", region: "eu", max: 1, busy: 1}, {id: "b", region: "eu", max: 1000}, {id: "c", region: "us"}}},
		{name: "weight 0 gets nothing", want: "b", outcome: Picked,
			places: []site{{id: "a", region: "eu", weight: -1}, {id: "b", region: "us"}}},
		{name: "all full", outcome: Full,
			places: []site{{id: "a", region: "eu", max: 1, busy: 1}, {id: "b", region: "us", max: 3, busy: 4}}},
		{name: "nobody at all", outcome: None},
		{name: "only weight 0 is no reason to panic", outcome: None,
			places: []site{{id: "a", region: "eu", weight: -1}}},
		{name: "panic tries those that are down", want: "ab", outcome: PickedInPanic,
			places: []site{{id: "a", region: "eu", state: "down"}, {id: "b", region: "eu", state: "down"}, {id: "c", region: "us", state: "down"}}},
		{name: "panic does not try those that refused", want: "c", outcome: PickedInPanic,
			places: []site{{id: "a", region: "eu", state: "refused"}, {id: "b", region: "eu", state: "refused"}, {id: "c", region: "us", state: "down"}}},
		{name: "no panic while any region has somebody", want: "c", outcome: Picked,
			places: []site{{id: "a", region: "eu", state: "down"}, {id: "b", region: "us", state: "down"}, {id: "c", region: "ap"}}},
		{name: "all refused", outcome: None,
			places: []site{{id: "a", region: "eu", state: "refused"}, {id: "b", region: "us", state: "refused"}}},
		{name: "panic keeps max_requests", outcome: Full,
			places: []site{{id: "a", region: "eu", state: "down", max: 1, busy: 1}}},
		{name: "another than the tried", tried: "a", want: "b", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu"}, {id: "c", region: "us"}}},
		{name: "all of a region tried", tried: "ab", want: "c", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu"}, {id: "c", region: "us"}}},
		{name: "all tried", tried: "ab", outcome: None,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "us"}}},
		{name: "all tried and allowed again", tried: "ab", allow: true, want: "a", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "us"}}},
		{name: "tried is no reason to come back while another is left", tried: "a", allow: true, want: "b", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "us"}}},
		{name: "the rest is full and the tried may not be used", tried: "a", outcome: Full,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "us", max: 1, busy: 1}}},
		{name: "the rest is full and the tried may be used", tried: "a", allow: true, want: "a", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "us", max: 1, busy: 1}}},
		{name: "the last attempt leaves the region", avoid: "eu", tried: "a", want: "c", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu"}, {id: "c", region: "us"}, {id: "d", region: "ap"}}},
		{name: "the last attempt stays where no other region has anyone", avoid: "eu", tried: "a", want: "b", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu"}, {id: "c", region: "us", state: "down"}}},
		{name: "the last attempt stays where the other region is full", avoid: "eu", tried: "a", want: "b", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu"}, {id: "c", region: "us", max: 1, busy: 1}}},
		{name: "the last attempt may come home", avoid: "us", tried: "c", want: "ab", outcome: Picked,
			places: []site{{id: "a", region: "eu"}, {id: "b", region: "eu"}, {id: "c", region: "us"}}},
	} {
		for _, policy := range allPolicies {
			t.Run(tc.name+"/"+policy.String(), func(t *testing.T) {
				v := viewOf(policy, tc.places)
				r := newRequest()
				r.AllowTried, r.AvoidRegion = tc.allow, tc.avoid
				for i := range v.Members() {
					if m := &v.Members()[i]; slices.Contains([]byte(tc.tried), m.Backend.ID()[0]) {
						r.Tried = append(r.Tried, m.Backend)
					}
				}
				got := map[string]bool{}
				for i := range 100 {
					r.Key, r.Keyed = uint64(i), i%10 != 0
					m, outcome := v.Pick(r)
					if outcome != tc.outcome {
						t.Fatalf("outcome %v, want %v", outcome, tc.outcome)
					}
					if (m != nil) != (outcome == Picked || outcome == PickedInPanic) {
						t.Fatalf("member %v with outcome %v", m, outcome)
					}
					if m != nil {
						got[m.Backend.ID()] = true
						m.Release()
					}
				}
				for _, id := range tc.want {
					if !got[string(id)] {
						t.Errorf("%c was never picked", id)
					}
					delete(got, string(id))
				}
				if len(got) > 0 {
					t.Errorf("picked %v besides %s", got, tc.want)
				}
				if want := tc.outcome == PickedInPanic; want && !v.Panic() {
					t.Error("the view does not say that it panics")
				}
			})
		}
	}
}

func TestPanicShows(t *testing.T) {
	for _, tc := range []struct {
		name   string
		places []site
		want   bool
	}{
		{"one available", []site{{id: "a", region: "eu"}, {id: "b", region: "us", state: "down"}}, false},
		{"none available", []site{{id: "a", region: "eu", state: "down"}}, true},
		{"all refused", []site{{id: "a", region: "eu", state: "refused"}}, true},
		{"available, but out of reach", []site{{id: "a", region: "eu", state: "down"}, {id: "b", region: "sa"}}, true},
		{"empty", nil, false},
	} {
		if got := viewOf(LeastConn, tc.places).Panic(); got != tc.want {
			t.Errorf("%s: panic %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestOneRegionWhenNoneAreNamed(t *testing.T) {
	members := some(3)
	members[1].Region, members[2].Region = "eu", "us"
	got := counts(t, NewView(Settings{Policy: RoundRobin}, members, nil), newRequest(), 300, false)
	if !slices.Equal(got, []int{100, 100, 100}) {
		t.Errorf("shares %v", got)
	}
}

func TestARegionNamedTwiceCountsOnce(t *testing.T) {
	members := some(2)
	members[0].Region, members[1].Region = "eu", "eu"
	v := NewView(Settings{Regions: []string{"eu", "eu"}}, members, nil)
	if len(v.regions) != 1 {
		t.Errorf("%d regions", len(v.regions))
	}
}

func TestAViewKeepsItsOwnMembers(t *testing.T) {
	members := some(2)
	v := NewView(Settings{}, members, nil)
	members[0].Available, members[1].Weight = false, 0
	got := counts(t, v, newRequest(), 100, false)
	if got[0] == 0 || got[1] == 0 {
		t.Errorf("a change after NewView changed the picks: %v", got)
	}
}

func TestByHashFindsWhomPickDoesNot(t *testing.T) {
	v := viewOf(LeastConn, []site{{id: "a", region: "eu"}, {id: "b", region: "eu", weight: -1}, {id: "c", region: "sa"}, {id: "d", region: "us", state: "down"}})
	for _, id := range []string{"a", "b", "c", "d"} {
		if m := v.ByHash(Hash(id)); m == nil || m.Backend.ID() != id {
			t.Errorf("%s: found %v", id, m)
		}
	}
	if m := v.ByHash(Hash("e")); m != nil {
		t.Errorf("found %v", m)
	}
}

// However many pick at once, and through however many views, nobody is ever over the limit.
func TestMaxRequestsIsExactUnderConcurrency(t *testing.T) {
	for _, policy := range allPolicies {
		t.Run(policy.String(), func(t *testing.T) {
			members := some(4)
			for i := range members {
				members[i].MaxRequests = 3
				members[i].Region = "eu"
				members[i].Backup = i == 3
			}
			settings := Settings{Policy: policy, Regions: []string{"eu"}}
			first := NewView(settings, members, nil)
			views := []*View{first, NewView(settings, members, first)}
			var running [4]atomic.Int64
			var over, held, full atomic.Int64
			var all sync.WaitGroup
			for g := range 14 {
				all.Go(func() {
					r := &Request{Rand: NewRand(uint64(g)), Keyed: g%2 == 0}
					for i := range 2000 {
						r.Now, r.Key = int64(i), uint64(i%5)
						m, o := views[i%2].Pick(r)
						if m == nil {
							if o != Full {
								t.Errorf("outcome %v", o)
							}
							full.Add(1)
							continue
						}
						held.Add(1)
						if running[m.Index].Add(1) > 3 {
							over.Add(1)
						}
						if i%16 == 0 {
							runtime.Gosched() // so that slots are held while others pick
						}
						running[m.Index].Add(-1)
						m.Release()
					}
				})
			}
			all.Wait()
			if over.Load() > 0 {
				t.Errorf("over the limit %d times", over.Load())
			}
			if held.Load() == 0 || held.Load()+full.Load() != 14*2000 {
				t.Errorf("%d picks and %d times full", held.Load(), full.Load())
			}
			for i := range members {
				if n := members[i].Backend.Inflight(); n != 0 {
					t.Errorf("%d in flight at the end", n)
				}
			}
		})
	}
}
