package health

import "fmt"

// CheckPassed reports a good active check. The first one makes a Warming backend Healthy, Rise in a row an Unhealthy one. An Ejected
// one needs Rise in a row after its time is over: before, they prove nothing, since a check need not go the way on which clients' exchanges failed.
func (t *Tracker) CheckPassed(now int64) Transition {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if !t.checked() {
		return Transition{}
	}
	rise := t.group.settings.Check.rise()
	t.bad, t.refused, t.frozen = 0, false, false
	t.reportReach(now, true)
	t.publish()
	switch t.observed {
	case Warming:
		return t.observe(now, Healthy, "first check passed")
	case Ejected:
		if now < t.ejectedUntil {
			return Transition{}
		}
		if t.good++; t.good >= rise {
			return t.observe(now, Healthy, fmt.Sprintf("%s passed after an ejection of %s", inARow(rise, "check"), brief(t.ejectedFor)))
		}
	case Unhealthy:
		if t.good++; t.good >= rise {
			return t.observe(now, Healthy, inARow(rise, "check")+" passed")
		}
	}
	return Transition{}
}

// CheckFailed reports a bad active check; what says how it failed, refused whether its connection was refused. Fall in a row make
// the backend Unhealthy, whatever it was. That ends an ejection: a check that saw the fault may also say when it is gone.
//
// While the group's [Doubt] is on, a Healthy backend stays so, unless the connection was refused: then the way to it is good.
func (t *Tracker) CheckFailed(now int64, what string, refused bool) Transition {
	return t.checkFailed(now, what, refused, refused)
}

// CheckRejected is CheckFailed for a check that was answered, but not as expected. The way to the backend is good, so it raises no doubt and is held by none.
func (t *Tracker) CheckRejected(now int64, what string) Transition {
	return t.checkFailed(now, what, false, true)
}

func (t *Tracker) checkFailed(now int64, what string, refused, reached bool) Transition {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if !t.checked() {
		return Transition{}
	}
	t.good, t.refused, t.badCheck = 0, refused, what
	t.bad++
	t.reportReach(now, reached)
	falls := t.observed != Unhealthy && t.bad >= t.group.settings.Check.fall()
	if t.frozen = falls && t.observed == Healthy && !reached && t.place.Host != "" && t.group.doubt.Doubting(); falls && !t.frozen {
		return t.observe(now, Unhealthy, fmt.Sprintf("%s failed: %s", inARow(t.bad, "check"), what))
	}
	t.publish()
	return Transition{}
}

// InQuestion reports whether checks are about to change the backend's state, so that the next one should come soon.
func (t *Tracker) InQuestion(now int64) bool {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	switch t.observed {
	case Warming:
		return true
	case Unhealthy:
		return t.good > 0
	case Ejected:
		return t.bad > 0 || now >= t.ejectedUntil
	}
	return t.bad > 0
}

func (t *Tracker) checked() bool { return t.member && t.group.settings.Check != nil }
