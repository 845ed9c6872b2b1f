package health

import (
	"slices"
	"sync"
)

// Group is the backends of one pool, over all its regions. It outlives reloads: settings are replaced by
// [Group.Configure] while the trackers keep what they know.
//
// No ejection leaves fewer than KeepAtLeast of its backends available, and outlier analysis holds no more than its fraction of them
// ejected at once. Checks and operators may take out more: they know better than a count.
type Group struct {
	mu        sync.Mutex // guards all below and every field of the trackers that is not atomic
	settings  Settings
	trackers  []*Tracker // in the order of their coming
	byID      map[string]*Tracker
	available int
	outliers  int   // ejected by outlier analysis
	nextSweep int64 // 0: none
	nextLook  int64 // at latencies, between sweeps; 0: none
	doubt     *Doubt
}

// NewGroup returns a group without backends.
func NewGroup(s Settings) *Group {
	g := &Group{byID: make(map[string]*Tracker)}
	g.set(s)
	return g
}

func (g *Group) set(s Settings) {
	if s.Check != nil {
		check := *s.Check
		s.Check = &check
	}
	g.settings = s
}

// Tracker returns the tracker of the backend with that id, the same one each time until [Group.Remove]. A new one is Warming where
// the pool has an active check, else Healthy.
func (g *Group) Tracker(id string, now int64) *Tracker {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.byID[id]; t != nil {
		return t
	}
	t := &Tracker{id: id, group: g, member: true, enabled: true, observed: Warming, why: "waiting for the first good check", since: now}
	t.failures, t.gatewayErrors = row{what: "failure"}, row{what: "gateway error"}
	if g.settings.Check == nil {
		t.observed, t.why = Healthy, "no failure seen"
		t.availableSince.Store(now)
		g.available++
	}
	if g.nextSweep == 0 {
		g.scheduleSweep(now)
	}
	t.publish()
	g.trackers, g.byID[id] = append(g.trackers, t), t
	return t
}

// Remove forgets the backend with that id. What its last exchanges still report to its Tracker changes nothing.
func (g *Group) Remove(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.byID[id]
	if t == nil {
		return
	}
	if t.state() == Healthy {
		g.available--
	}
	if t.byOutliers() {
		g.outliers--
	}
	t.member = false
	t.leaveDoubt()
	delete(g.byID, id)
	g.trackers = slices.DeleteFunc(g.trackers, func(other *Tracker) bool { return other == t })
}

// Available returns how many backends are available now.
func (g *Group) Available() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.available
}

// SetDoubt gives the group its part in a doubt that all groups of a process share. Call it before the first [Group.Tracker].
func (g *Group) SetDoubt(d *Doubt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.doubt = d
}

// Configure replaces the settings. Where the active check goes away, what it alone had decided is dropped; where ejection is switched off,
// the ejected return. A check that is new leaves a Healthy backend in service until it fails.
func (g *Group) Configure(s Settings, now int64) []Transition {
	g.mu.Lock()
	defer g.mu.Unlock()
	sampled := g.settings.Ejection.sampling()
	g.set(s)
	var changes []Transition
	for _, t := range g.trackers {
		if s.Check == nil {
			t.bad = 0
			t.leaveDoubt()
		}
		switch {
		case s.Check == nil && (t.observed == Warming || t.observed == Unhealthy):
			changes = appendChanged(changes, t.observe(now, Healthy, "no longer checked"))
		case !s.Ejection.enabled() && t.observed == Ejected:
			changes = appendChanged(changes, t.observe(now, Healthy, "ejection switched off"))
		}
		t.failures.resize(s.Ejection.Failures)
		t.gatewayErrors.resize(s.Ejection.Outliers.GatewayErrors.InARow)
		if t.lastRow != nil && t.lastRow.count == 0 {
			t.lastRow, t.kept = nil, notKept
		}
		t.probation = t.probation && s.Probation
		if !sampled {
			t.startWindow()
		}
		t.publish()
	}
	if at := g.nextSweep; at == 0 || !s.Ejection.sampling() || at > now+int64(s.Ejection.Outliers.Interval) {
		g.scheduleSweep(now)
	}
	return append(changes, g.endEjections(now)...)
}

// Tick ends the ejections whose time is over, where no active check decides on the return, and makes the sweep of outlier analysis
// that is due. dice is in [0, 1) and varies how long the sweep's ejections last, each differently.
func (g *Group) Tick(now int64, dice float64) []Transition {
	g.mu.Lock()
	defer g.mu.Unlock()
	changes := g.endEjections(now)
	if g.nextSweep != 0 && now >= g.nextSweep {
		changes = append(changes, g.sweep(now, dice)...)
		g.scheduleSweep(now)
	} else if g.nextLook != 0 && now >= g.nextLook {
		changes = append(changes, g.look(now, dice)...)
		g.scheduleLook(now)
	}
	return changes
}

func (g *Group) endEjections(now int64) []Transition {
	var changes []Transition
	for _, t := range g.trackers {
		if t.endsByTime() && now >= t.ejectedUntil {
			changes = appendChanged(changes, t.observe(now, Healthy, "ejection of "+brief(t.ejectedFor)+" is over"))
		}
	}
	return changes
}

// scheduleSweep sets the time of the next sweep. Sweeps that were missed are not made up for.
func (g *Group) scheduleSweep(now int64) {
	g.nextSweep = 0
	if s := g.settings.Ejection; s.sampling() {
		g.nextSweep = now + int64(s.Outliers.Interval)
	}
	g.scheduleLook(now)
}

// scheduleLook sets the time of the next look at latencies, unless a sweep comes sooner.
func (g *Group) scheduleLook(now int64) {
	g.nextLook = 0
	if s := &g.settings.Ejection; s.sampling() && s.Outliers.looks() {
		g.nextLook = now + int64(s.Outliers.Latency.Interval)
	}
}

// NextDeadline returns when [Group.Tick] has something to do next; ok is false when no time alone will change anything. It
// moves only with an ejection, a return, Tick, Configure, or the first backend.
func (g *Group) NextDeadline() (at int64, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, ok = g.nextSweep, g.nextSweep != 0 && len(g.trackers) > 0
	if g.nextLook != 0 {
		at = min(at, g.nextLook)
	}
	for _, t := range g.trackers {
		if t.endsByTime() && (!ok || t.ejectedUntil < at) {
			at, ok = t.ejectedUntil, true
		}
	}
	return at, ok
}

func appendChanged(changes []Transition, t Transition) []Transition {
	if t.Changed() {
		changes = append(changes, t)
	}
	return changes
}
