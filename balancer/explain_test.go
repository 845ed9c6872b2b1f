package balancer

import (
	"encoding/json"
	"slices"
	"testing"
)

// What is explained is what is done: the same region, the same reason and, with one loop, the same backend.
func TestExplainTellsWhatPickDoes(t *testing.T) {
	agreed, differed := 0, 0
	for seed := range uint64(12_000) {
		dice := NewRand(seed)
		v, _ := anyPool(dice)
		r := anyRequest(dice, v)
		r.AllowTried = false
		v.Tick(r.Now)
		before, state := snapshotOf(v), r.Rand.state
		x := v.Explain(r)
		if after := snapshotOf(v); after != before || r.Rand.state != state || r.Reason != Unexplained {
			t.Fatalf("seed %d: explaining changed something: %s, %s", seed, before, after)
		}
		m, outcome := v.Pick(r)
		if x.Region != "" && m != nil && x.Region != m.region.name && byDice(v) {
			differed++ // a pick that fails in one region may have thrown more dice than its explanation
			continue
		}
		if x.Outcome != outcome || x.Reason != r.Reason || m != nil && x.Region != m.region.name || x.Patience != r.Patience {
			t.Fatalf("seed %d: explained %v %v %s, done %v %v %+v; request %+v", seed, x.Outcome, x.Reason, x.Region, outcome, r.Reason, m, r)
		}
		if m != nil && x.Backend == m.Backend.ID() {
			agreed++
		}
	}
	if agreed < 4000 || differed > 15 {
		t.Errorf("the backend was foretold only %d times; %d times dice decided otherwise", agreed, differed)
	}
}

// byDice reports whether a region of v is chosen by dice.
func byDice(v *View) bool {
	return slices.ContainsFunc(v.regions, func(g *region) bool {
		present := g.place.flow.present.load()
		return present > 0 && present < 1
	})
}

func TestExplanation(t *testing.T) {
	members := regional(2, 5, "eu", "us")
	members[1].Available = false
	members[3].MaxRequests = 0
	members[0].Backend.Warm(-4 * second)
	learned(members[3].Backend, 7)
	v := NewView(Settings{Regions: []string{"eu", "us", "ap"}, RTT: []int64{0, 80e6}, Learn: true, SlowStart: 10 * second}, members, nil)
	r := newRequest()
	taken := []*Member{}
	for range 2 {
		m, _ := v.Pick(r)
		taken = append(taken, m)
	}
	members[0].Backend.Observe(r.Now, 1, Failed)
	got, _ := json.MarshalIndent(v.Explain(r).Regions, "", " ")
	want, _ := json.MarshalIndent([]RegionExplanation{
		{Name: "eu", State: RegionOpen, Capacity: 3, Inflight: 2, Room: 1, Share: 1, KeyShare: 1, Limit: 1, Permitted: true, Backends: []BackendExplanation{
			{ID: "b0", Available: true, Weight: 1, Inflight: 2, Limit: 5, Load: 3, Warmth: 0.5, Eligible: true},
			{ID: "b1", Weight: 1, Limit: 5, Warmth: 1}}},
		{Name: "us", RTT: 80e6, State: RegionOpen, Capacity: 12, Room: 12, Share: 1, KeyShare: 1, Limit: 1, Permitted: true, Backends: []BackendExplanation{
			{ID: "b2", Available: true, Weight: 1, Limit: 5, Warmth: 1, Eligible: true},
			{ID: "b3", Available: true, Weight: 1, Limit: 7, Learned: true, Warmth: 1, Eligible: true}}},
		{Name: "ap", State: RegionEmpty, Share: 1, KeyShare: 1, Limit: 1, Permitted: true},
	}, "", " ")
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, m := range taken {
		m.Release()
	}
}

func TestRegionStates(t *testing.T) {
	for _, tc := range []struct {
		want  RegionState
		spoil func(ms []Member)
		then  func(v *View)
	}{
		{want: RegionOpen},
		{want: RegionFull, then: func(v *View) { fillUp(t, v, newRequest(), 2) }},
		{want: RegionReturning, then: func(v *View) { v.regions[0].place.flow.publish(0.5, 1) }},
		{want: RegionClosed, spoil: func(ms []Member) { ms[0].Available, ms[1].Available = false, false }},
		{want: RegionDrained, spoil: func(ms []Member) {
			ms[0].Available, ms[1].Available, ms[0].Drained, ms[1].Drained = false, false, true, true
		}},
		{want: RegionClosed, spoil: func(ms []Member) { ms[0].Available, ms[1].Available, ms[0].Drained = false, false, true }},
		{want: RegionEmpty, spoil: func(ms []Member) { ms[0].Weight, ms[1].Weight = 0, 0 }},
	} {
		members := regional(2, 1, "eu", "us")
		if tc.spoil != nil {
			tc.spoil(members)
		}
		v := NewView(Settings{Regions: []string{"eu", "us"}}, members, nil)
		if tc.then != nil {
			tc.then(v)
		}
		if got := v.Explain(newRequest()).Regions[0].State; got != tc.want {
			t.Errorf("%s, want %s", got, tc.want)
		}
	}
}
