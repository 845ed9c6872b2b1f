package balancer

import (
	"sync"
	"sync/atomic"
	"testing"
)

// allowed asks until the budget says no.
func allowed(b *RetryBudget, now int64) (n int) {
	for b.Allow(now) {
		n++
	}
	return n
}

func TestRetryBudget(t *testing.T) {
	type traffic struct{ from, to, perSecond int64 } // seconds
	for _, tc := range []struct {
		name    string
		share   float64
		floor   float64
		traffic []traffic
		at      int64 // seconds
		want    int
	}{
		{"no traffic: ten a second for the window", 0.2, 10, nil, 100, 100},
		{"little traffic: the floor still", 0.2, 10, []traffic{{90, 101, 5}}, 100, 100},
		{"a fifth of the window's requests", 0.2, 10, []traffic{{91, 101, 1000}}, 100, 2000},
		{"what is older does not count", 0.2, 10, []traffic{{0, 91, 1000}}, 100, 100},
		{"half the window", 0.2, 10, []traffic{{0, 96, 1000}}, 100, 1000},
		{"no floor", 0.2, 0, []traffic{{91, 101, 10}}, 100, 20},
		{"nothing allowed", 0, 0, []traffic{{91, 101, 1000}}, 100, 0},
		{"the first seconds of a process", 0.2, 10, []traffic{{0, 3, 1000}}, 2, 600},
		{"after years", 0.2, 10, []traffic{{1 << 32, 1<<32 + 3, 1000}}, 1<<32 + 2, 600},
	} {
		b := NewRetryBudget(tc.share, tc.floor)
		for _, tr := range tc.traffic {
			for s := tr.from; s < tr.to; s++ {
				for range tr.perSecond {
					b.Request(s * second)
				}
			}
		}
		if got := allowed(b, tc.at*second); got != tc.want {
			t.Errorf("%s: %d retries, want %d", tc.name, got, tc.want)
		}
	}
}

func TestRetriesAreForgottenAfterTheWindow(t *testing.T) {
	b := NewRetryBudget(0.2, 10)
	for _, tc := range []struct {
		at   int64
		want int
	}{{50, 100}, {50, 0}, {59, 0}, {60, 100}, {69, 0}, {70, 100}, {1000, 100}} {
		if got := allowed(b, tc.at*second); got != tc.want {
			t.Errorf("at %d s: %d retries, want %d", tc.at, got, tc.want)
		}
	}
}

func TestRetryBudgetToleratesClocksThatDiffer(t *testing.T) {
	b := NewRetryBudget(0.2, 0)
	for range 1000 {
		b.Request(20 * second)
	}
	if got := allowed(b, 20*second-1); got != 200 {
		t.Errorf("a loop a nanosecond behind got %d retries, want 200", got)
	}
	if b.Allow(20 * second) {
		t.Error("the retries of the loop that was behind were not counted")
	}
	late := NewRetryBudget(0.2, 10)
	late.Allow(20 * second)
	late.Request(20 * second)
	late.Request(4 * second) // a round of the ring ago
	if late.Allow(4*second) || late.requests.sum(20) != 1 {
		t.Error("a caller from long ago wrote over what is counted now")
	}
}

func TestRetryBudgetIsExactUnderConcurrency(t *testing.T) {
	b := NewRetryBudget(0.2, 0)
	var got atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				b.Request(30 * second)
			}
		})
	}
	all.Wait()
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if b.Allow(30 * second) {
					got.Add(1)
				}
			}
		})
	}
	all.Wait()
	if got.Load() != 1600 {
		t.Errorf("%d retries for 8000 requests, want 1600", got.Load())
	}
}
