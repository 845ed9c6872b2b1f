package balancer

import (
	"math"
	"sync"
	"testing"
)

// A station has slots that serve in 20 ms; what comes while all are taken waits its turn. So its answers take 20 ms
// up to slots in flight and proportionally longer above: the mean of a window of steady load.
func station(slots int64, inflight float64) float64 {
	return 20e6 * max(1, inflight/float64(slots))
}

func TestTheLimitFindsWhatABackendCanTake(t *testing.T) {
	for _, slots := range []int64{10, 50, 400} {
		g := gradient{}
		for range gradientCold { // known from quiet times
			g.observe(window{answers: 100, mean: 20e6, peak: slots / 2})
		}
		for i := range 3000 { // then as much as the limit lets in
			g.observe(window{answers: 100, mean: station(slots, g.limit), peak: int64(g.limit)})
			if i > 50 && g.resume == 0 && (g.limit < float64(slots) || g.limit > 1.8*float64(slots)) {
				t.Fatalf("%d slots: limit %.0f after %d windows", slots, g.limit, i)
			}
		}
	}
}

func TestTheLimitIsColdAtFirst(t *testing.T) {
	g := gradient{}
	for i := range gradientCold {
		if g.limit != 0 {
			t.Fatalf("a limit of %v after %d windows", g.limit, i)
		}
		g.observe(window{answers: 10, mean: 5e6, peak: 60})
	}
	if g.limit < 120 {
		t.Errorf("the first limit is %v although 60 in flight were no trouble", g.limit)
	}
}

func TestTheLimitMoves(t *testing.T) {
	for _, tc := range []struct {
		name  string
		w     window
		times int
		check func(before, after float64) bool
	}{
		{"up while all is well", window{answers: 100, mean: 20e6, peak: 100}, 10, func(b, a float64) bool { return a > b }},
		{"not up when it is not what keeps requests few", window{answers: 100, mean: 20e6, peak: 10}, 100, func(b, a float64) bool { return a == b }},
		{"down when answers are slow", window{answers: 100, mean: 100e6, peak: 100}, 10, func(b, a float64) bool { return a < 0.6*b }},
		{"no more than to three quarters of that in a window", window{answers: 100, mean: 1e12, peak: 100}, 1, func(b, a float64) bool { return a > 0.85*b && a < b }},
		{"up with as much of a queue as it allows at home", window{answers: 100, mean: 29e6, peak: 100}, 10, func(b, a float64) bool { return a > b }},
		{"down with the same queue in another region", window{answers: 100, mean: 29e6, away: true, peak: 100}, 10, func(b, a float64) bool { return a < b }},
		{"half when all are lost", window{lost: 100, peak: 200}, 1, func(b, a float64) bool { return a == b/2 }},
		{"half of what was in flight when that is less", window{lost: 100, peak: 20}, 1, func(_, a float64) bool { return a == 10 }},
		{"to the least at last", window{lost: 100, peak: 100}, 50, func(_, a float64) bool { return a == gradientLeast }},
		{"by what is lost", window{answers: 80, mean: 20e6, lost: 20, peak: 100}, 1, func(b, a float64) bool { return math.Abs(a-0.8*b) < 1e-9 }},
		{"not by an accident", window{answers: 999, mean: 20e6, lost: 1, peak: 100}, 1, func(b, a float64) bool { return a > b }},
		{"not by jitter of the very fast", window{answers: 100, mean: 20e6 + 9e6, peak: 100}, 5, func(b, a float64) bool { return a >= b }},
	} {
		g := gradient{}
		for range gradientCold {
			g.observe(window{answers: 100, mean: 20e6, peak: 50})
		}
		before := g.limit
		for range tc.times {
			g.observe(tc.w)
		}
		if !tc.check(before, g.limit) {
			t.Errorf("%s: from %.1f to %.1f", tc.name, before, g.limit)
		}
	}
}

// Requests that have become five times as dear are not a queue: the limit falls, finds that out and comes back.
func TestTheLimitGetsUsedToDearerRequests(t *testing.T) {
	const slots = 50
	g := gradient{}
	for range gradientCold {
		g.observe(window{answers: 100, mean: 20e6, peak: slots / 2})
	}
	for range 2 * gradientMemory {
		g.observe(window{answers: 100, mean: 5 * station(slots, g.limit), peak: int64(g.limit)})
	}
	if g.limit < slots || g.limit > 2.5*slots {
		t.Errorf("limit %.0f after two minutes, of %d slots", g.limit, slots)
	}
}

