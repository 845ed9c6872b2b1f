package health

import (
	"sync/atomic"
	"time"
)

// Tracker is the health of one backend of one pool. Get it from [Group.Tracker].
type Tracker struct {
	id    string
	group *Group

	word    atomic.Uint32 // the published state, and refusedBit
	trouble atomic.Bool   // a success has something to clear

	// The group's mutex guards what follows.
	member   bool
	enabled  bool   // what an operator said
	observed State  // what was seen; never Draining
	why      string // of observed, in words
	since    int64  // when the visible state began

	availableSince int64 // when it last became available

	good, bad int    // checks in a row
	badCheck  string // what the last bad check said

	refused      bool
	cause        Cause   // of the last failure that counted
	failures     int     // in a row
	failedAt     []int64 // ring of the times of the last failures
	kept         bool    // it would be ejected but for KeepAtLeast
	ejections    int     // recent ones, see ejectionTime
	ejectedUntil int64
	ejectedFor   time.Duration
}

const refusedBit = 1 << 8

// ID returns the backend's id.
func (t *Tracker) ID() string { return t.id }

// State returns the state now. It takes no lock.
func (t *Tracker) State() State { return State(t.word.Load()) }

// Available reports whether the backend may be chosen. It takes no lock.
func (t *Tracker) Available() bool { return t.State() == Healthy }

// Refused reports whether the last connection attempt was refused: nobody listens there, so it makes no sense to choose the backend even when none
// is available. It takes no lock, and no Transition tells of its change.
func (t *Tracker) Refused() bool { return t.word.Load()&refusedBit != 0 }

// SetEnabled takes the backend out of service (Draining) or back into it. What is observed goes on underneath.
func (t *Tracker) SetEnabled(enabled bool, now int64) Transition {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if t.enabled == enabled {
		return Transition{}
	}
	before := t.state()
	t.enabled = enabled
	t.failures, t.kept = 0, false
	return t.moved(before, now)
}

// state derives what is visible from the two bits.
func (t *Tracker) state() State {
	if !t.enabled {
		return Draining
	}
	return t.observed
}

// observe enters an observed state. Bad checks count on, so that people see how many there were.
func (t *Tracker) observe(now int64, to State, why string) Transition {
	before := t.state()
	t.observed, t.why = to, why
	t.good, t.failures, t.kept = 0, 0, false
	if to == Healthy {
		t.refused = false
	}
	return t.moved(before, now)
}

// moved publishes a change and tells of it.
func (t *Tracker) moved(before State, now int64) Transition {
	t.publish()
	after := t.state()
	if before == after || !t.member {
		return Transition{}
	}
	t.since = now
	switch {
	case before == Healthy:
		t.group.available--
	case after == Healthy:
		t.group.available++
		t.availableSince = now
	}
	return Transition{ID: t.id, From: before, To: after, At: now, Reason: t.reason(now)}
}

func (t *Tracker) publish() {
	word := uint32(t.state())
	if t.refused {
		word |= refusedBit
	}
	t.word.Store(word)
	t.trouble.Store(t.refused || t.failures > 0)
}
