package health

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestLatencyBuckets(t *testing.T) {
	for b := 1; b < untimed; b++ {
		low := int64(latencyBound(b))
		if latencyBucket(low) != b || latencyBucket(low-1) != b-1 {
			t.Errorf("bucket %d begins at %v, where %d ends and %d begins", b, time.Duration(low), latencyBucket(low-1), latencyBucket(low))
		}
	}
	if latencyBucket(-1) != 0 || latencyBucket(math.MaxInt64) != untimed-1 {
		t.Error("the extremes fall outside")
	}
}

func TestLatencyQuantileIsWithinAQuarter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var window tally
	window.good[untimed] = 1000 // of no known latency: they have no part
	if got := window.quantile(0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	exact := make([]int64, 5000)
	for i := range exact {
		exact[i] = 1e5 + int64(random.ExpFloat64()*5e7)
		window.good[latencyBucket(exact[i])]++
	}
	slices.Sort(exact)
	for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.99, 1} {
		want := float64(exact[max(0, int(math.Ceil(q*float64(len(exact))))-1)])
		if got := window.quantile(q); math.Abs(got-want) > want/4 {
			t.Errorf("quantile %v is %v, want %v", q, time.Duration(got), time.Duration(want))
		}
	}
	window = tally{}
	window.good[untimed-1] = 1
	if got := time.Duration(window.quantile(0.5)); got < time.Minute {
		t.Errorf("of more than it can tell: %v", got)
	}
}

// Counts wrap around; the difference does not.
func TestTallyWrapsAround(t *testing.T) {
	var before, after tally
	before.failed, after.failed = math.MaxUint32-1, 3
	if got := after.since(&before); got.failed != 5 || got.requests() != 5 {
		t.Errorf("%d came since", got.failed)
	}
}
