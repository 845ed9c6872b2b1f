package proxy

import (
	"slices"
	"testing"
	"time"

	"spillway/balancer"
	"spillway/health"
)

// membersIn makes backends in these states.
func membersIn(states string) []balancer.Member {
	check := &health.CheckSettings{Interval: time.Second, Rise: 1, Fall: 1}
	group := health.NewGroup(health.Settings{Check: check})
	var members []balancer.Member
	for i, state := range states {
		tracker := group.Tracker(string(rune('a'+i)), 0)
		switch state {
		case 'h':
			tracker.CheckPassed(1)
		case 'u':
			tracker.CheckFailed(1, "status 500", false)
		case 'd':
			tracker.SetEnabled(false, 1)
		}
		members = append(members, balancer.Member{Weight: 1, MaxRequests: 5, Data: &backend{tracker: tracker}})
	}
	return members
}

func TestStateOfARegion(t *testing.T) {
	for _, c := range []struct {
		backends string // healthy, unhealthy, draining, warming
		inPanic  bool
		state    RegionState
	}{
		{"", false, RegionUnavailable},
		{"", true, RegionUnavailable},
		{"h", false, RegionHealthy},
		{"hh", false, RegionHealthy},
		{"hu", false, RegionDegraded},
		{"hw", false, RegionDegraded},
		{"hd", false, RegionHealthy},
		{"hud", false, RegionDegraded},
		{"u", false, RegionUnavailable},
		{"uw", false, RegionUnavailable},
		{"ud", false, RegionUnavailable},
		{"uu", true, RegionPanic},
		{"ud", true, RegionPanic},
		{"dd", false, RegionDraining},
		{"dd", true, RegionDraining},
	} {
		members := membersIn(c.backends)
		if got := regionState(members, c.inPanic); got != c.state {
			t.Errorf("%q, panic %v: %s, want %s", c.backends, c.inPanic, got, c.state)
		}
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

func TestStatusTellsOfLimitsRoomAndWays(t *testing.T) {
	s := newServer(t, `
region: near
regions: {far: {rtt: 80ms}, beyond: {rtt: 5ms}}
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}]
pools:
  - name: a
    spill: {to: [far]}
    backends:
      - {address: "127.0.0.1:1", max_requests: 5}
      - {address: "127.0.0.1:2", max_requests: 7, region: far}
      - {address: "127.0.0.1:3", region: beyond}
`, 1)
	p := s.pools["a"]
	member := &p.view.Load().Members()[0]
	for range 5 {
		member.Acquire()
	}
	p.mu.Lock()
	p.view.Load().Limit("far", 0.25)
	p.mu.Unlock()
	for i, want := range []RegionStatus{
		{Name: "near", State: RegionFull, Keeps: 1, Capacity: 5, Inflight: 5, Reason: "full: 5 in flight, room for 5"},
		{Name: "beyond", State: RegionHealthy, Keeps: 1, Reason: "no request to the pool may use it"},
		{Name: "far", State: RegionDraining, Keeps: 0.25, Capacity: 7, Room: 7, RTT: 80, Reason: "an operator lets it keep 25.0% of what would reach it"},
	} {
		got := s.Status().Pools[0].Regions[i]
		if got.Name != want.Name || got.State != want.State || got.Keeps != want.Keeps || got.Capacity != want.Capacity ||
			got.Inflight != want.Inflight || got.Room != want.Room || got.RTT != want.RTT || got.Reason != want.Reason {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if b := s.Status().Pools[0].Regions[0].Backends[0]; b.Limit != 5 || b.Warmth != 1 || b.Load != 5 {
		t.Errorf("%+v", b)
	}
	for range 5 {
		member.Release()
	}
}
