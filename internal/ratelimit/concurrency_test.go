package ratelimit_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"spillway/internal/ratelimit"
)

func TestConcurrency(t *testing.T) {
	c := ratelimit.NewConcurrency(2)
	acquire := func(key uint64, want bool) {
		t.Helper()
		if got := c.Acquire(key); got != want {
			t.Errorf("key %d: %v", key, got)
		}
	}
	acquire(1, true)
	acquire(1, true)
	acquire(1, false)
	acquire(2, true)
	c.Release(1)
	acquire(1, true)
	c.Configure(1) // two are in progress: both have to end before the next one
	c.Release(1)
	acquire(1, false)
	c.Release(1)
	acquire(1, true)
	c.Configure(0) // no limit, but they count
	acquire(1, true)
	c.Configure(2)
	acquire(1, false)
	c.Release(1)
	c.Release(1)
	c.Release(2)
	if c.Len() != 0 {
		t.Errorf("%d keys are left", c.Len())
	}
}

func TestConcurrencyIsExact(t *testing.T) {
	const limit, keys = 3, 5
	c := ratelimit.NewConcurrency(limit)
	var inProgress [keys]atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 3000 {
				key := rand.IntN(keys)
				if !c.Acquire(uint64(key)) {
					continue
				}
				if n := inProgress[key].Add(1); n > limit {
					t.Errorf("%d at once", n)
				}
				inProgress[key].Add(-1)
				c.Release(uint64(key))
			}
		})
	}
	wg.Wait()
	if c.Len() != 0 {
		t.Errorf("%d keys are left", c.Len())
	}
}
