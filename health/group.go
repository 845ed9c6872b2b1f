package health

import (
	"slices"
	"sync"
)

// Group is the backends of one pool, over all its regions. It outlives reloads: settings are replaced by
// [Group.Configure] while the trackers keep what they know.
//
// No ejection leaves fewer than KeepAtLeast of its backends available. Checks and operators may: they know
// better than a count.
type Group struct {
	mu        sync.Mutex // guards all below and every field of the trackers that is not atomic
	settings  Settings
	trackers  []*Tracker // in the order of their coming
	byID      map[string]*Tracker
	available int
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
	if g.settings.Check == nil {
		t.observed, t.why, t.availableSince = Healthy, "no failure seen", now
		g.available++
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
	t.member = false
	delete(g.byID, id)
	g.trackers = slices.DeleteFunc(g.trackers, func(other *Tracker) bool { return other == t })
}

// Available returns how many backends are available now.
func (g *Group) Available() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.available
}

// Configure replaces the settings. Where the active check goes away, what it alone had decided is dropped; where ejection is switched off,
// the ejected return. A check that is new leaves a Healthy backend in service until it fails.
func (g *Group) Configure(s Settings, now int64) []Transition {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(s)
	var changes []Transition
	for _, t := range g.trackers {
		if s.Check == nil {
			t.bad = 0
		}
		switch {
		case s.Check == nil && (t.observed == Warming || t.observed == Unhealthy):
			changes = appendChanged(changes, t.observe(now, Healthy, "no longer checked"))
		case !s.Ejection.enabled() && t.observed == Ejected:
			changes = appendChanged(changes, t.observe(now, Healthy, "ejection switched off"))
		}
		if len(t.failedAt) != s.Ejection.Failures {
			t.failedAt, t.failures = nil, 0
		}
	}
	return append(changes, g.tick(now)...)
}

// Tick ends the ejections whose time is over, where no active check decides on the return.
func (g *Group) Tick(now int64) []Transition {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tick(now)
}

func (g *Group) tick(now int64) []Transition {
	var changes []Transition
	for _, t := range g.trackers {
		if t.endsByTime() && now >= t.ejectedUntil {
			changes = appendChanged(changes, t.observe(now, Healthy, "ejection of "+brief(t.ejectedFor)+" is over"))
		}
	}
	return changes
}

// NextDeadline returns when [Group.Tick] has something to do next; ok is false when no time alone will change anything. It
// moves only with an ejection, a return, or Configure.
func (g *Group) NextDeadline() (at int64, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
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
