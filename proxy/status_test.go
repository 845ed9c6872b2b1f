package proxy

import (
	"slices"
	"testing"
	"time"

	"spillway/balancer"
	"spillway/health"
)

// membersIn makes backends in these states; a capital letter stands for no limit.
func membersIn(states string) []balancer.Member {
	check := &health.CheckSettings{Interval: time.Second, Rise: 1, Fall: 1}
	group := health.NewGroup(health.Settings{Check: check})
	var members []balancer.Member
	for i, state := range states {
		tracker := group.Tracker(string(rune('a'+i)), 0)
		switch state {
		case 'h', 'H':
			tracker.CheckPassed(1)
		case 'u':
			tracker.CheckFailed(1, "status 500", false)
		case 'd':
			tracker.SetEnabled(false, 1)
		}
		m := balancer.Member{Weight: 1, MaxRequests: 5, Data: &backend{tracker: tracker}}
		if state == 'H' {
			m.MaxRequests = 0
		}
		members = append(members, m)
	}
	return members
}

func TestStateAndCapacityOfARegion(t *testing.T) {
	for _, c := range []struct {
		backends string // healthy, Healthy without limit, unhealthy, draining, warming
		inPanic  bool
		state    RegionState
		capacity int64
	}{
		{"", false, RegionUnavailable, 0},
		{"", true, RegionUnavailable, 0},
		{"h", false, RegionHealthy, 5},
		{"hh", false, RegionHealthy, 10},
		{"hH", false, RegionHealthy, 0},
		{"hu", false, RegionDegraded, 5},
		{"Hu", false, RegionDegraded, 0},
		{"hw", false, RegionDegraded, 5},
		{"hd", false, RegionHealthy, 5},
		{"hud", false, RegionDegraded, 5},
		{"u", false, RegionUnavailable, 0},
		{"uw", false, RegionUnavailable, 0},
		{"ud", false, RegionUnavailable, 0},
		{"uu", true, RegionPanic, 0},
		{"ud", true, RegionPanic, 0},
		{"dd", false, RegionDraining, 0},
		{"dd", true, RegionDraining, 0},
	} {
		members := membersIn(c.backends)
		if got := regionState(members, c.inPanic); got != c.state {
			t.Errorf("%q, panic %v: %s, want %s", c.backends, c.inPanic, got, c.state)
		}
		if got := capacity(members); got != c.capacity {
			t.Errorf("%q has a capacity of %d, want %d", c.backends, got, c.capacity)
		}
	}
	idle := membersIn("hh")
	idle[0].Weight = 0
	if got := capacity(idle); got != 5 {
		t.Errorf("one of weight 0 counts: capacity %d", got)
	}
}

func TestSharesOfRegions(t *testing.T) {
	for _, c := range []struct {
		open   []bool
		recent []uint64
		want   []float64
	}{
		{[]bool{true}, []uint64{0}, []float64{1}},
		{[]bool{true, true}, []uint64{0, 0}, []float64{1, 0}},
		{[]bool{false, true, true}, []uint64{0, 0, 0}, []float64{0, 1, 0}},
		{[]bool{false, false}, []uint64{9, 9}, []float64{0, 0}},
		{[]bool{true, true}, []uint64{75, 25}, []float64{0.75, 0.25}},
		{[]bool{true, true, true}, []uint64{1, 1, 1}, []float64{0.333, 0.333, 0.333}},
		// What a region got before it closed is not what it gets now.
		{[]bool{false, true}, []uint64{100, 4}, []float64{0, 1}},
		{[]bool{false, true}, []uint64{100, 0}, []float64{0, 1}},
	} {
		regions := make([]RegionStatus, len(c.open))
		share(regions, c.open, c.recent)
		var got []float64
		for _, r := range regions {
			got = append(got, r.Share)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("open %v, recent %v: %v, want %v", c.open, c.recent, got, c.want)
		}
	}
}

// A region of backends that get no new requests has none to share.
func TestNoShareWithoutWeight(t *testing.T) {
	s := newServer(t, `
region: near
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}]
pools: [{name: a, backends: [{address: "127.0.0.1:1", weight: 0}, {address: "127.0.0.1:2", region: far}]}]
`, 1)
	regions := s.Status().Pools[0].Regions
	if len(regions) != 2 || regions[0].Share != 0 || regions[1].Share != 1 {
		t.Errorf("%+v", regions)
	}
}
