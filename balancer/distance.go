package balancer

import (
	"cmp"
	"slices"
)

const (
	distanceWindow = 15e9 // ns; the floor is of this one and the one before
	distancePeriod = 60e9 // ns for which a region must be the nearer; longer than a floor lasts
	distancePart   = 10   // by a tenth of the other's distance
	distanceLeast  = 1e6  // ns, and by this
)

// Distances orders regions by how far they are: as configured, or as measured by the least time that a connection or
// a check has taken lately, since anything above that is waiting and not way. The order changes only when one
// region has been nearer than the one before it by a margin for a while; so it does not flap.
//
// It is not for concurrent use. Times are nanoseconds.
type Distances struct {
	home    string
	regions []*distance // in their order, without home
}

type distance struct {
	name       string
	configured int64 // 0: to be measured
	floor      [2]int64
	begun      int64 // when floor[0] was
	placed     bool  // it has stood in the order by its distance
	nearerThan *distance
	since      int64
}

// NewDistances begins with the names of the regions, home among them or not, and the distances that are configured.
func NewDistances(home string, names []string, configured map[string]int64) *Distances {
	d := &Distances{home: home}
	d.Configure(names, configured)
	return d
}

// Configure changes the regions; what is known of those that stay is kept.
func (d *Distances) Configure(names []string, configured map[string]int64) {
	var kept []*distance
	for _, g := range d.regions {
		if slices.Contains(names, g.name) {
			kept = append(kept, g)
		}
	}
	d.regions = kept
	for _, name := range names {
		if name != d.home && d.find(name) == nil {
			d.regions = append(d.regions, &distance{name: name})
		}
	}
	for _, g := range d.regions {
		if rtt := max(0, configured[g.name]); rtt != g.configured {
			g.configured, g.placed = rtt, false
		}
		g.nearerThan = nil
	}
}

func (d *Distances) find(name string) *distance {
	for _, g := range d.regions {
		if g.name == name {
			return g
		}
	}
	return nil
}

// Observe takes the time that a connection or a check to a region took. Regions that are not known are ignored.
func (d *Distances) Observe(region string, rtt, now int64) {
	g := d.find(region)
	if g == nil || rtt <= 0 {
		return
	}
	if g.floor[0] == 0 || now-g.begun >= distanceWindow {
		g.floor[1], g.floor[0], g.begun = g.floor[0], rtt, now
	}
	g.floor[0] = min(g.floor[0], rtt)
}

// RTT is how far a region is; 0: home, or not known.
func (d *Distances) RTT(region string) int64 {
	if g := d.find(region); g != nil {
		return g.rtt()
	}
	return 0
}

func (g *distance) rtt() int64 {
	switch {
	case g.configured > 0:
		return g.configured
	case g.floor[1] > 0:
		return min(g.floor[0], g.floor[1])
	}
	return g.floor[0]
}

// Order is the regions as they are to be used: home, then the nearest first. Those whose distance is not known come
// last, by name.
func (d *Distances) Order(now int64) []string {
	d.place()
	for i := range d.regions { // one pass for each place that a region can come forward
		if !d.pass(now, i == 0) {
			break
		}
	}
	order := []string{d.home}
	for _, g := range d.regions {
		order = append(order, g.name)
	}
	return order
}

// place puts regions where they belong whose distance has just become known, and nobody else.
func (d *Distances) place() {
	fresh := slices.DeleteFunc(slices.Clone(d.regions), func(g *distance) bool { return g.placed })
	if len(fresh) == 0 {
		return
	}
	slices.SortFunc(fresh, farther)
	old := slices.DeleteFunc(d.regions, func(g *distance) bool { return !g.placed })
	for _, g := range fresh {
		at := slices.IndexFunc(old, func(o *distance) bool { return farther(o, g) > 0 })
		if at < 0 {
			at = len(old)
		}
		old = slices.Insert(old, at, g)
		g.placed = g.rtt() > 0
	}
	d.regions = old
}

func farther(a, b *distance) int {
	if (a.rtt() == 0) != (b.rtt() == 0) {
		return cmp.Compare(b.rtt(), a.rtt()) // not known is farthest
	}
	return cmp.Or(cmp.Compare(a.rtt(), b.rtt()), cmp.Compare(a.name, b.name))
}

// pass looks at each two neighbours once and swaps those that have stood the wrong way round long enough.
func (d *Distances) pass(now int64, first bool) (swapped bool) {
	for i := 1; i < len(d.regions); i++ {
		near, far := d.regions[i-1], d.regions[i]
		margin := max(distanceLeast, near.rtt()/distancePart)
		switch {
		case far.rtt() == 0 || near.rtt() == 0 || far.rtt()+margin > near.rtt():
			far.nearerThan = nil
		case far.nearerThan != near:
			far.nearerThan, far.since = near, now
		case now-far.since >= distancePeriod && first:
			d.regions[i-1], d.regions[i] = far, near
			far.nearerThan, near.nearerThan = nil, nil
			swapped = true
		}
	}
	return swapped
}
