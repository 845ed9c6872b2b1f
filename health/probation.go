package health

// Probation reports whether the backend has returned, from an ejection or from being Unhealthy, and has not yet given a good answer: then it should have no more
// than one request in flight. It takes no lock.
//
// It begins with a [Transition] to Healthy and ends with the first good answer to a request sent since ([Tracker.Answered] says so in
// Transition.ProbationEnded, once), or with the state. Neither time nor checks end it: what takes clients' requests and keeps silent is what it is for. A new backend is
// not on probation, nor is one that an operator gives back, unless it had failed before.
//
// It steers and must not refuse: a backend that answers nothing but 500, or after a minute, stays on probation, so a request that finds room nowhere else
// should be let through.
func (t *Tracker) Probation() bool { return t.word.Load()&probationBit != 0 }

func (t *Tracker) onProbation() bool { return t.probation && t.state() == Healthy }

// passProbation ends the probation, if the exchange that went well was begun in it.
func (t *Tracker) passProbation(began, now int64) Transition {
	t.group.mu.Lock()
	defer t.group.mu.Unlock()
	if !t.onProbation() || !t.member || began < t.availableSince.Load() {
		return Transition{}
	}
	t.probation = false
	t.publish()
	return Transition{ID: t.id, From: Healthy, To: Healthy, At: now, Reason: t.reason(now), ProbationEnded: true}
}
