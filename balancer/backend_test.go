package balancer

import (
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

func TestAcquireIsExactAcrossGoroutines(t *testing.T) {
	const max, goroutines, rounds = 7, 8, 5000
	b := NewBackend("b")
	var now, most, taken atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range rounds {
				if !b.acquire(max) {
					continue
				}
				taken.Add(1)
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				now.Add(-1)
				b.release()
			}
		})
	}
	all.Wait()
	if most.Load() > max {
		t.Errorf("%d at once, limit %d", most.Load(), max)
	}
	if b.Inflight() != 0 || taken.Load() == 0 {
		t.Errorf("%d in flight at the end, %d taken", b.Inflight(), taken.Load())
	}
}

func TestAcquireLimit(t *testing.T) {
	for _, tc := range []struct {
		max   int64
		calls int
		want  int64
	}{{max: 3, calls: 5, want: 3}, {max: 1, calls: 2, want: 1}, {max: 0, calls: 5, want: 5}, {max: -1, calls: 5, want: 5}} {
		b := NewBackend("b")
		for range tc.calls {
			b.acquire(tc.max)
		}
		if b.Inflight() != tc.want {
			t.Errorf("max %d: %d of %d calls took a slot, want %d", tc.max, b.Inflight(), tc.calls, tc.want)
		}
	}
}

func TestBackendKeepsItsLiveNumbersOnLinesOfItsOwn(t *testing.T) {
	var b Backend
	if at := unsafe.Offsetof(b.inflight); at%128 != 0 {
		t.Errorf("inflight stands at %d", at)
	}
	if size := unsafe.Sizeof(b); size%128 != 0 {
		t.Errorf("a backend takes %d bytes", size)
	}
}

func TestPenaltyCountsFailuresAndForgetsThem(t *testing.T) {
	b := NewBackend("b")
	for _, now := range []int64{0, second, 1000 * second} {
		if p := b.penalty(now); p != 0 {
			t.Fatalf("no failure, but a penalty of %d at %d", p, now)
		}
	}
	for n := int64(1); n <= 5; n++ {
		b.Observe(second, 1, Failed)
		if p := b.penalty(second); p < n*loadUnit-n || p > n*loadUnit+n {
			t.Errorf("%d failures weigh %d, want %d", n, p, n*loadUnit)
		}
	}
	before := b.penalty(second)
	for now := 2 * second; now < 30*second; now += second {
		p := b.penalty(now)
		if p > before || p == before && p > 0 {
			t.Errorf("the penalty went from %d to %d with time", before, p)
		}
		before = p
	}
	if before != 0 {
		t.Errorf("after half a minute %d are left", before)
	}
}

func TestPenaltyOfAnOutageIsBounded(t *testing.T) {
	b := NewBackend("b")
	for now := range 100 * second / 1e6 {
		b.Observe(now*1e6, 1, Failed)
	}
	if p := b.penalty(100 * second); p > penaltyMost*loadUnit {
		t.Errorf("penalty of %d requests", p/loadUnit)
	}
	if p := b.penalty(160 * second); p != 0 {
		t.Errorf("a minute after the outage it is %d", p)
	}
}

func TestPenaltyLosesNoConcurrentFailure(t *testing.T) {
	b := NewBackend("b")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				b.Observe(second, 1, Failed)
			}
		})
	}
	all.Wait()
	if p := b.penalty(second) / loadUnit; p < 399 || p > 401 {
		t.Errorf("400 failures weigh %d", p)
	}
}

// A backend that fails fast is idle whenever a request is to be placed. It must not get them all for that.
func TestFastFailureAttractsNoTraffic(t *testing.T) {
	for _, policy := range allPolicies {
		for _, most := range []int{0, 8} { // BoundedFrom
			if most > 0 && policy != ConsistentHash {
				continue
			}
			failFast(t, policy, int64(most))
		}
	}
}

func failFast(t *testing.T, policy Policy, boundedFrom int64) {
	members := some(3)
	v := NewView(Settings{Policy: policy, BoundedFrom: boundedFrom}, members, nil)
	r := newRequest()
	r.Keyed = true
	failed, n := 0, 0
	type exchange struct {
		m   *Member
		end int64
	}
	var running []exchange
	for ; r.Now < 20*second; r.Now += 1e6 { // 1000 a second, 50 ms each, unless it fails at once
		for len(running) > 0 && running[0].end <= r.Now {
			running[0].m.Backend.Observe(r.Now, 50e6, Succeeded)
			running[0].m.Release()
			running = running[1:]
		}
		r.Key = r.Rand.Uint64()
		m, _ := v.Pick(r)
		n++
		if m.Index == 0 {
			failed++
			m.Backend.Observe(r.Now, 1e5, Failed)
			m.Release()
			continue
		}
		running = append(running, exchange{m, r.Now + 50e6})
	}
	if failed*20 > n {
		t.Errorf("%v: %d of %d requests went to the failing backend", policy, failed, n)
	}
	if failed == 0 {
		t.Errorf("%v: the failing backend was never tried again", policy)
	}
}
