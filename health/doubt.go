package health

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Doubt asks whether it is the backends that fail, or the network of this machine. When most of all hosts that were well stop passing their
// checks at about the same time, the common cause is more likely here; to remove them all would turn a fault that may pass in a second into an outage. So while the doubt is
// on, no failed check makes a backend Unhealthy. (Eureka's self-preservation does so for a registry.) What clients' exchanges
// show still ejects: it compares backends with each other, and stops at KeepAtLeast.
//
// One region of which most hosts are well clears this machine: then it is the others that are lost. So does an answer, be it a refused
// connection or a wrong status.
//
// All groups of a process share one Doubt ([Group.SetDoubt]). Backends without a host in their [Place] have no part in it. A host that several backends
// share is lost when the checks of all of them fail.
type Doubt struct {
	doubting atomic.Bool

	mu       sync.Mutex // taken while a group's mutex is held, never the other way round
	settings DoubtSettings
	targets  map[string]*doubtTarget // by host
	since    int64                   // when the present answer was found
	from     int64                   // while doubting: hosts lost before are not among those whose return ends it
	calm     int64                   // while doubting: since when no more than Share are lost; 0: they are
	why      string
	changes  []DoubtTransition
}

// DoubtSettings say when a doubt begins.
type DoubtSettings struct {
	Share float64 // more than this part of the hosts must be lost; 0: half of them
	Hosts int     // at least so many hosts must be known, below 2 counts as 2
	Off   bool
}

func (s DoubtSettings) share() float64 {
	if s.Share <= 0 {
		return 0.5
	}
	return s.Share
}

// DoubtTransition is the beginning or the end of a doubt.
type DoubtTransition struct {
	Doubting bool
	At       int64
	Reason   string // in words
}

// DoubtStatus is the present state, for people and metrics.
type DoubtStatus struct {
	Doubting bool
	Reason   string // in words
	Since    int64  // when Doubting began to be so
	Hosts    int    // that count: well, or lost at about the same time
	Lost     int    // of Hosts
}

// doubtTarget is a host. The doubt's mutex guards it.
type doubtTarget struct {
	host      string
	region    string
	trackers  int   // that have checked it
	unreached int   // of them, whose last check did not reach it
	known     bool  // it was reached once: one that never was is a mistake in a configuration, or new
	lostAt    int64 // when it was lost; 0: it was reached since
	window    int64 // within so long a change shows in its checks, ns
}

// lost reports whether no check reaches the host, though one did before.
func (d *doubtTarget) lost() bool { return d.known && d.unreached == d.trackers }

// NewDoubt returns a doubt that is not on and has no hosts yet.
func NewDoubt(s DoubtSettings, now int64) *Doubt {
	return &Doubt{settings: s, targets: map[string]*doubtTarget{}, since: now, why: "no check failed yet"}
}

// Configure replaces the settings, and looks anew at the hosts: call it also after backends went.
func (d *Doubt) Configure(s DoubtSettings, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settings = s
	d.think(now)
}

// Doubting reports whether removals are frozen. It takes no lock. A nil Doubt never doubts.
func (d *Doubt) Doubting() bool { return d != nil && d.doubting.Load() }

// Take returns the changes since it was last called, each once: call it after each report of a check, and log them.
func (d *Doubt) Take() []DoubtTransition {
	d.mu.Lock()
	defer d.mu.Unlock()
	changes := d.changes
	d.changes = nil
	return changes
}

// Status returns the present state at one moment.
func (d *Doubt) Status(now int64) DoubtStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	all, _ := d.count(now)
	return DoubtStatus{Doubting: d.doubting.Load(), Reason: d.why, Since: d.since, Hosts: all.hosts, Lost: all.lost}
}

// census counts hosts that are well or were lost at about the same time.
type census struct{ hosts, lost int }

func (c census) mostly(share float64) bool { return float64(c.lost) > share*float64(c.hosts) }

// count looks back as far as the slowest check takes to tell of a change, but in a doubt to its beginning.
func (d *Doubt) count(now int64) (all census, byRegion map[string]census) {
	from := d.from
	if !d.doubting.Load() {
		from = now - d.window()
	}
	byRegion = map[string]census{}
	for _, t := range d.targets {
		if !t.known || t.lost() && t.lostAt < from {
			continue
		}
		r := byRegion[t.region]
		r.hosts++
		all.hosts++
		if t.lost() {
			r.lost++
			all.lost++
		}
		byRegion[t.region] = r
	}
	return all, byRegion
}

func (d *Doubt) window() (longest int64) {
	for _, t := range d.targets {
		longest = max(longest, t.window)
	}
	return longest
}

// think begins or ends the doubt. It ends after a whole window in which no more than the share were lost, so that it does not flap.
func (d *Doubt) think(now int64) {
	all, byRegion := d.count(now)
	suspect := !d.settings.Off && all.hosts >= max(d.settings.Hosts, 2) && all.mostly(d.settings.share())
	for _, r := range byRegion {
		suspect = suspect && r.mostly(d.settings.share())
	}
	switch {
	case suspect && !d.doubting.Load():
		d.from = now - d.window()
		d.change(true, now, fmt.Sprintf("%d of %d hosts, most in every region, stopped passing checks within %s: this machine's own network is in doubt",
			all.lost, all.hosts, brief(time.Duration(d.window()))))
		fallthrough
	case suspect:
		d.calm = 0
	case d.doubting.Load() && d.settings.Off:
		d.change(false, now, "switched off")
	case d.doubting.Load():
		if d.calm == 0 {
			d.calm = now
		}
		if now-d.calm >= d.window() {
			d.change(false, now, fmt.Sprintf("%d of %d hosts pass their checks: this machine's own network is trusted again", all.hosts-all.lost, all.hosts))
		}
	}
}

func (d *Doubt) change(doubting bool, now int64, why string) {
	d.doubting.Store(doubting)
	d.since, d.why = now, why
	d.changes = append(d.changes, DoubtTransition{Doubting: doubting, At: now, Reason: why})
}
