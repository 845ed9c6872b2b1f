package config

import (
	"math"
	"time"
)

func defaultEjection() Ejection {
	return Ejection{
		Failures: 5, GatewayErrors: 5,
		SuccessRate: &SuccessRate{Stdev: 1.9, MinHosts: 3, MinRequests: 50},
		Latency:     &SlowOutlier{Factor: 3, MinHosts: 3, MinRequests: 20},
		Window:      10 * time.Second, Time: 30 * time.Second, MaxTime: 300 * time.Second, KeepAtLeast: 1,
	}
}

func (e *Ejection) decode(v value) section {
	s := v.section(fields{
		"failures":       func(v value) { v.integer(&e.Failures, 1, mostInARow) },
		"gateway_errors": e.decodeGatewayErrors,
		"success_rate":   func(v value) { optional(v, &e.SuccessRate, *e.SuccessRate, (*SuccessRate).decode) },
		"latency":        func(v value) { optional(v, &e.Latency, *e.Latency, (*SlowOutlier).decode) },
		"window":         func(v value) { v.duration(&e.Window, time.Millisecond) },
		"time":           func(v value) { v.duration(&e.Time, time.Millisecond) },
		"max_time":       func(v value) { v.duration(&e.MaxTime, time.Millisecond) },
		"keep_at_least":  func(v value) { v.integer(&e.KeepAtLeast, 0, math.MaxInt32) },
	})
	const repeated = 10 // times Time that an ejection may last unless the file says otherwise
	switch {
	case !s.has("max_time"):
		e.MaxTime = min(e.Time, math.MaxInt64/repeated) * repeated
	case e.MaxTime < e.Time:
		s.or("max_time").errorf("is shorter than the time of %s", e.Time)
	}
	return s
}

func (e *Ejection) decodeGatewayErrors(v value) {
	if v.isOff() {
		e.GatewayErrors = 0
		return
	}
	v.integer(&e.GatewayErrors, 1, mostInARow)
}

// Bounds of what backends are compared by.
const (
	mostHosts    = 10_000
	mostRequests = 1_000_000
)

func (r *SuccessRate) decode(v value) {
	v.section(fields{
		"stdev":        func(v value) { v.number(&r.Stdev, 0.1, 10) },
		"min_hosts":    func(v value) { v.integer(&r.MinHosts, 2, mostHosts) },
		"min_requests": func(v value) { v.integer(&r.MinRequests, 1, mostRequests) },
	})
}

func (o *SlowOutlier) decode(v value) {
	v.section(fields{
		"factor":       func(v value) { v.number(&o.Factor, 1.1, 100) },
		"min_hosts":    func(v value) { v.integer(&o.MinHosts, 2, mostHosts) },
		"min_requests": func(v value) { v.integer(&o.MinRequests, 1, mostRequests) },
	})
}
