package evacuation

import "spillway/balancer"

// A Sight is one pool, looked at several times, so that a lull is not mistaken for
// the usual. It is how a [PoolForecast] is made.
type Sight struct {
	pool     string
	of       *Scope
	serves   bool // the target has somebody available
	moving   int64
	rate     float64          // of what moves, a second
	from     int64            // how far the target is, ns
	inflight map[string]int64 // the most, by region, without what moves
	last     balancer.Explanation
}

// NewSight has seen nothing yet.
func NewSight(pool string, of *Scope) *Sight {
	return &Sight{pool: pool, of: of, inflight: map[string]int64{}}
}

// Look takes how the pool stands now.
func (w *Sight) Look(found balancer.Explanation) {
	w.last = found
	moving := int64(0)
	for i := range w.last.Regions {
		r := &w.last.Regions[i]
		leaves := int64(0)
		for j := range r.Backends {
			if b := &r.Backends[j]; w.of.Covers(w.pool, b.ID, r.Name) {
				w.serves = w.serves || b.Available
				leaves += b.Inflight
			}
		}
		if w.of.Backend == "" && r.Name == w.of.Region {
			leaves = max(leaves, int64(r.Mean+0.5))
		}
		moving += leaves
		if leaves > 0 || w.of.Backend == "" && r.Name == w.of.Region {
			w.from = r.RTT
			w.rate = max(w.rate, w.rateOf(r, leaves))
		}
		stays := max(r.Inflight, int64(r.Mean+0.5)) - leaves
		w.inflight[r.Name] = max(w.inflight[r.Name], stays)
	}
	w.moving = max(w.moving, moving)
	if w.rate >= 1 {
		w.moving = max(w.moving, 1) // none was seen, but they come
	}
}

// rateOf is how many requests a second the target gets.
func (w *Sight) rateOf(r *balancer.RegionExplanation, leaves int64) float64 {
	if r.Pace == 0 {
		return 0
	}
	rate := 1e9 / float64(r.Pace)
	if w.of.Backend != "" {
		rate *= float64(leaves) / float64(max(1, r.Inflight))
	}
	return rate
}

// Serves tells whether the target has somebody available in the pool, so that
// something would move.
func (w *Sight) Serves() bool { return w.serves }

// Forecast foretells where the pool's requests would go. leaving tells of a region
// that is itself on its way out.
func (w *Sight) Forecast(movers *Movers, leaving func(region string) bool) *PoolForecast {
	p := w.destinations(leaving)
	p.settle(movers.all())
	return p
}

// destinations has nobody settled in them yet.
func (w *Sight) destinations(leaving func(region string) bool) *PoolForecast {
	p := &PoolForecast{Pool: w.pool, Requests: w.moving, Destinations: []Destination{}, Notes: []string{}}
	for i := range w.last.Regions {
		r := &w.last.Regions[i]
		available, known, learned := 0, r.Capacity > 0, false
		capacity := r.Capacity
		for j := range r.Backends {
			switch b := &r.Backends[j]; {
			case w.of.Covers(w.pool, b.ID, r.Name):
				if b.Available {
					capacity -= b.Limit
				}
			case b.Available && b.Weight > 0:
				available++
				learned = learned || b.Learned
			}
		}
		if available == 0 || leaving(r.Name) {
			continue
		}
		d := Destination{Region: r.Name, RTT: milliseconds(r.RTT), Inflight: w.inflight[r.Name], slots: slotsAt(w.moving, w.rate, r.RTT-w.from)}
		if known {
			full := r.Room + r.Inflight - (r.Capacity - capacity)
			d.Capacity, d.Room, d.Learned = max(capacity, 1), max(0, full-d.Inflight), learned
		}
		p.Destinations = append(p.Destinations, d)
	}
	return p
}
