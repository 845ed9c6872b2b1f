package balancer

import "testing"

func TestReasons(t *testing.T) {
	for _, tc := range []struct {
		want    Reason
		outcome Outcome
		policy  Policy
		spoil   func(ms []Member)
		then    func(v *View, r *Request)
	}{
		{want: Home, outcome: Picked},
		{want: SpillFull, outcome: Picked, spoil: func(ms []Member) { ms[0].Backend.acquire(0); ms[0].MaxRequests = 1 }},
		{want: SpillFull, outcome: Picked, then: func(v *View, _ *Request) { v.regions[0].place.acquire(unlimited); v.regions[0].brim.Store(1) }},
		{want: SpillUnhealthy, outcome: Picked, spoil: func(ms []Member) { ms[0].Available = false }},
		{want: SpillDrained, outcome: Picked, spoil: func(ms []Member) { ms[0].Available, ms[0].Refused, ms[0].Drained = false, true, true }},
		{want: SpillReturning, outcome: Picked, then: func(v *View, _ *Request) { v.regions[0].place.flow.publish(0, 1) }},
		{want: SpillFull, outcome: Picked, then: func(v *View, _ *Request) { v.regions[0].place.flow.publish(1, 0) }},
		{want: Key, outcome: Picked, policy: ConsistentHash, then: func(v *View, r *Request) { setShares(v, 0); r.Keyed = true }},
		{want: SpillFull, outcome: Picked, policy: ConsistentHash, then: func(v *View, r *Request) {
			v.members[0].MaxRequests = 1
			v.members[0].Backend.acquire(0)
			r.Keyed = true
		}},
		{want: Retry, outcome: Picked, then: func(v *View, r *Request) { r.Tried = []*Backend{v.members[0].Backend} }},
		{want: Retry, outcome: Picked, then: func(v *View, r *Request) {
			r.Tried, r.AllowTried, r.Allowed = []*Backend{v.members[0].Backend}, true, []string{"home"}
		}},
		{want: Panic, outcome: PickedInPanic, spoil: func(ms []Member) { ms[0].Available, ms[1].Available = false, false }},
		{want: Panic, outcome: PickedInPanic, spoil: func(ms []Member) { ms[0].Available = false }, then: func(_ *View, r *Request) { r.Allowed = []string{"home"} }},
		{want: Home, outcome: Picked, then: func(_ *View, r *Request) { r.Allowed = []string{"away"} }}, // the nearest that it may use
		{want: Unexplained, outcome: None, then: func(_ *View, r *Request) { r.Allowed = []string{} }},
	} {
		members := regional(1, 0, "home", "away")
		if tc.spoil != nil {
			tc.spoil(members)
		}
		v := NewView(Settings{Policy: tc.policy, Regions: []string{"home", "away"}}, members, nil)
		r := newRequest()
		v.Tick(r.Now)
		if tc.then != nil {
			tc.then(v, r)
		}
		x := v.Explain(r)
		_, outcome := v.Pick(r)
		if r.Reason != tc.want || outcome != tc.outcome {
			t.Errorf("%v, want %v; %v, want %v", r.Reason, tc.want, outcome, tc.outcome)
		}
		if x.Reason != tc.want || x.Outcome != tc.outcome {
			t.Errorf("explained as %v, want %v; %v, want %v", x.Reason, tc.want, x.Outcome, tc.outcome)
		}
	}
}

func TestReasonsHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for r := Unexplained; r <= Panic; r++ {
		if seen[r.String()] || r.String() == "unknown" {
			t.Errorf("reason %d is called %q", r, r.String())
		}
		seen[r.String()] = true
	}
	if Reason(200).String() != "unknown" {
		t.Error("no word for what is none")
	}
}

func TestSticky(t *testing.T) {
	for _, tc := range []struct {
		name    string
		to      int
		spoil   func(ms []Member)
		request Request
		want    bool
	}{
		{name: "at home", want: true},
		{name: "in another region", to: 1, want: true},
		{name: "without a weight", spoil: func(ms []Member) { ms[0].Weight = 0 }, want: true},
		{name: "unavailable", spoil: func(ms []Member) { ms[0].Available = false }},
		{name: "full", spoil: func(ms []Member) { ms[0].MaxRequests = 1; ms[0].Backend.acquire(0) }},
		{name: "out of reach", to: 2},
		{name: "residency", to: 1, request: Request{Allowed: []string{"home"}}},
		{name: "spilled to us already", to: 1, request: Request{NoSpill: true}},
		{name: "spilled to us, at home", request: Request{NoSpill: true}, want: true},
	} {
		members := regional(1, 0, "home", "away", "mars")
		if tc.spoil != nil {
			tc.spoil(members)
		}
		v := NewView(Settings{Regions: []string{"home", "away"}}, members, nil)
		before := snapshotOf(v)
		m := v.PickSticky(&tc.request, members[tc.to].Backend.Hash())
		if (m != nil) != tc.want || tc.want && (m.Index != tc.to || tc.request.Reason != Sticky) {
			t.Errorf("%s: %v, %v", tc.name, m, tc.request.Reason)
		}
		if m != nil {
			m.Release()
		}
		if after := snapshotOf(v); after != before {
			t.Errorf("%s: slots before %s and after %s", tc.name, before, after)
		}
		if v.PickSticky(&tc.request, 12345) != nil {
			t.Errorf("%s: found somebody for a hash that nobody has", tc.name)
		}
	}
}

// A region that is emptied by degrees lets go of its sticky clients by degrees, too.
func TestStickyClientsLeaveARegionByDegrees(t *testing.T) {
	members := regional(1, 0, "eu", "us")
	v := NewView(Settings{Regions: []string{"eu", "us"}}, members, nil)
	r := newRequest()
	for _, c := range []struct {
		limit      float64
		low, above int
	}{{1, 1000, 1001}, {0.5, 400, 600}, {0, 0, 1}} {
		v.Limit("eu", c.limit)
		stayed := 0
		for range 1000 {
			if m := v.PickSticky(r, members[0].Backend.Hash()); m != nil {
				m.Release()
				stayed++
			}
		}
		if stayed < c.low || stayed >= c.above {
			t.Errorf("with a limit of %v %d of 1,000 stayed, want %d to %d", c.limit, stayed, c.low, c.above)
		}
	}
}
