package health

import (
	"fmt"
	"time"
)

// Success reports that an exchange went well: the count of failures in a row starts anew. It does not end an ejection: the exchange may have
// begun before. It costs one atomic load while nothing fails.
func (t *Tracker) Success() {
	if t.trouble.Load() {
		t.clearTrouble()
	}
}

func (t *Tracker) clearTrouble() {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	t.failures, t.kept, t.refused = 0, false, false
	t.publish()
}

// Failure reports an attempt that began at began and failed at now because of the backend. Enough of them in a row eject it; dice is in [0, 1) and
// varies for how long. Attempts begun before the backend last became available do not count: they tell of the time before.
func (t *Tracker) Failure(began, now int64, cause Cause, dice float64) Transition {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if cause.connecting() {
		t.refused = cause == ConnectRefused
	}
	settings := t.group.settings.Ejection
	if t.member && settings.enabled() && t.state() == Healthy && began >= t.availableSince {
		t.cause = cause
		if t.countFailure(now, settings) {
			if t.kept = t.group.available-1 < settings.KeepAtLeast; !t.kept {
				return t.eject(now, settings, dice)
			}
		}
	}
	t.publish()
	return Transition{}
}

// countFailure reports whether the last Failures failures came in a row and within the window.
func (t *Tracker) countFailure(now int64, s EjectionSettings) bool {
	if t.failedAt == nil {
		t.failedAt = make([]int64, s.Failures)
	}
	t.failedAt[t.failures%s.Failures] = now
	t.failures++
	oldest := t.failedAt[t.failures%s.Failures]
	return t.failures >= s.Failures && (s.Window <= 0 || now-oldest <= int64(s.Window))
}

// eject takes the backend out. Whether the pool can spare it is the caller's question.
func (t *Tracker) eject(now int64, s EjectionSettings, dice float64) Transition {
	calm := (now - t.availableSince) / int64(s.Time)
	t.ejections = min(int(max(0, int64(t.ejections)-calm))+1, maxEjections)
	t.ejectedFor = ejectionTime(s.Time, t.ejections, dice)
	t.ejectedUntil = now + int64(t.ejectedFor)
	return t.observe(now, Ejected, fmt.Sprintf("ejected for %s after %s: %s", brief(t.ejectedFor), inARow(t.failures, "failure"), t.cause))
}

// maxEjections is how many recent ejections are remembered: more would not make the next one longer.
const maxEjections = 5

// ejectionTime doubles with each recent ejection up to ten times the base, and varies by ±10 % so that backends ejected together do not return together.
// One of them is forgotten for each base time in service.
func ejectionTime(base time.Duration, ejections int, dice float64) time.Duration {
	factor := min(1<<(ejections-1), 10)
	return time.Duration(float64(base) * float64(factor) * (0.9 + 0.2*dice))
}

// endsByTime reports an ejection on whose end no check decides.
func (t *Tracker) endsByTime() bool {
	return t.observed == Ejected && t.group.settings.Check == nil
}
