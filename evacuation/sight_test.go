package evacuation

import (
	"slices"
	"testing"
	"time"

	"spillway/balancer"
)

// pool is one that stands as said: two backends near, one far.
func pool(nearInflight int64, pace int64) balancer.Explanation {
	return balancer.Explanation{Regions: []balancer.RegionExplanation{
		{Name: "near", Capacity: 20, Inflight: nearInflight, Room: 20 - nearInflight, Pace: pace, Share: 1, Backends: []balancer.BackendExplanation{
			{ID: "n1", Available: true, Weight: 1, Limit: 10, Inflight: nearInflight / 2},
			{ID: "n2", Available: true, Weight: 1, Limit: 10, Inflight: nearInflight - nearInflight/2}}},
		{Name: "far", RTT: 80e6, Capacity: 50, Inflight: 3, Room: 47, Share: 1, Backends: []balancer.BackendExplanation{
			{ID: "f1", Available: true, Weight: 1, Limit: 50, Inflight: 3}}},
		{Name: "empty", RTT: 90e6},
	}}
}

func nobodyLeaves(string) bool { return false }

func TestASightSeesTheMost(t *testing.T) {
	w := NewSight("a", &Scope{Target: Target{Region: "near"}})
	for _, inflight := range []int64{0, 8, 2} {
		w.Look(pool(inflight, 0))
	}
	p := w.Forecast(new(Movers), nobodyLeaves)
	if !w.Serves() || !p.Fits || p.Requests != 8 || len(p.Destinations) != 1 {
		t.Fatalf("%+v", p)
	}
	if d := p.Destinations[0]; d.Region != "far" || d.Requests != 8 || d.Room != 47 || d.Inflight != 3 || d.RTT != 80 {
		t.Errorf("%+v", d)
	}
}

// Of a region that is left by one backend only, the rest is a destination, with the
// room that the others have.
func TestASightOfOneBackend(t *testing.T) {
	w := NewSight("a", &Scope{Target: Target{Pool: "a", Backend: "n1"}, Addresses: []string{"n1"}})
	w.Look(pool(8, 0))
	p := w.Forecast(new(Movers), nobodyLeaves)
	if p.Requests != 4 || len(p.Destinations) != 2 {
		t.Fatalf("%+v", p)
	}
	if d := p.Destinations[0]; d.Region != "near" || d.Capacity != 10 || d.Inflight != 4 || d.Room != 6 || d.Requests != 4 {
		t.Errorf("%+v", d)
	}
}

// Requests that come and go between two looks are foretold by their rate.
func TestASightOfQuickRequests(t *testing.T) {
	w := NewSight("a", &Scope{Target: Target{Region: "near"}})
	w.Look(pool(0, int64(10*time.Millisecond)))
	p := w.Forecast(new(Movers), nobodyLeaves)
	if p.Requests != 1 || p.Destinations[0].Requests != 9 { // 100 a second are under way for 80 ms more
		t.Errorf("%+v", p)
	}
}

func TestASightWithoutAnybody(t *testing.T) {
	w := NewSight("a", &Scope{Target: Target{Region: "empty"}})
	w.Look(pool(8, 0))
	if w.Serves() {
		t.Error("a region with nobody serves")
	}
	w = NewSight("a", &Scope{Target: Target{Region: "near"}})
	w.Look(pool(8, 0))
	if p := w.Forecast(new(Movers), func(region string) bool { return region == "far" }); p.Fits || len(p.Destinations) != 0 || p.Stranded != 8 {
		t.Errorf("what is itself leaving is a destination: %+v", p)
	}
}

func TestMoversAreByWhereTheyMayGo(t *testing.T) {
	m := new(Movers)
	m.Add("route /a", 1, nil)
	m.Add("route /b", 2, []string{"near"})
	m.Add("route /c", 3, nil)
	m.Add("route /d", 4, []string{"near"})
	m.Add("route /e", 5, []string{})
	m.Add("route /f", 6, nil)
	var names []string
	var weights []float64
	for _, each := range m.all() {
		names, weights = append(names, each.name), append(weights, each.weight)
	}
	if !slices.Equal(names, []string{"route /a, ...", "route /b, ...", "route /e"}) || !slices.Equal(weights, []float64{10, 6, 5}) {
		t.Errorf("%q with weights %v", names, weights)
	}
	if len(new(Movers).all()) != 1 {
		t.Error("requests of no known kind are not moved")
	}
}

func TestAScopeIsSettledWhenItsRegionKeepsAll(t *testing.T) {
	of := Scope{Target: Target{Region: "near"}}
	backends := []balancer.BackendExplanation{{ID: "n1"}}
	for _, c := range []struct {
		name    string
		region  balancer.RegionExplanation
		settled bool
	}{
		{"it keeps all", balancer.RegionExplanation{Name: "near", Share: 1, Backends: backends}, true},
		{"it keeps a part", balancer.RegionExplanation{Name: "near", Share: 0.9, State: balancer.RegionReturning, Backends: backends}, false},
		{"another keeps a part", balancer.RegionExplanation{Name: "far", Share: 0.9, Backends: backends}, true},
		{"nobody is there", balancer.RegionExplanation{Name: "near", State: balancer.RegionEmpty}, true},
		{"nobody is available", balancer.RegionExplanation{Name: "near", State: balancer.RegionClosed, Backends: backends}, true},
		{"it was taken out again", balancer.RegionExplanation{Name: "near", State: balancer.RegionDrained, Backends: backends}, true},
	} {
		if got := of.Settled([]balancer.RegionExplanation{c.region}); got != c.settled {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// The guard of a destination that was idle goes by the target's own latency, and the
// longest way to elsewhere.
func TestLatencyThatIsExpectedElsewhere(t *testing.T) {
	regions := pool(8, 0).Regions
	target := served(100, 0, 0, 10*time.Millisecond)
	own := target.Latency.Quantile(guardQuantile)
	near, far := &Scope{Target: Target{Region: "near"}}, &Scope{Target: Target{Region: "far"}}
	unknown := slices.Clone(regions)
	unknown[1].RTT = 0
	for _, c := range []struct {
		name string
		of   *Scope
		b    Baseline
		want int64
	}{
		{"farther away", near, Baseline{Target: target, Regions: regions, Home: "near"}, own + 80e6},
		{"nearer", far, Baseline{Target: target, Regions: regions, Home: "near"}, own},
		{"too few to be judged", near, Baseline{Target: served(19, 0, 0, 10*time.Millisecond), Regions: regions, Home: "near"}, 0},
		{"nobody knows how far", near, Baseline{Target: target, Regions: unknown, Home: "near"}, 0},
	} {
		if got := c.b.elsewhere(c.of); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
