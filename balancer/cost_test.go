package balancer

import (
	"fmt"
	"testing"
)

func TestPicksAllocateNothing(t *testing.T) {
	for _, policy := range allPolicies {
		for _, n := range []int{1, 2, 10, 100} {
			members := some(n)
			for i := range members {
				members[i].Weight, members[i].MaxRequests = 1+i%3, 100
			}
			v := NewView(Settings{Policy: policy}, members, nil)
			r := newRequest()
			r.Affinity = NewAffinity(1000, 60*second)
			budget, queue := NewRetryBudget(0.2, 10), NewQueue(10)
			work := func() {
				for i := range 1000 {
					r.Now += 1e6
					r.Key, r.Keyed = uint64(i%50), i%3 != 0
					budget.Request(r.Now)
					m, _ := v.Pick(r)
					r.Tried = append(r.Tried[:0], m.Backend)
					if again, _ := v.Pick(r); again != nil && budget.Allow(r.Now) {
						again.Backend.Observe(r.Now, int64(i), Failed)
						again.Release()
					} else if again != nil {
						again.Release()
					}
					r.Tried = r.Tried[:0]
					m.Backend.Observe(r.Now, int64(i), Succeeded)
					queue.Release(v.ByHash(m.Backend.Hash()), v, r.Now)
				}
			}
			work() // the affinity table learns the keys, Tried gets its array
			if got := testing.AllocsPerRun(1, work); got != 0 {
				t.Errorf("%v, %d members: %v allocations in 1000 exchanges", policy, n, got)
			}
		}
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	v, m, r := oneSlot(t)
	q, w := NewQueue(4), &Waiter{Wake: func() {}}
	if got := testing.AllocsPerRun(1, func() {
		for range 1000 {
			q.Join(w, v, r)
			q.Release(m, v, second)
		}
	}); got != 0 {
		t.Errorf("%v allocations in 1000 waits", got)
	}
}

// The whole way of a request through a pool with regions that are full, hold, spill, learn and shed.
func TestSpillingAllocatesNothing(t *testing.T) {
	for _, policy := range allPolicies {
		members := regional(3, 2, "eu", "us", "ap")
		for i := range 3 {
			members[6+i].MaxRequests = 0
		}
		v := NewView(Settings{Policy: policy, Regions: []string{"eu", "us", "ap"}, RTT: []int64{0, 80e6, 90e6}, Hold: 2, Learn: true, SlowStart: 10 * second}, members, nil)
		q, shedder, w := NewQueue(10), new(Shedder), &Waiter{Wake: func() {}}
		budgets := RetryBudgets{NewRetryBudget(0.2, 10), NewRetryBudget(0.1, 10)}
		r := newRequest()
		allowed, tried := []string{"eu", "ap"}, make([]*Backend, 1)
		running := make([]*Member, 0, 64)
		shedder.set(0.3)
		work := func() {
			for i := range 1000 {
				r.Now += 1e6
				r.Key, r.Keyed, r.NoHold, r.Holding, r.Allowed, r.Tried = uint64(i%50), i%3 != 0, i%5 == 0, q.Holding(), nil, nil
				if i%7 == 0 {
					r.Allowed = allowed
				}
				budgets.Request(r.Now)
				if i%11 == 0 {
					tried[0] = members[i%9].Backend
					r.Tried = tried
					budgets.Aim(r, budgets.Allow(r.Now, i%2 == 0), "eu")
				}
				if !shedder.Admit(1+i%100, i%4 == 0, r.Now, r.Rand) {
					continue
				}
				m, o := v.Pick(r)
				shedder.Observe(m == nil, r.Now)
				if o == Hold && q.Hold(w, v, r) {
					m = q.Leave(w)
				}
				if m != nil {
					running = append(running, m)
				}
				if len(running) == 20 {
					running[0].Backend.Report(r.Now, 0.5)
					running[0].Backend.Observe(r.Now, 5e6, Result(i%3))
					q.Release(running[0], v, r.Now)
					running = append(running[:0], running[1:]...)
				}
			}
		}
		work()
		if got := testing.AllocsPerRun(1, work); got != 0 {
			t.Errorf("%v: %v allocations in 1000 exchanges", policy, got)
		}
	}
}

// BenchmarkSpill is a pick and its release with home full, or by a part of the keys, and with all that moves a brim.
func BenchmarkSpill(b *testing.B) {
	for _, tc := range []struct {
		name     string
		settings Settings
		max      int64
		prepare  func(v *View)
	}{
		{"room", Settings{}, 100, func(*View) {}},
		{"full", Settings{}, 1, func(v *View) {
			for i := range 10 {
				v.members[i].Acquire()
			}
		}},
		{"learned", Settings{Learn: true, SlowStart: 10 * second}, 0, func(v *View) {
			for i := range v.members {
				learned(v.members[i].Backend, 10)
			}
		}},
		{"returning", Settings{}, 0, func(v *View) { v.regions[0].place.flow.publish(0.5, 1) }},
		{"keys", Settings{Policy: ConsistentHash}, 100, func(v *View) { setShares(v, 0.5) }},
	} {
		b.Run(tc.name, func(b *testing.B) {
			tc.settings.Regions = []string{"eu", "us", "ap"}
			v := NewView(tc.settings, regional(10, tc.max, tc.settings.Regions...), nil)
			r := newRequest()
			v.Tick(r.Now)
			tc.prepare(v)
			r.Keyed = true
			b.ReportAllocs()
			for b.Loop() {
				r.Key++
				m, _ := v.Pick(r)
				m.Release()
			}
		})
	}
}

// BenchmarkTick is what one pick in 100 ms does for all.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := NewView(Settings{Learn: true, SlowStart: second}, some(n), nil)
			for i := range v.members {
				learned(v.members[i].Backend, 10)
			}
			now := second
			for b.Loop() {
				now += tickEvery
				v.Tick(now)
			}
		})
	}
}

