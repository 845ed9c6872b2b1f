package evacuation

import (
	"math"
	"time"
)

// A ramp moves a share in a straight line from one value to another.
type ramp struct {
	from, to     float64
	began, lasts int64 // nanoseconds
}

func (r ramp) at(now int64) float64 {
	if r.done(now) {
		return r.to
	}
	return r.from + (r.to-r.from)*float64(max(0, now-r.began))/float64(r.lasts)
}

func (r ramp) done(now int64) bool { return now-r.began >= r.lasts }

// A State is a word for how far an evacuation is.
type State string

const (
	// Draining: the share falls.
	Draining State = "draining"
	// Out: a drill holds it at nothing.
	Out State = "out"
	// Returning: the share rises.
	Returning State = "returning"
	// Aborted: the guard has called it off, and the share is whole again.
	Aborted State = "aborted"
)

// abortWithin is how fast an evacuation that is called off takes everything back.
const abortWithin = 2 * time.Second

// An Evacuation takes something out of service by degrees, or puts it back. It is
// a state machine of time: who drives it does what it asks for. Once a [Registry]
// has it, the registry's methods change it; what is said below of whoever drives it
// is for one goroutine.
type Evacuation struct {
	Scope
	state   State
	ramp    ramp
	began   int64
	until   int64 // with a drill: when it ends
	aborted string
	drill   *Drill // nil: an operator's order
	guard   *Guard // nil: unguarded
}

// share is what the target keeps of its traffic, 0 to 1.
func (e *Evacuation) share(now int64) float64 {
	switch e.state {
	case Out:
		return 0
	case Aborted:
		return 1
	}
	return e.ramp.at(now)
}

// A Milestone is what an evacuation asks for.
type Milestone uint8

const (
	// UnderWay asks for nothing but the share that the target keeps.
	UnderWay Milestone = iota
	// Emptied says that nothing is left of the share: take the target out of service.
	Emptied
	// Due says that a drill's time is over: put the target back.
	Due
	// Whole says that the share is what it was: the evacuation is over.
	Whole
)

func (e *Evacuation) reached(now int64) Milestone {
	switch {
	case e.state == Aborted:
		return UnderWay // it stays to be told of
	case e.state == Out && now >= e.until:
		return Due
	case e.state == Out || !e.ramp.done(now):
		return UnderWay
	case e.state == Draining:
		return Emptied
	}
	return Whole
}

// hold begins the time for which a drill keeps its target out.
func (e *Evacuation) hold(now int64) { e.state, e.until = Out, now+e.drill.holds }

// returnWithin has the share rise from where it is.
func (e *Evacuation) returnWithin(now, lasts int64) {
	from := e.share(now)
	e.state, e.ramp = Returning, ramp{from: from, to: 1, began: now, lasts: lasts}
}

// abort calls an evacuation off. It tells whether the target has to be put back
// into service, since it was out of it.
func (e *Evacuation) abort(now int64, why string) (wasOut bool) {
	wasOut = e.state == Out
	e.aborted = why
	e.returnWithin(now, int64(abortWithin))
	return wasOut
}

// guarded tells whether the destinations have to be watched.
func (e *Evacuation) guarded() bool {
	return e.guard != nil && (e.state == Draining || e.state == Out)
}

// A Status tells of an evacuation for people.
type Status struct {
	Target  Target  `json:"target"`
	State   State   `json:"state"`
	Share   float64 `json:"share"`             // of its traffic, what the target keeps now, 0 to 1
	Left    float64 `json:"left_seconds"`      // until the next state
	Drill   bool    `json:"drill,omitempty"`   // it ends by itself
	Guarded bool    `json:"guarded"`           // it is called off when its destinations suffer
	Aborted string  `json:"aborted,omitempty"` // why it was called off
}

func (e *Evacuation) status(now int64) Status {
	left := e.ramp.began + e.ramp.lasts - now
	if e.state == Out {
		left = e.until - now
	}
	return Status{Target: e.Target, State: e.state, Share: math.Round(1000*e.share(now)) / 1000, Drill: e.drill != nil,
		Left: math.Round(10*time.Duration(max(0, left)).Seconds()) / 10, Guarded: e.guard != nil && !e.guard.off, Aborted: e.aborted}
}
