package evacuation

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Forecast says what would happen if a target were taken out of service.
type Forecast struct {
	Target Target         `json:"target"`
	Fits   bool           `json:"fits"`
	Pools  []PoolForecast `json:"pools"` // those of which something would move
}

// PoolForecast is what would move in one pool.
type PoolForecast struct {
	Pool         string        `json:"pool"`
	Fits         bool          `json:"fits"`
	Requests     int64         `json:"requests"`     // in flight at the target, which would be elsewhere
	Stranded     int64         `json:"stranded"`     // of them, those for which there is no room
	Destinations []Destination `json:"destinations"` // nearest first
	Notes        []string      `json:"notes"`
}

// Destination is where requests may go.
type Destination struct {
	Region   string  `json:"region"`
	RTT      float64 `json:"rtt_ms"`
	Requests int64   `json:"requests"`                   // that would be in flight there more than now; the longer way counts
	Capacity int64   `json:"capacity"`                   // requests in flight; 0: not known, which counts as room
	Learned  bool    `json:"capacity_learned,omitempty"` // Capacity only steers: what has room nowhere else is served here all the same
	Inflight int64   `json:"inflight"`
	Room     int64   `json:"room"` // 0 as well where the capacity is not known

	// slots is how many slots a request in flight at the target takes here, since it is
	// under way for longer; 0 counts as 1.
	slots float64
	taken float64
}

// slotsAt is by Little's law: what is in flight is the rate times the time that each
// takes, and that grows by the longer way.
func slotsAt(inflight int64, rate float64, longer int64) float64 {
	if inflight <= 0 || longer <= 0 {
		return 1
	}
	return 1 + rate*float64(longer)/1e9/float64(inflight)
}

// NewForecast foretells nothing yet.
func NewForecast(t Target) *Forecast {
	return &Forecast{Target: t, Fits: true, Pools: []PoolForecast{}}
}

// Add adds a pool in which something would move.
func (f *Forecast) Add(p *PoolForecast) {
	f.Fits = f.Fits && p.Fits
	f.Pools = append(f.Pools, *p)
}

// Movers are the kinds of requests that a pool serves, by the regions that they
// may use. Without any, all requests are of one kind, which may go anywhere.
type Movers struct{ list []mover }

// A mover is a part of a pool's requests that may go to the same regions.
type mover struct {
	name    string   // of its routes, for people
	weight  float64  // its part of the requests, compared with that of the others
	allowed []string // nil: all regions
}

// Add notes some of the requests: a name for people, their weight beside that of
// the others, and the regions that they may use; nil: all.
func (m *Movers) Add(name string, weight float64, allowed []string) {
	for i := range m.list {
		have := &m.list[i]
		if slices.Equal(have.allowed, allowed) && (have.allowed == nil) == (allowed == nil) {
			have.weight += weight
			if !strings.Contains(have.name, ", ...") {
				have.name += ", ..."
			}
			return
		}
	}
	m.list = append(m.list, mover{name: name, weight: weight, allowed: allowed})
}

func (m *Movers) all() []mover {
	if m.list == nil {
		return []mover{{weight: 1}}
	}
	return m.list
}

// settle foretells where a pool's requests go: into the nearest region that they
// may use and that has room. Those that may go anywhere come first, as they may
// take the room that others need.
func (p *PoolForecast) settle(movers []mover) {
	p.Fits = true
	slices.SortStableFunc(movers, func(a, b mover) int { return p.choices(b) - p.choices(a) })
	for i, part := range divide(p.Requests, movers) {
		m := &movers[i]
		if p.choices(*m) == 0 {
			p.Fits = false
			p.Stranded += part
			p.Notes = append(p.Notes, fmt.Sprintf("%s may go nowhere else", m.name))
			continue
		}
		left := float64(part)
		for _, beyond := range [...]bool{false, true} {
			for j := range p.Destinations {
				if d := &p.Destinations[j]; m.mayUse(d.Region) && (!beyond || d.Learned) {
					left -= d.take(left, beyond)
				}
			}
		}
		p.Stranded += int64(math.Ceil(left - 1e-9))
	}
	p.Fits = p.Fits && p.Stranded == 0
	for _, d := range p.Destinations {
		switch {
		case d.Capacity == 0:
			p.Notes = append(p.Notes, fmt.Sprintf("the capacity of %s is not known, and counts as room", d.Region))
		case d.Requests > d.Room:
			p.Notes = append(p.Notes, fmt.Sprintf("%s gets more than the %d that its backends were seen to take; a learned limit refuses nothing", d.Region, d.Capacity))
		}
	}
}

// take has as many of n requests come as there is room for, or all with beyond, and
// returns how many.
func (d *Destination) take(n float64, beyond bool) float64 {
	slots := max(d.slots, 1)
	if d.Capacity > 0 && !beyond {
		n = min(n, max(0, (float64(d.Room)-d.taken)/slots))
	}
	d.taken += n * slots
	d.Requests = int64(math.Ceil(d.taken - 1e-9))
	return n
}

func (p *PoolForecast) choices(m mover) (n int) {
	for i := range p.Destinations {
		if m.mayUse(p.Destinations[i].Region) {
			n++
		}
	}
	return n
}

func (m *mover) mayUse(region string) bool {
	return m.allowed == nil || slices.Contains(m.allowed, region)
}

// divide gives each mover its part of n; the parts add up to n.
func divide(n int64, movers []mover) []int64 {
	total := 0.0
	for i := range movers {
		total += movers[i].weight
	}
	parts := make([]int64, len(movers))
	given, passed := int64(0), 0.0
	for i := range movers {
		passed += movers[i].weight
		upTo := n
		if i < len(movers)-1 && total > 0 {
			upTo = int64(float64(n)*passed/total + 0.5)
		}
		parts[i] = upTo - given
		given = upTo
	}
	return parts
}
