package balancer

import "math"

const (
	gradientTolerance = 1.5  // times the usual latency that is still no sign of a queue
	gradientAway      = 1.25 // the same for another region's backend: who came from far goes first
	gradientSlack     = 5e5  // ns on top, so that jitter of a very fast backend is none
	gradientSmooth    = 0.2
	gradientGrowth    = 0.1 // of the limit that is tried beyond it, at most: a root would be half of a small one
	gradientMemory    = 600 // windows that make the usual latency
	gradientCold      = 10  // windows before there is a limit
	gradientStart     = 20  // the first limit, or twice what was in flight
	gradientLeast     = 2
	gradientMost      = 100_000

	lossNoticed = 0.01 // of a window; below, a loss is an accident
)

// gradient learns how many requests a backend can have in flight before they queue there: Gradient2 of Netflix's
// concurrency-limits, which lowers the limit as the latency of now exceeds the usual one. It differs in two ways.
//
// That alone takes steady timeouts for the usual latency and raises the limit. So the requests that were lost to
// overload are not measured but counted, and cut the limit by their part of the whole, to half at most in one
// window (as DCTCP does it).
//
// And a slowness while the limit is used up may be the queue that the limit itself allows; if that became usual, a
// long surge would raise the limit without end. So it does not count, and when it lasts, the usual latency is found
// anew with half the limit (as Envoy does it for its least latency).
type gradient struct {
	limit   float64
	usual   float64 // ns
	windows int     // that usual is made of
	peak    int64   // most in flight ever
	slow    int     // windows in a row above the usual with the limit used up
	resume  float64 // the limit after a probe; 0: there is none
}

// A window is what was seen of a backend in some time.
type window struct {
	answers int64
	mean    float64 // latency of the answers without the way to another region, ns
	away    bool    // the backend is in another region
	lost    int64   // timed out, reset, or refused with 503
	peak    int64   // most in flight
}

// observe moves the limit by one window.
func (g *gradient) observe(w window) {
	short := max(w.mean, 1)
	if w.answers > 0 {
		g.remember(short, w.peak)
	}
	g.peak = max(g.peak, w.peak)
	if g.windows < gradientCold {
		return
	}
	switch {
	case g.limit == 0:
		g.limit = max(gradientStart, 2*float64(g.peak))
	case g.resume > 0:
		g.limit, g.resume = g.resume, 0
	}
	switch loss := float64(w.lost) / float64(max(1, w.answers+w.lost)); {
	case loss >= 0.5:
		g.limit = min(g.limit, max(gradientLeast, float64(w.peak))) / 2
	case loss >= lossNoticed:
		g.limit *= 1 - loss
	case w.answers > 0 && 2*float64(w.peak) >= g.limit: // else the limit is not what keeps requests few
		g.follow(short, w.away)
	}
	g.limit = min(gradientMost, max(gradientLeast, g.limit))
}

// follow moves the limit by the latency of a window in which it was used.
func (g *gradient) follow(short float64, away bool) {
	tolerance := gradientTolerance
	if away {
		tolerance = gradientAway
	}
	slope := min(1, max(0.5, (tolerance*g.usual+gradientSlack)/short))
	growth := min(math.Sqrt(g.limit), gradientGrowth*g.limit)
	g.limit += gradientSmooth * (g.limit*slope + growth - g.limit)
	if slope == 1 {
		g.slow = 0
	} else if g.slow++; g.slow >= gradientMemory {
		g.resume = g.limit
		g.limit /= 2
		g.windows, g.slow = 0, 0
	}
}

// remember takes the least of the first latencies, then lets it follow those that are no queue of our own. Once a
// long slowness ends it forgets faster.
func (g *gradient) remember(short float64, peak int64) {
	g.windows++
	switch {
	case g.windows == 1:
		g.usual = short
	case g.windows <= gradientCold:
		g.usual = min(g.usual, short)
	case short <= g.usual || 2*float64(peak) < g.limit:
		g.usual += (short - g.usual) * 2 / (gradientMemory + 1)
	}
	if g.usual > 2*short {
		g.usual *= 0.95
	}
}
