package balancer

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSharesFollowWeights(t *testing.T) {
	for _, weights := range [][]int{{1}, {1, 1}, {1, 3}, {5, 1, 1}, {1, 2, 3, 4}, {100, 1, 99}, slices.Repeat([]int{1}, 20), slices.Repeat([]int{1, 5}, 50)} {
		for _, policy := range []Policy{LeastConn, P2C, Random, ConsistentHash, PeakEWMA} { // without a key: p2c
			members := weighing(weights...)
			got := counts(t, NewView(Settings{Policy: policy}, members, nil), newRequest(), 20_000, false)
			sharesNear(t, got, members)
		}
	}
}

// Held requests make the load visible: then the load itself is as the weights say, much closer than dice are.
func TestLoadFollowsWeights(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {1, 3}, {5, 1, 1}, {1, 2, 3, 4}, slices.Repeat([]int{1}, 20)} {
		for _, policy := range []Policy{LeastConn, P2C, PeakEWMA} {
			members := weighing(weights...)
			r := newRequest()
			for _, m := range members {
				m.Backend.timed.Store(true)
				m.Backend.Observe(r.Now, 1e6, Succeeded)
			}
			total := 0
			for _, w := range weights {
				total += w
			}
			n := 200 * total
			got := counts(t, NewView(Settings{Policy: policy}, members, nil), r, n, true)
			slack := map[Policy]float64{LeastConn: 0.01, P2C: 0.06, PeakEWMA: 0.06}[policy]
			for i, w := range weights {
				if want := float64(200 * w); math.Abs(float64(got[i])-want) > want*slack {
					t.Errorf("%v %v: %v in flight, want 200 times the weights", policy, weights, got)
					break
				}
			}
		}
	}
}

func TestLeastConnTakesTheLeastLoaded(t *testing.T) {
	members := weighing(1, 1, 4)
	for range 2 {
		members[0].Backend.acquire(0)
		members[1].Backend.acquire(0)
	}
	for range 5 {
		members[2].Backend.acquire(0)
	}
	v := NewView(Settings{}, members, nil)
	for i := range 20 {
		m, _ := v.Pick(newRequest())
		if m.Index != 2 { // 5/4 < 2
			t.Fatalf("pick %d: member %d", i, m.Index)
		}
		m.Release()
	}
}

func TestLeastConnKnowsMostOfALargePool(t *testing.T) {
	members := some(500)
	v := NewView(Settings{}, members, nil)
	got := counts(t, v, newRequest(), 500*20, true)
	if most, least := slices.Max(got), slices.Min(got); most > 23 || least < 17 {
		t.Errorf("20 each on the average, from %d to %d", least, most)
	}
}

func TestPowerOfTwoChoicesDrawsDifferentMembers(t *testing.T) {
	members := some(2)
	members[0].Backend.acquire(0)
	v := NewView(Settings{Policy: P2C}, members, nil)
	got := counts(t, v, newRequest(), 1000, false)
	if got[0] != 0 {
		t.Errorf("the busier of two got %d of 1000: it was compared with itself", got[0])
	}
}

func TestPowerOfTwoChoicesWhenOneWeightDominates(t *testing.T) {
	members := weighing(MaxWeight, 1, 1)
	for range 3 * MaxWeight / 1000 {
		members[0].Backend.acquire(0)
	}
	members[1].Backend.acquire(0)
	v := NewView(Settings{Policy: P2C}, members, nil)
	got := counts(t, v, newRequest(), 1000, false)
	if got[1] != 0 || got[2] == 0 { // 3/1000 beats 1; an idle one beats both
		t.Errorf("shares %v", got)
	}
}

func TestRoundRobinIsSmooth(t *testing.T) {
	for _, tc := range []struct {
		weights []int
		want    string
	}{
		{[]int{1, 1, 1}, "abcabcabc"},
		{[]int{5, 1, 1}, "aabacaaaabacaa"},
		{[]int{10, 2, 2}, "aabacaaaabacaa"},
		{[]int{4, 2, 1}, "abacabaabacaba"},
		{[]int{1, 2}, "babbab"},
		{[]int{3}, "aaa"},
	} {
		v := NewView(Settings{Policy: RoundRobin}, weighing(tc.weights...), nil)
		r := newRequest()
		var got strings.Builder
		for range tc.want {
			m, _ := v.Pick(r)
			got.WriteByte("abc"[m.Index])
			m.Release()
		}
		if got.String() != tc.want {
			t.Errorf("weights %v: %s, want %s", tc.weights, got.String(), tc.want)
		}
	}
}

