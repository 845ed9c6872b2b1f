package balancer

import (
	"math"
	"testing"
)

func TestWarmth(t *testing.T) {
	b := NewBackend("b")
	if w := b.warmth(0, 10*second); w != warmthUnit {
		t.Errorf("a backend of which nobody said that it is new has a warmth of %d", w)
	}
	b.Warm(5 * second)
	for _, tc := range []struct {
		after int64
		want  float64
	}{{0, 0.1}, {second / 2, 0.1}, {second, 0.1}, {2 * second, 0.2}, {5 * second, 0.5}, {10 * second, 1}, {99 * second, 1}, {-second, 0.1}} {
		if got := float64(b.warmth(5*second+tc.after, 10*second)) / warmthUnit; math.Abs(got-tc.want) > 0.01 {
			t.Errorf("after %d s: %v, want %v", tc.after/second, got, tc.want)
		}
	}
}

// Of four, one is new: it gets a part of its fair share that grows with its warmth, whatever the policy.
func TestANewBackendStartsSlowly(t *testing.T) {
	for _, policy := range allPolicies {
		for _, keyed := range []bool{false, true} {
			if keyed && policy != ConsistentHash {
				continue
			}
			members := some(4)
			for i := range members {
				members[i].Backend.timed.Store(true)
				members[i].Backend.Observe(second, 5e6, Succeeded)
			}
			v := NewView(Settings{Policy: policy, SlowStart: 10 * second, BoundedLoad: math.Inf(1)}, members, nil)
			last := 0.0
			for _, after := range []int64{0, 3, 6, 10} {
				r := newRequest()
				r.Keyed = keyed
				members[0].Backend.Warm(r.Now - after*second)
				got := make([]float64, 4)
				var running []*Member
				for range 20_000 {
					r.Key = r.Rand.Uint64()
					m, _ := v.Pick(r)
					got[m.Index]++
					if running = append(running, m); len(running) == 80 { // 20 each on the average
						running[0].Release()
						running = running[1:]
					}
				}
				for _, m := range running {
					m.Release()
				}
				part := got[0] / ((got[1] + got[2] + got[3]) / 3)
				warmth := max(0.1, float64(after)/10)
				if part > warmth+0.08 || part < last || after == 10 && part < 0.93 {
					t.Errorf("%v (keyed %v), %d of 10 s: %.2f of a share", policy, keyed, after, part)
				}
				last = part
			}
		}
	}
}

func TestAKeyThatCameToAWarmingBackendStaysThere(t *testing.T) {
	members := some(4)
	v := NewView(Settings{Policy: ConsistentHash, SlowStart: 10 * second, BoundedLoad: math.Inf(1)}, members, nil)
	r := newRequest()
	r.Keyed = true
	members[0].Backend.Warm(r.Now)
	was := make([]bool, 2000)
	for step := range int64(11) {
		r.Now = (1 + step) * second
		for k := range was {
			r.Key = Hash(string(rune(k)))
			m, _ := v.Pick(r)
			if was[k] && m.Index != 0 {
				t.Fatalf("key %d left after %d s", k, step)
			}
			was[k] = m.Index == 0
			m.Release()
		}
	}
}

func TestALimitWarmsUpAndStillRefusesNobody(t *testing.T) {
	members := regional(1, 100, "home", "away")
	v := NewView(Settings{Regions: []string{"home", "away"}, SlowStart: 10 * second}, members, nil)
	r := newRequest()
	members[0].Backend.Warm(r.Now)
	for _, tc := range []struct{ at, want int64 }{{1, 10}, {4, 30}, {6, 50}, {11, 100}, {60, 100}} {
		r.Now = tc.at * second
		v.Tick(r.Now)
		if got := v.regions[0].capacity.Load(); got < tc.want-1 || got > tc.want+1 {
			t.Errorf("capacity %d after %d s, want %d", got, tc.at-1, tc.want)
		}
	}
	r.Now = 100 * second
	members[0].Backend.Warm(r.Now)
	got, full, _ := fillUp(t, v, r, 210)
	if got["home"] != 100 || got["away"] != 100 || full != 10 {
		t.Errorf("%v and %d refused: a cold limit must steer only", got, full)
	}
}

func TestTheFirstBackendsOfAPoolNeedNoSlowStart(t *testing.T) {
	v := NewView(Settings{Regions: []string{"home", "away"}, SlowStart: 10 * second}, regional(1, 100, "home", "away"), nil)
	if got, _, _ := fillUp(t, v, newRequest(), 100); got["home"] != 100 {
		t.Errorf("%v", got)
	}
}
