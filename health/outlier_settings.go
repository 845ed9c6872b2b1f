package health

import "time"

// OutlierSettings say how backends are judged by what clients' exchanges with them looked like, beside failures in a row. A judgement whose first
// number is 0 is off. Each looks only at backends with at least its number of requests since the last sweep (or the last few, where they
// have too little traffic), and ejects only where there are at least its number of such hosts, the judged one included.
type OutlierSettings struct {
	Interval      time.Duration // between two sweeps; 0: none, so that only GatewayErrors.InARow is in force
	Fraction      float64       // of the pool's backends that these judgements may hold ejected at once; one always may be
	GatewayErrors GatewayErrorSettings
	SuccessRate   SuccessRateSettings
	Latency       LatencySettings
}

// GatewayErrorSettings judge a backend by its answers 502, 503 and 504.
type GatewayErrorSettings struct {
	InARow   int     // that many eject at once, without waiting for a sweep, within EjectionSettings.Window; hosts and requests have no say
	Share    float64 // of its exchanges, 0 to 1
	Hosts    int
	Requests int
}

// SuccessRateSettings judge a backend by its share of good exchanges, against the mean and the standard deviation of the pool's other backends. Its own
// share is not part of them: in a small pool a sick backend would otherwise hide behind the deviation that it causes itself.
type SuccessRateSettings struct {
	Deviations float64 // below the mean
	Margin     float64 // below the mean, at the least: 0.05 spares what is at most 5 points worse, however alike the others are
	Hosts      int     // below 2 counts as 2
	Requests   int
}

// LatencySettings judge a backend by a quantile of its answers' latency, against the median of the same quantile of the other backends of its
// region, see [Place]. Both Factor and Floor must be exceeded.
type LatencySettings struct {
	Factor   float64       // as many times as slow
	Floor    time.Duration // and slower by so much
	Quantile float64       // 0: the median
	Interval time.Duration // between two looks at latencies; 0, or more than that between sweeps: with each sweep
	Hosts    int           // in the region; below 2 counts as 2
	Requests int           // good ones: a fast failure is no fast answer
}

func (s *OutlierSettings) sweeps() bool {
	return s.Interval > 0 && (s.GatewayErrors.Share > 0 || s.SuccessRate.Deviations > 0 || s.Latency.Factor > 0)
}

// requests is the number of requests with which every judgement but that on latency can be made.
func (s *OutlierSettings) requests() int {
	n := 1
	if s.GatewayErrors.Share > 0 {
		n = max(n, s.GatewayErrors.Requests)
	}
	if s.SuccessRate.Deviations > 0 {
		n = max(n, s.SuccessRate.Requests)
	}
	return n
}

// looks reports whether latencies are looked at between sweeps.
func (s *OutlierSettings) looks() bool {
	return s.sweeps() && s.Latency.Factor > 0 && s.Latency.Interval > 0 && s.Latency.Interval < s.Interval
}

// looksPerSweep is how often latencies are looked at from one sweep to the next.
func (s *OutlierSettings) looksPerSweep() int {
	if s.looks() {
		return int(s.Interval / s.Latency.Interval)
	}
	return 1
}

func (s *LatencySettings) quantile() float64 {
	if s.Quantile <= 0 {
		return 0.5
	}
	return min(s.Quantile, 1)
}
