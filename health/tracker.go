package health

import (
	"sync/atomic"
	"time"
)

// Tracker is the health of one backend of one pool. Get it from [Group.Tracker].
type Tracker struct {
	id    string
	group *Group

	word           atomic.Uint32 // the published state, and the bits below
	trouble        atomic.Bool   // a success has something to clear
	availableSince atomic.Int64  // when it last became available; written under the group's mutex
	slots          [sampleSlots]atomic.Pointer[samples]

	// The group's mutex guards what follows.
	member    bool
	enabled   bool   // what an operator said
	observed  State  // what was seen; never Draining
	why       string // of observed, in words
	since     int64  // when the visible state began
	probation bool   // no good answer since its return
	place     Place

	good, bad int    // checks in a row
	badCheck  string // what the last bad check said
	frozen    bool   // the last bad check would have made it Unhealthy but for the group's doubt
	target    *doubtTarget
	unreached bool // its last check did not reach it; counted in target

	refused       bool
	failures      row
	gatewayErrors row
	lastRow       *row // of the two, the one that grew last, or for which it was kept; nil: neither
	kept          keepReason
	keptOutlier   string // the sweep's last verdict, where the pool could not spare it
	outlier       bool   // the last ejection was outlier analysis's
	ejections     int    // recent ones, see ejectionTime
	ejectedUntil  int64
	ejectedFor    time.Duration

	windowBegan tally // all samples before the window that the next sweep judges
	windowAge   int   // sweeps that found too little in it

	latencyBegan tally   // the same for latencies,
	latencyAge   int     // in looks
	latency      float64 // ns, in the last window that had enough answers
	latencyOf    uint32  // of so many; 0: there is none
}

// Bits of Tracker.word above the state.
const (
	refusedBit   = 1 << 8
	probationBit = 1 << 9
	samplingBit  = 1 << 10
)

// ID returns the backend's id.
func (t *Tracker) ID() string { return t.id }

// State returns the state now. It takes no lock.
func (t *Tracker) State() State { return State(t.word.Load()) }

// Available reports whether the backend may be chosen. It takes no lock.
func (t *Tracker) Available() bool { return t.State() == Healthy }

// Place says where a backend stands.
type Place struct {
	Region string // latencies are compared within a region only: what is far is not slow
	Host   string // whatever its checks reach over the network, such as its IP address, for [Doubt]; empty: it is on this machine
}

// SetPlace says where the backend stands; until then its region and host are empty.
func (t *Tracker) SetPlace(p Place) {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if t.place != p {
		t.leaveDoubt()
		t.place = p
	}
}

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
	t.clearRows()
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
	if t.byOutliers() {
		t.group.outliers--
	}
	t.probation = to == Healthy && t.group.settings.Probation && (t.observed == Ejected || t.observed == Unhealthy)
	t.observed, t.why = to, why
	t.good, t.frozen, t.keptOutlier = 0, false, ""
	t.clearRows()
	if to == Healthy {
		t.refused = false
	}
	return t.moved(before, now)
}

// moved publishes a change and tells of it.
func (t *Tracker) moved(before State, now int64) Transition {
	after := t.state()
	if before == after || !t.member {
		t.publish()
		return Transition{}
	}
	t.since = now
	switch {
	case before == Healthy:
		t.group.available--
	case after == Healthy:
		t.group.available++
		t.availableSince.Store(now)
		t.startWindow()
	}
	t.publish()
	return Transition{ID: t.id, From: before, To: after, At: now, Reason: t.reason(now)}
}

func (t *Tracker) publish() {
	word := uint32(t.state())
	if t.refused {
		word |= refusedBit
	}
	if t.onProbation() {
		word |= probationBit
	}
	if t.group.settings.Ejection.sampling() {
		word |= samplingBit
	}
	t.word.Store(word)
	t.trouble.Store(t.refused || t.failures.count > 0 || t.gatewayErrors.count > 0)
}
