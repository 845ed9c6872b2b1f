package evacuation

import (
	"math"
	"time"
)

// A Drill is an evacuation that ends by itself: what it counts, and for whom.
type Drill struct {
	holds, lasts int64 // nanoseconds: out, and of each ramp
	report       DrillReport
	guard        *Guard
	before       Outcomes
	during       Outcomes
	returned     int64 // when it was put back
}

// NewDrill is a drill that keeps its target out for a time. Its guard measures even
// if the order wants none.
func NewDrill(o *Order, holds time.Duration, startedAt time.Time, g *Guard) *Drill {
	d := &Drill{holds: int64(holds), lasts: int64(o.Over), guard: g}
	d.report = DrillReport{Target: o.Target, State: DrillDraining, StartedAt: startedAt, Seconds: holds.Seconds(), Ramp: o.Over.Seconds()}
	for _, w := range g.pools {
		d.before.add(&w.before)
	}
	if o.NoGuard {
		g.off = true
	}
	return d
}

// Evacuation begins the drill, from the share that its target has now.
func (d *Drill) Evacuation(of Scope, share float64, now int64) *Evacuation {
	e := New(of, share, now, time.Duration(d.lasts), d.guard)
	e.drill = d
	return e
}

// DrillState is a word for how far a drill is.
type DrillState string

// The states of a drill. All but the first three are ends.
const (
	DrillDraining  DrillState = "draining"
	DrillOut       DrillState = "out"
	DrillReturning DrillState = "returning"
	DrillDone      DrillState = "done"
	DrillAborted   DrillState = "aborted"  // by its guard
	DrillReplaced  DrillState = "replaced" // by an operator's order
)

// DrillReport says what a drill has done, so far or in all.
type DrillReport struct {
	Target    Target     `json:"target"`
	State     DrillState `json:"state"`
	StartedAt time.Time  `json:"started_at"`
	Seconds   float64    `json:"for_seconds"`
	Ramp      float64    `json:"over_seconds"`
	Aborted   string     `json:"aborted,omitempty"` // why
	Requests  uint64     `json:"requests"`          // of the pools concerned, while the target was not whole
	Moved     uint64     `json:"moved"`             // of them, those that went elsewhere on account of the drill
	Share     float64    `json:"share"`             // Moved of Requests
	Refused   uint64     `json:"refused"`           // of them, since everyone was full or less important requests were shed
	Before    Service    `json:"before"`            // at the destinations
	During    Service    `json:"during"`
	HomeAfter float64    `json:"home_after_seconds"` // from the end of the drill until all of the traffic was back
	Ended     bool       `json:"ended"`
}

// Service is how requests were served.
type Service struct {
	Requests uint64  `json:"requests"`
	Errors   uint64  `json:"errors"`
	P50      float64 `json:"latency_p50"` // milliseconds
	P99      float64 `json:"latency_p99"`
}

func (o *Outcomes) service() Service {
	return Service{Requests: o.Requests, Errors: o.Errors, P50: milliseconds(o.Latency.Quantile(0.5)), P99: milliseconds(o.Latency.Quantile(0.99))}
}

// note brings the report up to date.
func (d *Drill) note(state DrillState, moved, requests uint64) {
	r := &d.report
	r.State = state
	r.Moved, r.Requests = moved, requests
	r.Share = math.Round(1000*float64(moved)/float64(max(1, requests))) / 1000
	r.Refused = d.during.Refused
	r.Before, r.During = d.before.service(), d.during.service()
}

// milliseconds is rounded to microseconds.
func milliseconds(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e3 }
