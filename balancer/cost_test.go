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
	for _, timed := range []bool{false, true} {
		b.Run(fmt.Sprintf("timed=%v", timed), func(b *testing.B) {
			backend := NewBackend("b")
			backend.timed.Store(timed)
			now := second
			for b.Loop() {
				now += 1e5
				backend.Observe(now, 1e6, Succeeded)
			}
		})
	}
}