func BenchmarkShed(b *testing.B) {
	var s Shedder
	s.set(0.5)
	dice, now := NewRand(1), second
	for b.Loop() {
		now += 1e4
		if s.Admit(50, false, now, dice) {
			s.Observe(false, now)
		}
	}
}

// BenchmarkPick is one pick and release on a loop of its own; BenchmarkPickShared has all loops pick from one pool.
func BenchmarkPick(b *testing.B) {
	for _, policy := range allPolicies {
		for _, n := range []int{2, 10, 100} {
			b.Run(fmt.Sprintf("%v/%d", policy, n), func(b *testing.B) {
				v := NewView(Settings{Policy: policy}, some(n), nil)
				r := newRequest()
				r.Keyed = true
				b.ReportAllocs()
				for b.Loop() {
					r.Key++
					m, _ := v.Pick(r)
					m.Release()
				}
			})
		}
	}
}

func BenchmarkPickShared(b *testing.B) {
	for _, policy := range allPolicies {
		b.Run(fmt.Sprintf("%v/10", policy), func(b *testing.B) {
			v := NewView(Settings{Policy: policy}, some(10), nil)
			b.RunParallel(func(pb *testing.PB) {
				r := newRequest()
				r.Keyed = true
				for pb.Next() {
					r.Key++
					m, _ := v.Pick(r)
					m.Release()
				}
			})
		})
	}
}

func BenchmarkPickWeighted(b *testing.B) {
	for _, policy := range allPolicies {
		b.Run(fmt.Sprintf("%v/10", policy), func(b *testing.B) {
			v := NewView(Settings{Policy: policy}, weighing(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), nil)
			r := newRequest()
			r.Keyed = true
			for b.Loop() {
				r.Key++
				m, _ := v.Pick(r)
				m.Release()
			}
		})
	}
}

func BenchmarkNewView(b *testing.B) {
	for _, tc := range []struct {
		name     string
		policy   Policy
		n        int
		previous bool
	}{{"least_conn/100", LeastConn, 100, true}, {"consistent_hash/100", ConsistentHash, 100, false}, {"consistent_hash/100/flap", ConsistentHash, 100, true}} {
		b.Run(tc.name, func(b *testing.B) {
			members := some(tc.n)
			s := Settings{Policy: tc.policy}
			var previous *View
			if tc.previous {
				previous = NewView(s, members, nil)
			}
			for b.Loop() {
				members[0].Available = !members[0].Available
				NewView(s, members, previous)
			}
		})
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, name := range []string{"plain", "timed", "learns"} {
		b.Run(name, func(b *testing.B) {
			backend := NewBackend("b")
			backend.timed.Store(name == "timed")
			backend.learns.Store(name == "learns")
			now := second
			for b.Loop() {
				now += 1e5
				backend.Observe(now, 1e6, Succeeded)
			}
		})
	}
}
