package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Every duration lies within its bucket's bounds, and within the range a bucket is no wider than a quarter of its lower bound.
func TestBuckets(t *testing.T) {
	for i := 1; i < numBuckets; i++ {
		low, before := lowerBound(i), lowerBound(i-1)
		if low <= before || bucket(low) != i || bucket(low-1) != i-1 {
			t.Errorf("bucket %d begins at %d after %d, but bucket(%d) = %d and bucket(%d) = %d", i, low, before, low, bucket(low), low-1, bucket(low-1))
		}
		if i > 1 && float64(low-before) > float64(before)/4 {
			t.Errorf("bucket %d is %d wide from %d", i-1, low-before, before)
		}
	}
	if bucket(0) != 0 || bucket(math.MaxUint64) != numBuckets-1 || bucket(math.MaxInt64) != numBuckets-1 {
		t.Error("the extremes fall outside")
	}
	if low, high := time.Duration(lowerBound(1)), time.Duration(lowerBound(numBuckets-1)); low > 2*time.Microsecond || high < 100*time.Second {
		t.Errorf("the range is %v to %v", low, high)
	}
}

func TestQuantileIsWithinAQuarter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"constant":    func() float64 { return 3e6 },
		"uniform":     func() float64 { return 1e3*2 + random.Float64()*1e9 },
		"exponential": func() float64 { return 2e3 + random.ExpFloat64()*5e6 },
		"two humps": func() float64 {
			if random.IntN(10) == 0 {
				return 1e9 + random.Float64()*1e8
			}
			return 1e5 + random.Float64()*1e4
		},
		"heavy tail": func() float64 { return min(2e3*math.Exp(3*math.Abs(random.NormFloat64())), 1e11) },
	} {
		var h Histogram
		exact := make([]int64, 10_000)
		for i := range exact {
			exact[i] = int64(draw())
			h.Observe(exact[i])
		}
		slices.Sort(exact)
		for _, q := range []float64{0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
			want := exact[max(0, int(math.Ceil(q*float64(len(exact))))-1)]
			if got := h.Quantile(q); math.Abs(float64(got-want)) > float64(want)/4 {
				t.Errorf("%s: quantile %v is %v, want %v", name, q, time.Duration(got), time.Duration(want))
			}
		}
	}
}

func TestQuantileOfLittle(t *testing.T) {
	var h Histogram
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
	h.Observe(-5)
	h.Observe(0)
	if got := h.Quantile(1); got < 0 || got >= 1024 || h.Sum() != 0 {
		t.Errorf("of nothing but zeros: %d, sum %d", got, h.Sum())
	}
	h.Observe(math.MaxInt64)
	if got := time.Duration(h.Quantile(1)); got < 100*time.Second || got > 150*time.Second {
		t.Errorf("of more than it can tell: %v", got)
	}
}

func TestMergeAndSubtract(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var all, merged Histogram
	var parts [4]Histogram
	for range 5000 {
		v := int64(random.ExpFloat64() * 1e6)
		all.Observe(v)
		parts[random.IntN(len(parts))].Observe(v)
	}
	for i := range parts {
		merged.Merge(&parts[i])
	}
	if merged != all || merged.Count() != 5000 {
		t.Errorf("merged parts hold %d of %d, or elsewhere", merged.Count(), all.Count())
	}
	merged.Subtract(&parts[0])
	want := all.Count() - parts[0].Count()
	if merged.Count() != want || merged.Sum() != all.Sum()-parts[0].Sum() {
		t.Errorf("without one part: %d and %d, want %d", merged.Count(), merged.Sum(), want)
	}
}

func TestCumulative(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{500, 5 * time.Microsecond, 3 * time.Millisecond, 3 * time.Millisecond, 700 * time.Millisecond, 20 * time.Second, time.Hour} {
		h.Observe(int64(d))
	}
	bounds := []float64{0, 0.00001, 0.001, 0.01, 1, 100, 10000}
	want := []uint64{0, 2, 2, 4, 5, 6, 6, 7}
	if got := h.Cumulative(bounds); !slices.Equal(got, want) {
		t.Errorf("cumulative counts for %v: %v, want %v", bounds, got, want)
	}
	if got := h.Cumulative(nil); !slices.Equal(got, []uint64{7}) {
		t.Errorf("without bounds: %v", got)
	}
}

// A bound that cuts a bucket counts in proportion, so counts never fall from bound to bound nor with time.
func TestCumulativeIsMonotonic(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var bounds []float64
	for b := 1e-6; b < 200; b *= 1.07 {
		bounds = append(bounds, b)
	}
	var h Histogram
	before := h.Cumulative(bounds)
	for range 300 {
		for range 10 {
			h.Observe(int64(math.Exp(random.Float64() * 26)))
		}
		now := h.Cumulative(bounds)
		for i := range now {
			if now[i] < before[i] || i > 0 && now[i] < now[i-1] {
				t.Fatalf("bound %d: %d, before %d, its left neighbour %d", i, now[i], before[i], now[max(i-1, 0)])
			}
		}
		before = now
	}
	if last := before[len(before)-1]; last != h.Count() {
		t.Errorf("the last count is %d of %d", last, h.Count())
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	var h Histogram
	if got := testing.AllocsPerRun(1, func() {
		for i := range int64(1000) {
			h.Observe(i * 1000)
		}
	}); got != 0 {
		t.Errorf("%v allocations in 1,000 calls", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	var h Histogram
	v := int64(1)
	for b.Loop() {
		v = v*5 + 12345
		h.Observe(v & (1<<33 - 1))
	}
}
