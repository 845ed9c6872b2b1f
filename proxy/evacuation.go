package proxy

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

// EvacuationState is a word for how far an evacuation is.
type EvacuationState string

const (
	// EvacuationDraining: the share falls.
	EvacuationDraining EvacuationState = "draining"
	// EvacuationOut: a drill holds it at nothing.
	EvacuationOut EvacuationState = "out"
	// EvacuationReturning: the share rises.
	EvacuationReturning EvacuationState = "returning"
	// EvacuationAborted: the guard has called it off, and the share is whole again.
	EvacuationAborted EvacuationState = "aborted"
)

// abortWithin is how fast an evacuation that is called off takes everything back.
const abortWithin = 2 * time.Second

// An evacuation takes something out of service by degrees, or puts it back. It is
// a state machine of time: who drives it does what it asks for.
type evacuation struct {
	scope
	state   EvacuationState
	ramp    ramp
	began   int64
	until   int64 // with a drill: when it ends
	aborted string
	drill   *drill // nil: an operator's order
	guard   *guard // nil: unguarded
}

// share is what the target keeps of its traffic, 0 to 1.
func (e *evacuation) share(now int64) float64 {
	switch e.state {
	case EvacuationOut:
		return 0
	case EvacuationAborted:
		return 1
	}
	return e.ramp.at(now)
}

// A milestone is what an evacuation asks for.
type milestone uint8

const (
	underWay milestone = iota
	emptied            // nothing is left of the share: take the target out of service
	due                // a drill's time is over: put it back
	whole              // the share is what it was: the evacuation is over
)

func (e *evacuation) reached(now int64) milestone {
	switch {
	case e.state == EvacuationAborted:
		return underWay // it stays to be told of
	case e.state == EvacuationOut && now >= e.until:
		return due
	case e.state == EvacuationOut || !e.ramp.done(now):
		return underWay
	case e.state == EvacuationDraining:
		return emptied
	}
	return whole
}

// hold begins the time for which a drill keeps its target out.
func (e *evacuation) hold(now int64) { e.state, e.until = EvacuationOut, now+e.drill.holds }

// returnWithin has the share rise from where it is.
func (e *evacuation) returnWithin(now, lasts int64) {
	from := e.share(now)
	e.state, e.ramp = EvacuationReturning, ramp{from: from, to: 1, began: now, lasts: lasts}
}

// abort calls an evacuation off. It tells whether the target has to be put back
// into service, since it was out of it.
func (e *evacuation) abort(now int64, why string) (wasOut bool) {
	wasOut = e.state == EvacuationOut
	e.aborted = why
	e.returnWithin(now, int64(abortWithin))
	return wasOut
}

// guarded tells whether the destinations have to be watched.
func (e *evacuation) guarded() bool {
	return e.guard != nil && (e.state == EvacuationDraining || e.state == EvacuationOut)
}

// EvacuationStatus tells of an evacuation for people.
type EvacuationStatus struct {
	Target  Target          `json:"target"`
	State   EvacuationState `json:"state"`
	Share   float64         `json:"share"`             // of its traffic, what the target keeps now, 0 to 1
	Left    float64         `json:"left_seconds"`      // until the next state
	Drill   bool            `json:"drill,omitempty"`   // it ends by itself
	Guarded bool            `json:"guarded"`           // it is called off when its destinations suffer
	Aborted string          `json:"aborted,omitempty"` // why it was called off
}

func (e *evacuation) status(now int64) EvacuationStatus {
	left := e.ramp.began + e.ramp.lasts - now
	if e.state == EvacuationOut {
		left = e.until - now
	}
	return EvacuationStatus{Target: e.Target, State: e.state, Share: math.Round(1000*e.share(now)) / 1000, Drill: e.drill != nil,
		Left: math.Round(10*time.Duration(max(0, left)).Seconds()) / 10, Guarded: e.guard != nil && !e.guard.off, Aborted: e.aborted}
}

func (v *evacuations) status(now int64) (list []EvacuationStatus) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.list {
		list = append(list, e.status(now))
	}
	return list
}
