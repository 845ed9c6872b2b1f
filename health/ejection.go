package health

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

// Success reports that an exchange went well: the count of failures in a row starts anew. It does not end an ejection: the exchange may have
// begun before. It costs one atomic load while nothing fails. Where the answer is known, [Tracker.Answered] tells more.
func (t *Tracker) Success() {
	if t.trouble.Load() {
		t.clearTrouble()
	}
}

func (t *Tracker) clearTrouble() {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	t.clearRows()
	t.refused = false
	t.publish()
}

func (t *Tracker) clearRows() {
	t.failures.count, t.gatewayErrors.count, t.lastRow, t.kept = 0, 0, nil, notKept
}

// Failure reports an attempt that began at began and failed at now because of the backend. Enough of them in a row eject it; dice is in [0, 1) and
// varies for how long. Attempts begun before the backend last became available do not count: they tell of the time before.
func (t *Tracker) Failure(began, now int64, cause Cause, dice float64) Transition {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if cause.connecting() {
		t.refused = cause == ConnectRefused
	}
	t.sampleFailure(began)
	if s := t.group.settings.Ejection; s.Failures > 0 && t.mayEject(began) {
		return t.oneMore(&t.failures, s.Failures, now, cause.String(), false, dice)
	}
	t.publish()
	return Transition{}
}

// gatewayError reports an answer with a status that says that the backend cannot serve. It ends no row of failures, nor does a failure
// end a row of these: a backend that does now the one and now the other is no better.
func (t *Tracker) gatewayError(began, now int64, status int, dice float64) Transition {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	t.refused = false
	if s := t.group.settings.Ejection; s.Outliers.GatewayErrors.InARow > 0 && t.mayEject(began) {
		return t.oneMore(&t.gatewayErrors, s.Outliers.GatewayErrors.InARow, now, gatewayStatus(status), true, dice)
	}
	t.publish()
	return Transition{}
}

// mayEject reports whether an exchange that began at began may count against the backend.
func (t *Tracker) mayEject(began int64) bool {
	return t.member && t.group.settings.Ejection.enabled() && t.state() == Healthy && began >= t.availableSince.Load()
}

// oneMore counts an event, and ejects the backend if need of them are together and the pool can spare it.
func (t *Tracker) oneMore(r *row, need int, now int64, last string, outlier bool, dice float64) Transition {
	enough := r.add(now, last, need, t.group.settings.Ejection.Window)
	if enough || t.kept == notKept {
		t.lastRow = r
	}
	if enough {
		if t.kept = t.group.sparing(outlier); t.kept == notKept {
			return t.eject(now, r.String(), outlier, dice)
		}
	}
	t.publish()
	return Transition{}
}

// eject takes the backend out. Whether the pool can spare it is the caller's question.
func (t *Tracker) eject(now int64, verdict string, outlier bool, dice float64) Transition {
	s := t.group.settings.Ejection
	calm := (now - t.availableSince.Load()) / int64(s.Time)
	t.ejections = min(int(max(0, int64(t.ejections)-calm))+1, s.rememberedEjections())
	t.ejectedFor = s.ejectionTime(t.ejections, dice)
	t.ejectedUntil = now + int64(t.ejectedFor)
	change := t.observe(now, Ejected, fmt.Sprintf("ejected for %s after %s", brief(t.ejectedFor), verdict))
	if t.outlier = outlier; outlier {
		t.group.outliers++
	}
	return change
}

// keepReason says why a backend that deserves ejection stays.
type keepReason uint8

const (
	notKept keepReason = iota
	keptAtLeast
	keptByFraction
)

// sparing reports whether the pool can do without one more backend, the candidate being counted as gone already.
func (g *Group) sparing(outlier bool) keepReason {
	s := g.settings.Ejection
	switch {
	case g.available-1 < s.KeepAtLeast:
		return keptAtLeast
	case outlier && g.outliers+1 > g.mostOutliers():
		return keptByFraction
	}
	return notKept
}

// mostOutliers is how many backends outlier analysis may hold ejected.
func (g *Group) mostOutliers() int {
	const rounding = 1e-9 // 0.29 of 100 is 29
	return max(1, int(g.settings.Ejection.Outliers.Fraction*float64(len(g.trackers))+rounding))
}

func (g *Group) keptFor(k keepReason) string {
	if k == keptByFraction {
		return fmt.Sprintf("kept, for outlier analysis may eject %d of %d at once", g.mostOutliers(), len(g.trackers))
	}
	return fmt.Sprintf("kept, for the pool must have %d available", g.settings.Ejection.KeepAtLeast)
}

// ejectionTime doubles with each recent ejection up to the maximum, and varies by ±10 % so that backends ejected together do not return together.
// One of them is forgotten for each base time in service.
func (s EjectionSettings) ejectionTime(ejections int, dice float64) time.Duration {
	length := min(math.Ldexp(float64(s.Time), ejections-1), float64(s.maxTime()))
	return time.Duration(length * (0.9 + 0.2*dice))
}

// rememberedEjections is how many recent ejections count: more would not make the next one longer.
func (s EjectionSettings) rememberedEjections() int {
	doublings := (s.maxTime() - 1) / s.Time
	return bits.Len64(uint64(doublings)) + 1
}

func (s EjectionSettings) maxTime() time.Duration {
	if s.MaxTime > 0 {
		return max(s.MaxTime, s.Time)
	}
	return 10 * s.Time
}

// endsByTime reports an ejection on whose end no check decides.
func (t *Tracker) endsByTime() bool {
	return t.observed == Ejected && t.group.settings.Check == nil
}

// byOutliers reports an ejection that outlier analysis made.
func (t *Tracker) byOutliers() bool { return t.observed == Ejected && t.outlier }
