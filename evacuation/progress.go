package evacuation

import "time"

// Drive lists what has to be driven; nil: nothing, and whoever drives may go.
func (v *Registry) Drive() []*Evacuation {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := v.underWay()
	v.driven = list != nil
	return list
}

// Reached tells what an evacuation asks for, and whether its guard has a say.
func (v *Registry) Reached(e *Evacuation, now int64) (m Milestone, guarded bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return e.reached(now), e.guarded()
}

// Current tells whether an evacuation has not been replaced.
func (v *Registry) Current(e *Evacuation) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.find(e.Target) == e
}

// TakenOut notes that the target is out of service now, for good or for the time of
// a drill.
func (v *Registry) TakenOut(e *Evacuation, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e.drill == nil {
		v.drop(e)
		return
	}
	e.hold(now)
	e.drill.report.State = DrillOut
	v.publishDrill(e)
}

// ComeBack has the target of a drill come back by degrees.
func (v *Registry) ComeBack(e *Evacuation, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e.returnWithin(now, e.drill.lasts)
	v.noteReturn(e, now)
}

// CallOff aborts an evacuation: its target comes back fast. wasOut: it has to be put
// back into service. What was replaced meanwhile is left alone, and ok is false.
func (v *Registry) CallOff(e *Evacuation, now int64, why string) (wasOut, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.find(e.Target) != e {
		return false, false
	}
	wasOut = e.abort(now, why)
	if e.drill != nil {
		e.drill.report.Aborted = why
	}
	v.noteReturn(e, now)
	return wasOut, true
}

// End is for an evacuation whose traffic is home again. One that was called off stays
// to be told of, until the next order.
func (v *Registry) End(e *Evacuation, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if d := e.drill; d != nil {
		d.report.HomeAfter = time.Duration(now - d.returned).Seconds()
		state := DrillDone
		if e.aborted != "" {
			state = DrillAborted
		}
		v.endDrill(e, state)
	}
	if e.aborted != "" && e.drill == nil {
		e.state = Aborted
	} else {
		v.drop(e)
	}
}

// BeginDrill shows a drill's report, unless there is a drill already: then it is
// a [*ConflictError].
func (v *Registry) BeginDrill(d *Drill) (*DrillReport, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drill != nil && !v.drill.Ended {
		return nil, &ConflictError{"a drill is under way; GET /api/drill tells of it"}
	}
	shown := d.report
	v.drill = &shown
	report := d.report
	return &report, nil
}

// NoteDrill brings the report of an evacuation that is a drill up to date: how many
// requests its pools have had since it began, and how many of them it has moved.
func (v *Registry) NoteDrill(e *Evacuation, moved, requests uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if d := e.drill; d != nil && !d.report.Ended {
		d.note(d.report.State, moved, requests)
		v.publishDrill(e)
	}
}

// noteReturn marks the end of a drill's time. The caller holds mu.
func (v *Registry) noteReturn(e *Evacuation, now int64) {
	if d := e.drill; d != nil && d.returned == 0 {
		d.returned = now
		d.report.State = DrillReturning
		v.publishDrill(e)
	}
}

// endDrill closes the report. The caller holds mu.
func (v *Registry) endDrill(e *Evacuation, state DrillState) {
	e.drill.report.State, e.drill.report.Ended = state, true
	v.publishDrill(e)
}

// publishDrill shows what the report says now. The caller holds mu.
func (v *Registry) publishDrill(e *Evacuation) {
	report := e.drill.report
	v.drill = &report
}

// Watched tells whoever drives the evacuation whether what it moves has to be
// measured: for a guard, or for a drill's report.
func (e *Evacuation) Watched() bool { return e.guard != nil || e.drill != nil }

// Judge takes what happened at the destinations in a pool since the last time, from
// whoever drives the evacuation, and says why it must not go on; empty: it may.
func (e *Evacuation) Judge(pool string, lately *Outcomes) (why string) {
	if e.drill != nil && e.drill.returned == 0 {
		e.drill.during.add(lately)
	}
	return e.guard.judge(pool, lately)
}

// settlePatience is how long a drill waits for the last of its traffic to come home.
const settlePatience = time.Minute

// AwaitsTraffic tells whoever drives the evacuation whether one that is [Whole] shall
// not end before its scope is settled in all pools: see [Scope.Settled].
func (e *Evacuation) AwaitsTraffic(now int64) bool {
	return e.drill != nil && now-e.ramp.began-e.ramp.lasts <= int64(settlePatience)
}
