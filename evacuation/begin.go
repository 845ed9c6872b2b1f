package evacuation

import "time"

// New begins to take what a scope covers out of service: from the share that it
// has now, over a time. A guard of nil is none.
func New(of Scope, share float64, now int64, over time.Duration, g *Guard) *Evacuation {
	return &Evacuation{Scope: of, state: Draining, began: now, guard: g, ramp: ramp{from: share, to: 0, began: now, lasts: int64(over)}}
}

// comeHomeWithin is how long all of a region's traffic takes to come back to it
// where an order does not say so.
const comeHomeWithin = 2500 * time.Millisecond

// NewReturn begins to put what a scope covers back into service: from the share
// that it has now, over a time. Over 0 leaves the time to spillway. Nil: there is
// nothing to do by degrees.
func NewReturn(of Scope, share float64, now int64, over time.Duration) *Evacuation {
	lasts := int64(over)
	if lasts <= 0 && share > 0 {
		lasts = int64((1 - share) * float64(comeHomeWithin)) // it was never closed, so it has no ramp of its own
	}
	if share >= 1 || lasts <= 0 {
		return nil
	}
	return &Evacuation{Scope: of, state: Returning, began: now, ramp: ramp{from: share, to: 1, began: now, lasts: lasts}}
}
