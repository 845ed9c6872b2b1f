package loadreport_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"spillway/internal/loadreport"
)

const second = int64(time.Second)

func TestBlackoutAndExpiry(t *testing.T) {
	var l loadreport.Load
	for _, step := range []struct {
		at     int64 // seconds
		report bool
		known  bool
	}{
		{1, true, false}, {2, true, false}, {10, true, false}, {11, true, true},
		{190, false, true}, {191, false, true}, {192, false, false},
		{200, true, false}, {209, true, false}, {210, true, true},
	} {
		if step.report {
			l.Observe(step.at*second, loadreport.Report{Utilization: 0.5}, false)
		}
		if _, known := l.Capacity(step.at * second); known != step.known {
			t.Errorf("at %d s: known %v", step.at, known)
		}
	}
	l.Reset()
	if _, known := l.Capacity(210 * second); known {
		t.Error("known after a reset")
	}
	for at := int64(211); at <= 221; at++ {
		l.Observe(at*second, loadreport.Report{Utilization: 0.5}, false)
		if _, known := l.Capacity(at * second); known != (at == 221) {
			t.Errorf("at %d s after a reset: known %v", at, known)
		}
	}
}

func TestCapacity(t *testing.T) {
	for name, tc := range map[string]struct {
		utilization, errorShare float64
		fail, silent            int // of 10 exchanges
		want                    float64
	}{
		"half loaded":                      {0.5, 0, 0, 0, 20},
		"overloaded":                       {2, 0, 0, 0, 5},
		"idle":                             {0, 0, 0, 0, 1000},
		"fails, by its own word":           {0.5, 0.5, 0, 0, 10},
		"fails, as is seen":                {0.1, 0, 4, 0, 20},
		"fails without a word":             {0.1, 0, 0, 4, 20},
		"says less than it fails":          {0.1, 0.2, 4, 0, 20},
		"fails at once, and so looks idle": {0, 0, 10, 0, 10 / 1.01},
	} {
		var l loadreport.Load
		for s := range int64(100) {
			for i := range 10 {
				now := s*second + int64(i)*second/10
				if i < tc.silent {
					l.Fail(now)
				} else {
					l.Observe(now, loadreport.Report{Utilization: tc.utilization, ErrorShare: tc.errorShare}, i < tc.fail)
				}
			}
		}
		if got, ok := l.Capacity(100 * second); !ok || math.Abs(got-tc.want) > 0.02*tc.want {
			t.Errorf("%s: %v %v, want %v", name, got, ok, tc.want)
		}
	}
}

// Silence before the first report is none of the load's business.
func TestFailBeforeAnyReport(t *testing.T) {
	var l loadreport.Load
	l.Fail(0)
	l.Fail(5 * second)
	if _, known := l.Capacity(20 * second); known {
		t.Error("known by failures alone")
	}
}

// A pool of backends that can do different amounts, its weights multiplied by the factors each second: all end up equally loaded, whatever the
// configured weights were, and stay so.
func TestFactorsLoadAllAlike(t *testing.T) {
	can := []float64{100, 200, 400, 300}
	const offered = 500.0
	for name, weights := range map[string][]float64{"equal": {1, 1, 1, 1}, "right": {1, 2, 4, 3}, "wrong": {4, 2, 1, 3}} {
		loads := make([]*loadreport.Load, len(can))
		for i := range loads {
			loads[i] = &loadreport.Load{}
		}
		factors := []float64{1, 1, 1, 1}
		for s := range int64(120) {
			total := 0.0
			for i := range can {
				total += weights[i] * factors[i]
			}
			for i := range can {
				rate := offered * weights[i] * factors[i] / total
				for k := range int(rate) {
					now := s*second + int64(float64(k)/rate*1e9)
					loads[i].Observe(now, loadreport.Report{Utilization: rate / can[i]}, false)
				}
				if utilization := rate / can[i]; s > 60 && math.Abs(utilization-0.5) > 0.02 {
					t.Fatalf("%s weights: after %d s backend %d is loaded to %.3f; factors %.2f", name, s, i, utilization, factors)
				}
			}
			factors = loadreport.Factors(factors[:0], loads, weights, (s+1)*second)
		}
	}
}

func TestFactorsWhereLittleIsKnown(t *testing.T) {
	reporting := func(utilization float64) *loadreport.Load {
		l := &loadreport.Load{}
		for s := range int64(20) {
			l.Observe(s*second, loadreport.Report{Utilization: utilization}, false)
		}
		return l
	}
	for name, tc := range map[string]struct {
		loads []*loadreport.Load
		want  []float64
	}{
		"none":           {[]*loadreport.Load{{}, nil}, []float64{1, 1}},
		"one":            {[]*loadreport.Load{reporting(0.9), nil, {}}, []float64{1, 1, 1}},
		"two of three":   {[]*loadreport.Load{reporting(0.6), nil, reporting(0.3)}, []float64{2. / 3, 1, 4. / 3}},
		"within bounds":  {[]*loadreport.Load{reporting(0.01), reporting(5), reporting(5)}, []float64{2.99, 0.1, 0.1}},
		"nothing at all": {nil, nil},
	} {
		weights := make([]float64, len(tc.loads))
		for i := range weights {
			weights[i] = 7
		}
		got := loadreport.Factors([]float64{42}, tc.loads, weights, 20*second)
		if len(got) != len(tc.want)+1 || got[0] != 42 {
			t.Fatalf("%s: %v", name, got)
		}
		for i, want := range tc.want {
			if math.Abs(got[i+1]-want) > 0.01 {
				t.Errorf("%s: %v, want %v", name, got[1:], tc.want)
				break
			}
		}
	}
	if got := loadreport.Factors(nil, []*loadreport.Load{reporting(1), reporting(1), reporting(1)}, []float64{0, 1, 1}, 20*second); got[0] != 1 || got[1] != 1 {
		t.Errorf("with a weight of 0: %v", got)
	}
}

func TestConcurrentObservations(t *testing.T) {
	var l loadreport.Load
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range int64(4000) {
				now := i * second / 100
				l.Observe(now, loadreport.Report{Utilization: 0.5}, i%2 == 0)
				if i%100 == 0 {
					l.Fail(now)
					l.Capacity(now)
				}
			}
		})
	}
	wg.Wait()
	if got, ok := l.Capacity(40 * second); !ok || got <= 0 || math.IsInf(got, 0) {
		t.Errorf("%v %v", got, ok)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	var l loadreport.Load
	l.Observe(1, loadreport.Report{}, false)
	got := testing.AllocsPerRun(1, func() {
		for range 1000 {
			l.Observe(2, loadreport.Report{Utilization: 0.5}, false)
			l.Fail(3)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations in 1,000 observations", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	var l loadreport.Load
	for b.Loop() {
		l.Observe(1, loadreport.Report{Utilization: 0.5}, false)
	}
}