func TestRoundRobinRoundsHugeWeights(t *testing.T) {
	members := weighing(MaxWeight, MaxWeight-1, MaxWeight/2+1, 1)
	p := newRoundRobin(pointers(members), new(turn))
	if n := len(p.schedule); n > roundRobinLongest+len(members) {
		t.Fatalf("a schedule of %d turns", n)
	}
	got := make([]int, 4)
	for _, i := range p.schedule {
		got[i]++
	}
	if got[3] != 1 || got[0]-got[1] > 1 || got[0]-2*got[2] > 2 || 2*got[2]-got[0] > 2 {
		t.Errorf("turns %v", got)
	}
}

func TestRoundRobinGoesOnInTheNextView(t *testing.T) {
	settings := Settings{Policy: RoundRobin}
	members := some(3)
	r := newRequest()
	var v *View
	var got []int
	for range 6 {
		v = NewView(settings, members, v)
		m, _ := v.Pick(r)
		got = append(got, m.Index)
	}
	if !slices.Equal(got, []int{0, 1, 2, 0, 1, 2}) {
		t.Errorf("one pick in each of six views: %v", got)
	}
}

// Two tiers with one counter would beat time: alternating picks would always hit the same member of each.
func TestRoundRobinCountsEachTierForItself(t *testing.T) {
	members := some(4)
	for i := range members {
		members[i].Region = []string{"eu", "us"}[i/2]
	}
	v := NewView(Settings{Policy: RoundRobin, Regions: []string{"eu", "us"}}, members, nil)
	r := newRequest()
	got := make([]int, 4)
	for i := range 400 {
		r.AvoidRegion = []string{"", "eu"}[i%2]
		m, _ := v.Pick(r)
		got[m.Index]++
	}
	if !slices.Equal(got, []int{100, 100, 100, 100}) {
		t.Errorf("shares %v", got)
	}
}

// The members next to full ones in the list must not inherit their traffic.
func TestTrafficOfFullMembersGoesToAllOthers(t *testing.T) {
	for _, policy := range []Policy{Random, P2C, LeastConn} {
		members := some(8)
		for i := range 6 {
			members[i].MaxRequests = 1
			members[i].Backend.acquire(0)
		}
		got := counts(t, NewView(Settings{Policy: policy}, members, nil), newRequest(), 4000, false)
		if got[6] < 1600 || got[7] < 1600 {
			t.Errorf("%v: %v", policy, got)
		}
	}
}

func TestEverySlotIsFoundBeforeFull(t *testing.T) {
	for _, policy := range allPolicies {
		for _, n := range []int{1, 2, 3, 10, 100} {
			members := some(n)
			slots := 0
			for i := range members {
				members[i].MaxRequests = int64(1 + i%4)
				members[i].Weight = 1 + i%3
				slots += 1 + i%4
			}
			v := NewView(Settings{Policy: policy}, members, nil)
			r := newRequest()
			for i := range slots {
				r.Key, r.Keyed = uint64(i%3), true
				if m, o := v.Pick(r); m == nil {
					t.Fatalf("%v: %v after %d of %d slots", policy, o, i, slots)
				}
			}
			if m, o := v.Pick(r); m != nil || o != Full {
				t.Errorf("%v: %v when all %d slots are taken", policy, o, slots)
			}
		}
	}
}

