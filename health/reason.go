package health

import (
	"fmt"
	"time"
)

// Status is a backend's health for people.
type Status struct {
	ID        string
	State     State
	Reason    string // as [Tracker.Reason]
	Since     int64  // when State began, in the caller's monotonic nanoseconds
	Enabled   bool   // what an operator said
	Refused   bool   // as [Tracker.Refused]
	Probation bool   // as [Tracker.Probation]
}

// Status returns the whole at one moment.
func (t *Tracker) Status(now int64) Status {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	return Status{t.id, t.state(), t.reasonSince(now), t.since, t.enabled, t.refused, t.onProbation()}
}

// Reason says in words why the backend is in its state, and for how long.
func (t *Tracker) Reason(now int64) string {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	return t.reasonSince(now)
}

func (t *Tracker) reasonSince(now int64) string {
	if t.state() == Ejected { // its reason has the times already
		return t.reason(now)
	}
	words := fmt.Sprintf("%s; %s for %s", t.reason(now), t.state(), brief(time.Duration(now-t.since)))
	if t.onProbation() {
		words += ", on probation until its first good answer"
	}
	return words
}

func (t *Tracker) reason(now int64) string {
	if t.enabled {
		return t.observedReason(now)
	}
	if t.observed == Healthy {
		return "taken out by an operator"
	}
	return fmt.Sprintf("taken out by an operator; besides %s: %s", t.observed, t.observedReason(now))
}

func (t *Tracker) observedReason(now int64) string {
	switch t.observed {
	case Unhealthy:
		if t.good > 0 {
			return t.why + "; " + t.progress()
		}
		return fmt.Sprintf("%s failed: %s", inARow(t.bad, "check"), t.badCheck)
	case Ejected:
		switch {
		case now < t.ejectedUntil:
			return fmt.Sprintf("%s; %s left", t.why, brief(time.Duration(t.ejectedUntil-now)))
		case t.group.settings.Check != nil:
			return t.why + "; " + t.progress()
		}
		return t.why
	}
	switch {
	case t.frozen:
		return fmt.Sprintf("%s failed: %s; kept, for this machine's own network is in doubt", inARow(t.bad, "check"), t.badCheck)
	case t.bad > 0:
		return fmt.Sprintf("%s; then %s failed: %s", t.why, inARow(t.bad, "check"), t.badCheck)
	case t.kept != notKept:
		return fmt.Sprintf("%s; %s", t.lastRow, t.group.keptFor(t.kept))
	case t.keptOutlier != "":
		return t.keptOutlier
	case t.lastRow != nil:
		return fmt.Sprintf("%s; then %s", t.why, t.lastRow)
	}
	return t.why
}

func (t *Tracker) progress() string {
	return fmt.Sprintf("%d of the %d good checks to return", t.good, t.group.settings.Check.rise())
}

func inARow(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss in a row", n, what)
}

// brief shortens a duration to what a reader needs.
func brief(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}
