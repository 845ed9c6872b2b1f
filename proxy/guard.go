package proxy

import (
	"fmt"
	"time"

	"spillway/internal/metrics"
)

// outcomes are what came of requests at the destinations of an evacuation.
type outcomes struct {
	requests uint64 // sent to backends
	errors   uint64 // of them, without a complete answer or with one of status 5xx
	refused  uint64 // by spillway itself, since everyone was full or it sheds load
	latency  metrics.Histogram
}

func (o *outcomes) add(more *outcomes) {
	o.requests += more.requests
	o.errors += more.errors
	o.refused += more.refused
	o.latency.Merge(&more.latency)
}

func (o *outcomes) errorShare() float64 { return float64(o.errors) / float64(max(1, o.requests)) }

func (o *outcomes) refusedShare() float64 {
	return float64(o.refused) / float64(max(1, o.requests+o.refused))
}

// What a guard bears. A backend that was idle answers its first requests slowly,
// so latency has a margin beside its factor.
const (
	guardErrors       = 10   // at least so many
	guardErrorRise    = 0.05 // of the requests
	guardRefusedRise  = 0.01 // of the requests, where some were refused before
	guardRequests     = 20   // for a latency to be judged
	guardLatencyTimes = 3
	guardLatencyMore  = int64(50 * time.Millisecond)
	guardQuantile     = 0.9
	guardPatience     = 5 // rounds in which what is too little to be judged adds up
)

// A guard watches the destinations of one pool while an evacuation sends traffic
// there. It is a pure judge: whoever drives it takes the measures.
type guard struct {
	pools map[*poolState]*watch
	off   bool // it only measures
}

type watch struct {
	before  outcomes // just before
	usual   int64    // the latency that may be expected, ns; 0: the first that can be measured
	window  outcomes
	waiting int // rounds that the window has lasted
}

// newWatch takes what the destinations did before. elsewhere is the latency of the
// target, with the way to the destinations, for a destination that had nothing to
// do; 0: not known.
func newWatch(before outcomes, elsewhere int64) *watch {
	w := &watch{before: before, usual: elsewhere}
	if before.latency.Count() >= guardRequests {
		w.usual = before.latency.Quantile(guardQuantile)
	}
	return w
}

// judge takes what happened since the last time and says why the evacuation must
// not go on; empty: it may.
func (w *watch) judge(lately *outcomes) (why string) {
	w.window.add(lately)
	if why := w.verdict(); why != "" {
		return why
	}
	w.waiting++
	if w.window.latency.Count() >= guardRequests || w.waiting >= guardPatience {
		w.window, w.waiting = outcomes{}, 0
	}
	return ""
}

func (w *watch) verdict() string {
	o := &w.window
	bearable := w.before.refusedShare()
	if w.before.refused > 0 {
		bearable += guardRefusedRise
	}
	if o.refused > 0 && o.refusedShare() > bearable {
		return fmt.Sprintf("%d of %d requests were refused, since the rest was full", o.refused, o.requests+o.refused)
	}
	if o.errors >= guardErrors && o.errorShare() > w.before.errorShare()+guardErrorRise {
		return fmt.Sprintf("%s of %d requests failed at the destinations, %s before", percent(o.errorShare()), o.requests, percent(w.before.errorShare()))
	}
	if o.latency.Count() < guardRequests {
		return ""
	}
	slow := o.latency.Quantile(guardQuantile)
	if w.usual == 0 {
		w.usual = slow
	}
	if slow > guardLatencyTimes*w.usual+guardLatencyMore {
		return fmt.Sprintf("the destinations' p90 latency is %s, usually %s", brief(slow), brief(w.usual))
	}
	return ""
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// brief is a latency as people read it.
func brief(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