func TestPeakEWMA(t *testing.T) {
	type sample struct {
		at, latency int64
		failed      bool
	}
	ms := int64(1e6)
	for _, tc := range []struct {
		name     string
		samples  []sample
		at       int64
		min, max float64 // of the cost, ms
	}{
		{"no sample, no cost", nil, 1, 0, 0},
		{"the first is taken as it is", []sample{{0, 5 * ms, false}}, 0, 5, 5},
		{"a peak counts at once", []sample{{0, 5 * ms, false}, {1, 80 * ms, false}}, 1, 80, 80},
		{"better times count slowly", []sample{{0, 80 * ms, false}, {1e9, 1 * ms, false}}, 1e9, 70, 74},
		{"after ten seconds by 1-1/e", []sample{{0, 80 * ms, false}, {10e9, 0, false}}, 10e9, 29, 30},
		{"an idle one fades", []sample{{0, 80 * ms, false}}, 10e9, 29, 30},
		{"a fast failure is no good time", []sample{{0, 80 * ms, false}, {10e9, 1, true}}, 10e9, 80, 80},
		{"a slow failure is a bad time", []sample{{0, 80 * ms, false}, {1, 900 * ms, true}}, 1, 900, 900},
		{"a failure alone tells nothing", []sample{{0, 1 * ms, true}}, 0, 0, 0},
		{"a clock behind ours fades nothing", []sample{{10e9, 5 * ms, false}}, 9e9, 5, 5},
	} {
		b := NewBackend("b")
		for _, s := range tc.samples {
			b.observeLatency(s.at, s.latency, s.failed)
		}
		cost, last := unpackCost(b.cost.Load())
		if got := cost * fade(last, uint32(tc.at>>ewmaTick)) / 1e6; got < tc.min*0.999 || got > tc.max*1.001 {
			t.Errorf("%s: %.2f ms, want %v to %v", tc.name, got, tc.min, tc.max)
		}
	}
}

func TestPeakEWMAPrefersTheFaster(t *testing.T) {
	members := some(2)
	v := NewView(Settings{Policy: PeakEWMA}, members, nil)
	r := newRequest()
	got := make([]int, 2)
	for range 5000 {
		r.Now += 2e6
		m, _ := v.Pick(r)
		got[m.Index]++
		m.Backend.Observe(r.Now, []int64{1e6, 20e6}[m.Index], Succeeded)
		m.Release()
	}
	if got[1] == 0 || got[1]*20 > got[0] {
		t.Errorf("the one that takes 20 times as long got %d, the other %d", got[1], got[0])
	}
}

// An idle member's cost fades, but it must not come to look faster than the fastest one really is.
func TestPeakEWMAFadesToTheBestOfTheTier(t *testing.T) {
	members := some(2)
	v := NewView(Settings{Policy: PeakEWMA}, members, nil)
	r := newRequest()
	members[0].Backend.Observe(r.Now, 1e6, Succeeded)
	members[1].Backend.Observe(r.Now, 50e6, Succeeded)
	p := v.regions[0].tiers[0].picker.(*peakEWMA)
	for range 600 {
		r.Now += second
		members[0].Backend.Observe(r.Now, 1e6, Succeeded)
	}
	floor := p.lowest(r.Now)
	if got := p.expect(&v.members[1], r.Now, floor); got < 0.99e6 {
		t.Errorf("after ten minutes the slow one is expected to take %.3f ms", got/1e6)
	}
}

func TestPeakEWMATriesAnUnknownOneOnceAtATime(t *testing.T) {
	members := some(2)
	v := NewView(Settings{Policy: PeakEWMA}, members, nil)
	r := newRequest()
	members[0].Backend.Observe(r.Now, 1e6, Succeeded)
	got := counts(t, v, r, 50, true)
	if got[1] != 1 {
		t.Errorf("%d requests at once to one that never answered", got[1])
	}
}

func TestLatencyCostsNothingUnlessThePolicyNeedsIt(t *testing.T) {
	members := some(1)
	NewView(Settings{Policy: P2C}, members, nil)
	members[0].Backend.Observe(second, 1e6, Succeeded)
	if members[0].Backend.cost.Load() != 0 {
		t.Error("p2c: latency was recorded")
	}
	NewView(Settings{Policy: PeakEWMA}, members, nil)
	members[0].Backend.Observe(second, 1e6, Succeeded)
	if members[0].Backend.cost.Load() == 0 {
		t.Error("peak_ewma: latency was not recorded")
	}
}

func TestPolicyNames(t *testing.T) {
	for _, p := range allPolicies {
		if got, ok := ParsePolicy(p.String()); !ok || got != p {
			t.Errorf("%v is parsed as %v, %v", p, got, ok)
		}
	}
	if _, ok := ParsePolicy("leastconn"); ok {
		t.Error("leastconn is not one of ours")
	}
}

func pointers(members []Member) (list []*Member) {
	for i := range members {
		list = append(list, &members[i])
	}
	return list
}
