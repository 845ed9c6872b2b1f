package proxy

import (
	"slices"
	"sync"

	"spillway/balancer"
	"spillway/internal/config"
)

// distances are how far the regions are: as configured, or as dials show.
type distances struct {
	mu    sync.Mutex
	of    *balancer.Distances
	order []string // in force
}

// orderCheck is how often it is seen whether the order of the regions has changed.
const orderCheck = int64(5e9)

// configure takes over what a configuration says and returns the order to begin with.
func (d *distances) configure(c *config.Config, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	configured := map[string]int64{}
	for name, r := range c.Regions {
		configured[name] = int64(r.RTT)
	}
	if d.of == nil || d.order[0] != c.Region {
		d.of = balancer.NewDistances(c.Region, c.RegionOrder(), configured)
	} else {
		d.of.Configure(c.RegionOrder(), configured)
	}
	d.order = d.of.Order(now)
}

// regions is every region, nearest first. The slice must not be changed.
func (d *distances) regions() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.order
}

// rtts are how far the regions of a list are, in nanoseconds.
func (d *distances) rtts(list []string) []int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	far := make([]int64, len(list))
	for i, name := range list {
		far[i] = d.of.RTT(name)
	}
	return far
}

// observe takes the time of a dial to a region. One sample more or less does not
// matter, so that no loop waits for another here.
func (d *distances) observe(region string, took, now int64) {
	if region == "" || !d.mu.TryLock() {
		return
	}
	d.of.Observe(region, took, now)
	d.mu.Unlock()
}

// reorder tells whether the order has changed.
func (d *distances) reorder(now int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	order := d.of.Order(now)
	changed := !slices.Equal(order, d.order)
	d.order = order
	return changed
}

// watchDistances has pools follow a change of the order. It runs on the first loop.
func (s *Server) watchDistances(now int64) {
	s.distanceTimer.Set(now + orderCheck)
	if s.distances.reorder(now) {
		go s.followOrder() // the lock may be held for as long as a reload resolves names
	}
}

// followOrder puts the order of the regions into force in all pools.
func (s *Server) followOrder() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.Info("the regions' order has changed", "nearest_first", s.distances.regions())
	c := s.snapshot.Load().config
	for i := range c.Pools {
		if p := s.pools[c.Pools[i].Name]; p != nil { // the server may have stopped
			p.setOrder(s.poolSettings(c, &c.Pools[i]))
		}
	}
}

// setOrder puts settings of the same configuration into force.
func (p *poolState) setOrder(settings balancer.Settings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settings = settings
	p.rebuildLocked()
}

// poolSettings is what a configuration says of how a pool chooses.
func (s *Server) poolSettings(c *config.Config, from *config.Pool) balancer.Settings {
	policy, _ := balancer.ParsePolicy(string(from.Policy))
	regions := reachOf(c, from, s.distances.regions())
	return balancer.Settings{
		Policy: policy, Regions: regions, RTT: s.distances.rtts(regions), BoundedFrom: boundedFrom,
		FullAt: from.Spill.FullAt, HomeAt: from.Spill.HomeAt, Hold: from.Spill.Hold,
		Learn: from.LearnedLimit, SlowStart: int64(from.SlowStart),
	}
}

// reachOf is the regions that the pool or any route to it may use, in order.
func reachOf(c *config.Config, p *config.Pool, order []string) []string {
	reach := allowedRegions(c.Region, p.Spill.To, p.SpillOff)
	for i := range c.Routes {
		if r := &c.Routes[i]; reach != nil && r.Uses(p.Name) {
			spill, off := r.SpillFor(p)
			if more := allowedRegions(c.Region, spill.To, off); more == nil {
				reach = nil
			} else {
				reach = append(reach, more...)
			}
		}
	}
	if reach == nil {
		return order
	}
	return slices.DeleteFunc(slices.Clone(order), func(name string) bool { return !slices.Contains(reach, name) })
}

// allowedRegions names the regions that requests may use; nil: all.
func allowedRegions(home string, to []string, off bool) []string {
	switch {
	case off:
		return []string{home}
	case to == nil:
		return nil
	}
	return append([]string{home}, to...)
}