// A backend that answers nothing looks steady: every request takes the timeout. Its limit must fall all the same,
// and rise again when it answers.
func TestSteadyTimeoutsDoNotRaiseTheLimit(t *testing.T) {
	b := NewBackend("b")
	b.learns.Store(true)
	now := second
	exchange := func(n int, latency int64, result Result) {
		for range n {
			now += 2e6
			for range 50 {
				b.acquire(0)
			}
			b.Observe(now, latency, result)
			for range 50 {
				b.release()
			}
		}
	}
	exchange(2000, 20e6, Succeeded)
	well := b.LearnedLimit()
	exchange(5000, 1e9, Overloaded)
	sick := b.LearnedLimit()
	exchange(20_000, 20e6, Succeeded)
	again := b.LearnedLimit()
	if well < 50 || sick > gradientLeast || again < 50 {
		t.Errorf("limit %d, with timeouts %d, afterwards %d", well, sick, again)
	}
}

func TestAFailureThatIsNotOverloadSaysNothingOfTheLimit(t *testing.T) {
	b := NewBackend("b")
	b.learns.Store(true)
	for now := second; now < 10*second; now += 1e6 {
		b.Observe(now, 1e3, Failed)
	}
	if got := b.LearnedLimit(); got != 0 {
		t.Errorf("learned %d", got)
	}
}

func TestWindowsWaitForEnoughSamples(t *testing.T) {
	b := NewBackend("b")
	b.learns.Store(true)
	for i := range int64(limitSamples*gradientCold - 1) {
		b.Observe((i+1)*second, 5e6, Succeeded)
	}
	if b.learned.learner.windows >= gradientCold {
		t.Errorf("%d windows of one sample a second", b.learned.learner.windows)
	}
}

// No answer is lost or counted twice, however many loops end a window at once.
func TestSamplesAreCountedOnce(t *testing.T) {
	var l learnedLimit
	l.until.Store(math.MaxInt64)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5000 {
				l.observe(0, 3_000_000, 1, Succeeded)
			}
		})
	}
	all.Wait()
	word := l.answers.Load()
	if n, sum := word&(1<<answersBits-1), word>>answersBits; n != 40_000 || sum != 40_000*3000 {
		t.Errorf("%d answers of %d µs", n, sum)
	}
}

func TestLearningUnderConcurrency(t *testing.T) {
	b := NewBackend("b")
	b.learns.Store(true)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for now := second; now < 20*second; now += 5e6 {
				b.acquire(0)
				b.Observe(now, 20e6, Succeeded)
				b.release()
			}
		})
	}
	all.Wait()
	if got := b.LearnedLimit(); got < gradientStart {
		t.Errorf("limit %d", got)
	}
}

func TestALongLatencyDoesNotOverflow(t *testing.T) {
	var l learnedLimit
	l.until.Store(math.MaxInt64)
	for range answersMost + 10 {
		l.observe(0, math.MaxInt64, 1, Succeeded)
	}
	word := l.answers.Load()
	if n, sum := word&(1<<answersBits-1), word>>answersBits; n != answersMost || sum != answersMost*latencyLongest {
		t.Errorf("%d answers of %d µs", n, sum)
	}
}

// A queue of 30 ms at a backend 80 ms away makes its answers not a third longer. It is a queue all the same.
func TestTheWayToAnotherRegionHidesNoQueue(t *testing.T) {
	far := NewBackend("far")
	v := NewView(Settings{Regions: []string{"home", "far"}, RTT: []int64{0, 80 * 1e6}, Learn: true},
		[]Member{{Backend: NewBackend("home"), Weight: 1, Region: "home"}, {Backend: far, Weight: 1, Region: "far"}}, nil)
	m := v.ByHash(far.Hash())
	now := int64(second)
	windows := func(n, inflight int, latency int64) {
		for range n {
			for range inflight {
				m.Acquire()
			}
			for range inflight {
				far.Observe(now, latency, Succeeded)
				m.Release()
			}
			now += limitWindow
		}
	}
	windows(2*gradientCold, 20, 100e6)
	before := far.LearnedLimit()
	windows(20, 60, 130e6)
	if after := far.LearnedLimit(); before == 0 || after > before*3/4 {
		t.Errorf("the limit went from %d to %d", before, after)
	}
}
