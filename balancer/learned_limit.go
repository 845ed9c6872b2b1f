package balancer

import "sync/atomic"

const (
	limitWindow  = 1e8 // ns, 100 ms, or longer until there are limitSamples
	limitSamples = 10

	// Answers of a window are counted in one word, so that none is torn from its latency: the sum of the
	// latencies in microseconds above, the number below.
	answersBits    = 20
	answersMost    = 1 << (answersBits - 1) // loops that add at once do not overflow the other half
	latencyLongest = 10_000_000             // µs; longer counts as this
)

// learnedLimit collects the windows of one backend for its gradient. Every loop adds to it; whoever finds a window
// over does the step.
type learnedLimit struct {
	answers atomic.Uint64
	lost    atomic.Int64
	peak    atomic.Int64
	until   atomic.Int64
	busy    atomic.Bool // who holds it may use learner
	limit   atomic.Int64
	way     atomic.Int64 // ns that a round trip takes longer than one within this region
	learner gradient
}

// current is the limit, or 0 while too little is known.
func (l *learnedLimit) current() int64 { return l.limit.Load() }

func (l *learnedLimit) observe(now, latency, inflight int64, result Result) {
	if inflight > l.peak.Load() {
		l.peak.Store(inflight) // a race between two loops may lose the greater by little
	}
	switch result {
	case Succeeded:
		if l.answers.Load()&(1<<answersBits-1) < answersMost {
			micros := uint64(min(max((latency-l.way.Load())/1000, 1), latencyLongest))
			l.answers.Add(micros<<answersBits | 1)
		}
	case Overloaded:
		l.lost.Add(1)
	}
	if now >= l.until.Load() {
		l.step(now)
	}
}

func (l *learnedLimit) step(now int64) {
	if !l.busy.CompareAndSwap(false, true) {
		return
	}
	defer l.busy.Store(false)
	if now < l.until.Load() {
		return
	}
	if int64(l.answers.Load()&(1<<answersBits-1))+l.lost.Load() < limitSamples {
		return
	}
	word := l.answers.Swap(0)
	w := window{answers: int64(word & (1<<answersBits - 1)), lost: l.lost.Swap(0), peak: l.peak.Swap(0), away: l.way.Load() > 0}
	if w.answers > 0 {
		w.mean = float64(word>>answersBits) * 1000 / float64(w.answers)
	}
	l.learner.observe(w)
	l.limit.Store(int64(l.learner.limit))
	l.until.Store(now + limitWindow)
}
