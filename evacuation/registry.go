package evacuation

import (
	"slices"
	"sync"

	"spillway/balancer"
)

// A Registry has the evacuations under way, and the last drill. The zero value is
// ready. Its methods may be called from any goroutine and under any lock; those that
// change an evacuation are for whoever drives it.
type Registry struct {
	mu     sync.Mutex
	list   []*Evacuation
	driven bool         // somebody drives them
	drill  *DrillReport // the last
}

// find is the evacuation of a target; nil: there is none. The caller holds mu.
func (v *Registry) find(t Target) *Evacuation {
	for _, e := range v.list {
		if e.Target == t {
			return e
		}
	}
	return nil
}

// drop forgets an evacuation. The caller holds mu.
func (v *Registry) drop(e *Evacuation) {
	v.list = slices.DeleteFunc(v.list, func(other *Evacuation) bool { return other == e })
}

// Begin takes an evacuation up. Its target must have none: see [Registry.Replace].
// It tells whether somebody has to begin to drive.
func (v *Registry) Begin(e *Evacuation) (drive bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.list = append(v.list, e)
	drive = !v.driven
	v.driven = true
	return drive
}

// Replace ends what is under way for a target, if anything is, and tells what the
// target keeps of its traffic now; share is what it keeps otherwise.
func (v *Registry) Replace(t Target, share float64, now int64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.find(t)
	if e == nil {
		return share
	}
	share = min(share, e.share(now))
	if e.drill != nil && !e.drill.report.Ended {
		v.endDrill(e, DrillReplaced)
	}
	v.drop(e)
	return share
}

// regionShare is what a region keeps of a pool's traffic. The caller holds mu.
func (v *Registry) regionShare(pool, region string, now int64) float64 {
	share := 1.0
	for _, e := range v.list {
		if e.Backend == "" && e.Touches(pool) && e.Region == region {
			share = min(share, e.share(now))
		}
	}
	return share
}

// RegionShare is what a region keeps of a pool's traffic, 0 to 1.
func (v *Registry) RegionShare(pool, region string, now int64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.regionShare(pool, region, now)
}

// BackendShare is what a backend keeps of its weight, 0 to 1.
func (v *Registry) BackendShare(pool, address string, now int64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	share := 1.0
	for _, e := range v.list {
		if e.Backend != "" && e.Covers(pool, address, "") {
			share = min(share, e.share(now))
		}
	}
	return share
}

// Limit has a view begin with the shares that its regions keep.
func (v *Registry) Limit(pool string, view *balancer.View, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.list {
		if e.Backend == "" && e.Touches(pool) {
			view.Limit(e.Region, v.regionShare(pool, e.Region, now))
		}
	}
}

// Leaving tells whether a region is on its way out of a pool on account of another
// target than this.
func (v *Registry) Leaving(pool, region string, but Target) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.list, func(e *Evacuation) bool {
		return e.Target != but && e.Backend == "" && e.Touches(pool) && e.Region == region &&
			(e.state == Draining || e.state == Out)
	})
}

// underWay lists what has not been called off and gone home. The caller holds mu.
func (v *Registry) underWay() (list []*Evacuation) {
	for _, e := range v.list {
		if e.state != Aborted {
			list = append(list, e)
		}
	}
	return list
}

// Moving is how many evacuations are under way.
func (v *Registry) Moving() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.underWay())
}

// Status tells of all evacuations, for people.
func (v *Registry) Status(now int64) (list []Status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.list {
		list = append(list, e.status(now))
	}
	return list
}

// DrillReport tells of the last drill, also while it runs; nil: there was none.
func (v *Registry) DrillReport() *DrillReport {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drill == nil {
		return nil
	}
	report := *v.drill
	return &report
}
