package probe

import (
	"errors"

	"spillway/health"
	"spillway/internal/http1"
)

// A Finding is what one check found.
type Finding struct {
	Outcome Outcome
	Reason  string // why the backend is not well
}

// An Outcome sums up a Finding.
type Outcome uint8

const (
	// Passed says that the backend is well.
	Passed Outcome = iota
	// Rejected says that it answered, but not as expected.
	Rejected
	// Refused says that nobody listens where it should be.
	Refused
	// Failed says that there was no answer.
	Failed
)

// Tell reports the finding to the backend's tracker.
func (f Finding) Tell(t *health.Tracker, now int64) health.Transition {
	switch f.Outcome {
	case Passed:
		return t.CheckPassed(now)
	case Rejected:
		return t.CheckRejected(now, f.Reason)
	}
	return t.CheckFailed(now, f.Reason, f.Outcome == Refused)
}

func judged(why string) Finding {
	if why != "" {
		return Finding{Rejected, why}
	}
	return Finding{}
}

func answerFailure(err error) Finding {
	if malformed, ok := errors.AsType[*http1.Error](err); ok {
		return Finding{Rejected, "malformed answer: " + malformed.Error()}
	}
	return Finding{Failed, "read: " + err.Error()}
}
