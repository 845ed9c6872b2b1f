package balancer

import "math"

const (
	gradientTolerance = 1.5 // times the usual latency that is still no sign of a queue
	gradientSlack     = 5e5 // ns on top, so that jitter of a very fast backend is none
	gradientSmooth    = 0.2
	gradientMemory    = 600 // windows that make the usual latency
	gradientCold      = 10  // windows before there is a limit
	gradientStart     = 20  // the first limit, or twice what was in flight
	gradientLeast     = 2
	gradientMost      = 100_000

	lossNoticed = 0.01 // of a window; below, a loss is an accident
)

// gradient learns how many requests a backend can have in flight before they queue there: Gradient2 of Netflix's
// concurrency-limits, which lowers the limit as the latency of now exceeds the usual one. That alone takes steady
// timeouts for the usual latency and raises the limit; so the requests that were lost to overload are not measured
// but counted, and cut the limit by their part of the whole, to half at most in one window (as DCTCP does it).
type gradient struct {
	limit   float64
	usual   float64 // ns
	windows int     // with a latency
	peak    int64   // most in flight while cold
}

// A window is what was seen of a backend in some time.
type window struct {
	answers int64
	mean    float64 // latency of the answers, ns
	lost    int64   // timed out, reset, or refused with 503
	peak    int64   // most in flight
}

// observe moves the limit by one window.
func (g *gradient) observe(w window) {
	short := max(w.mean, 1)
	if w.answers > 0 {
		g.remember(short)
	}
	g.peak = max(g.peak, w.peak)
	if g.limit == 0 {
		if g.windows < gradientCold {
			return
		}
		g.limit = max(gradientStart, 2*float64(g.peak))
	}
	switch loss := float64(w.lost) / float64(max(1, w.answers+w.lost)); {
	case loss >= 0.5:
		g.limit = min(g.limit, max(gradientLeast, float64(w.peak))) / 2
	case loss >= lossNoticed:
		g.limit *= 1 - loss
	case w.answers > 0 && 2*float64(w.peak) >= g.limit: // else the limit is not what keeps requests few
		slope := min(1, max(0.5, (gradientTolerance*g.usual+gradientSlack)/short))
		g.limit += gradientSmooth * (g.limit*slope + math.Sqrt(g.limit) - g.limit)
	}
	g.limit = min(gradientMost, max(gradientLeast, g.limit))
}

// remember averages the first latencies, then lets them fade. Once a long slowness ends it forgets faster.
func (g *gradient) remember(short float64) {
	g.windows++
	if g.windows <= gradientCold {
		g.usual += (short - g.usual) / float64(g.windows)
		return
	}
	g.usual += (short - g.usual) * 2 / (gradientMemory + 1)
	if g.usual > 2*short {
		g.usual *= 0.95
	}
}
