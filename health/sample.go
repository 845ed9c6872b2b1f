package health

import "sync/atomic"

// sampleSlots is how many goroutines can count without sharing a cache line.
const sampleSlots = 16

// samples counts exchanges. A slot of a Tracker has one; counts only rise, and wrap around.
type samples struct {
	good          [latencyBuckets]atomic.Uint32 // by latency
	failed        atomic.Uint32                 // all that went wrong
	gatewayErrors atomic.Uint32                 // of failed
	_             [44]byte                      // to a multiple of 128 bytes, CPUs fetch lines in pairs
}

// tally is what samples hold at a moment, or what came between two moments.
type tally struct {
	good          [latencyBuckets]uint32
	failed        uint32
	gatewayErrors uint32
}

// Answered reports an exchange that the backend answered with status, begun at began and answered at now; status 0 stands for the good end of an
// exchange that has none, such as a connection of a TCP pool, which then counts without its latency. A good answer (below 500, 501 and 505 included) ends a row of failures
// and a probation; a gateway error (502, 503, 504) counts towards an ejection, whose length dice varies. slot is the
// caller's loop: calls with different ones do not contend. While nothing is wrong it takes no lock and allocates only for a slot's first sample.
func (t *Tracker) Answered(slot int, began, now int64, status int, dice float64) Transition {
	word := t.word.Load()
	gateway := gatewayStatus(status) != ""
	failed := status >= 500 && status != 501 && status != 505
	if word&samplingBit != 0 && began >= t.availableSince.Load() {
		s := t.slot(slot)
		switch {
		case gateway:
			s.gatewayErrors.Add(1)
			s.failed.Add(1)
		case failed:
			s.failed.Add(1)
		case status == 0:
			s.good[untimed].Add(1)
		default:
			s.good[latencyBucket(now-began)].Add(1)
		}
	}
	if gateway {
		return t.gatewayError(began, now, status, dice)
	}
	if t.trouble.Load() {
		t.clearTrouble()
	}
	if word&probationBit != 0 && !failed {
		return t.passProbation(began, now)
	}
	return Transition{}
}

// sampleFailure counts a failed attempt. Its caller holds the group's mutex, so one slot will do.
func (t *Tracker) sampleFailure(began int64) {
	if !t.group.settings.Ejection.sampling() || began < t.availableSince.Load() {
		return
	}
	t.slot(0).failed.Add(1)
}

func (t *Tracker) slot(i int) *samples {
	p := &t.slots[uint(i)%sampleSlots]
	if s := p.Load(); s != nil {
		return s
	}
	p.CompareAndSwap(nil, new(samples))
	return p.Load()
}

// startWindow makes the next sweep see only what comes from now on.
func (t *Tracker) startWindow() {
	t.windowAge, t.latencyAge, t.latencyOf = 0, 0, 0
	if t.group.settings.Ejection.sampling() {
		t.windowBegan = t.sampled()
		t.latencyBegan = t.windowBegan
	}
}

// sampled adds up what all slots hold. Exchanges that end meanwhile may be in it or not.
func (t *Tracker) sampled() (sum tally) {
	for i := range t.slots {
		s := t.slots[i].Load()
		if s == nil {
			continue
		}
		for b := range s.good {
			sum.good[b] += s.good[b].Load()
		}
		sum.gatewayErrors += s.gatewayErrors.Load()
		sum.failed += s.failed.Load()
	}
	return sum
}

// since returns what came after earlier.
func (t tally) since(earlier *tally) tally {
	for b := range t.good {
		t.good[b] -= earlier.good[b]
	}
	t.failed -= earlier.failed
	t.gatewayErrors -= earlier.gatewayErrors
	return t
}

// gatewayStatus names a status by which a gateway says that it got no answer, or has no room; empty for any other.
func gatewayStatus(status int) string {
	switch status {
	case 502:
		return "status 502"
	case 503:
		return "status 503"
	case 504:
		return "status 504"
	}
	return ""
}
