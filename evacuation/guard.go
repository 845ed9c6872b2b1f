package evacuation

import (
	"fmt"
	"time"

	"spillway/internal/metrics"
)

// Outcomes are what came of requests at the destinations of an evacuation.
type Outcomes struct {
	Requests uint64 // sent to backends
	Errors   uint64 // of them, without a complete answer or with one of status 5xx
	Refused  uint64 // by spillway itself, since everyone was full or it sheds load
	Latency  metrics.Histogram
}

func (o *Outcomes) add(more *Outcomes) {
	o.Requests += more.Requests
	o.Errors += more.Errors
	o.Refused += more.Refused
	o.Latency.Merge(&more.Latency)
}

func (o *Outcomes) errorShare() float64 { return float64(o.Errors) / float64(max(1, o.Requests)) }

func (o *Outcomes) refusedShare() float64 {
	return float64(o.Refused) / float64(max(1, o.Requests+o.Refused))
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

// A Guard watches the destinations of each pool while an evacuation sends traffic
// there. It is a judge only: whoever drives the evacuation takes the measures. The
// zero value watches nobody.
type Guard struct {
	pools map[string]*watch
	off   bool // it only measures
}

// Watch has the guard judge a pool by what was before.
func (g *Guard) Watch(pool string, of *Scope, b *Baseline) {
	if g.pools == nil {
		g.pools = map[string]*watch{}
	}
	g.pools[pool] = newWatch(b.Destinations, b.elsewhere(of))
}

// judge takes what happened in a pool since the last time and says why the
// evacuation must not go on; empty: it may.
func (g *Guard) judge(pool string, lately *Outcomes) (why string) {
	if g == nil || g.off || g.pools[pool] == nil {
		return ""
	}
	if why := g.pools[pool].judge(lately); why != "" {
		return fmt.Sprintf("pool %s: %s", pool, why)
	}
	return ""
}

type watch struct {
	before  Outcomes // just before
	usual   int64    // the latency that may be expected, ns; 0: the first that can be measured
	window  Outcomes
	waiting int // rounds that the window has lasted
}

// newWatch takes what the destinations did before. elsewhere is the latency of the
// target, with the way to the destinations, for a destination that had nothing to
// do; 0: not known.
func newWatch(before Outcomes, elsewhere int64) *watch {
	w := &watch{before: before, usual: elsewhere}
	if before.Latency.Count() >= guardRequests {
		w.usual = before.Latency.Quantile(guardQuantile)
	}
	return w
}

// judge takes what happened since the last time and says why the evacuation must
// not go on; empty: it may.
func (w *watch) judge(lately *Outcomes) (why string) {
	w.window.add(lately)
	if why := w.verdict(); why != "" {
		return why
	}
	w.waiting++
	if w.window.Latency.Count() >= guardRequests || w.waiting >= guardPatience {
		w.window, w.waiting = Outcomes{}, 0
	}
	return ""
}

func (w *watch) verdict() string {
	o := &w.window
	bearable := w.before.refusedShare()
	if w.before.Refused > 0 {
		bearable += guardRefusedRise
	}
	if o.Refused > 0 && o.refusedShare() > bearable {
		return fmt.Sprintf("%d of %d requests were refused, since the rest was full", o.Refused, o.Requests+o.Refused)
	}
	if o.Errors >= guardErrors && o.errorShare() > w.before.errorShare()+guardErrorRise {
		return fmt.Sprintf("%s of %d requests failed at the destinations, %s before", percent(o.errorShare()), o.Requests, percent(w.before.errorShare()))
	}
	if o.Latency.Count() < guardRequests {
		return ""
	}
	slow := o.Latency.Quantile(guardQuantile)
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
