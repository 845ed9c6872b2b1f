package balancer

import "sync/atomic"

// roundRobinLongest bounds a schedule. Weights that would need a longer one are rounded to fit.
const roundRobinLongest = 8192

// turn counts the requests a tier has dealt out. All loops share it, on a cache line of its own.
type turn struct {
	atomic.Uint64
	_ [120]byte
}

// roundRobin deals requests out in turn. With weights the order is nginx's smooth one (in a cycle of as many
// turns as the weights add up to, each member has as many as its weight, spread as evenly as they go), worked
// out in advance, so that a shared counter is all that a pick changes.
type roundRobin struct {
	members  []*Member
	schedule []uint32 // nil when all weights are equal
	turn     *turn
}

func newRoundRobin(members []*Member, t *turn) *roundRobin {
	p := &roundRobin{members: members, turn: t}
	if !sameWeights(members) {
		p.schedule = smoothSchedule(members)
	}
	return p
}

func (p *roundRobin) pick(r *Request) (*Member, bool) {
	for range p.members {
		if m := p.next(); !r.tried(m) && m.willing(r) && m.Backend.acquire(m.slots()) {
			return m, false
		}
	}
	return anyWithRoom(p.members, r)
}

// prefer passes over those that have failed lately or are still cold, as pick does by dice.
func (p *roundRobin) prefer(r *Request) *Member {
	for i := range uint64(len(p.members)) {
		if m := p.at(p.turn.Load() + i); r.mayTake(m) && m.willing(r) {
			return m
		}
	}
	return drawOpen(p.members, r, nil)
}

func (p *roundRobin) next() *Member { return p.at(p.turn.Add(1) - 1) }

func (p *roundRobin) at(n uint64) *Member {
	if p.schedule == nil {
		return p.members[n%uint64(len(p.members))]
	}
	return p.members[p.schedule[n%uint64(len(p.schedule))]]
}

func smoothSchedule(members []*Member) []uint32 {
	weights, total := turnsPerCycle(members)
	schedule := make([]uint32, 0, total)
	credit := make([]int, len(weights))
	for range total {
		best := 0
		for i, w := range weights {
			if credit[i] += w; credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= total
		schedule = append(schedule, uint32(best))
	}
	return schedule
}

func turnsPerCycle(members []*Member) (weights []int, total int) {
	divisor := 0
	for _, m := range members {
		divisor = gcd(m.Weight, divisor)
	}
	sum := 0.0
	for _, m := range members {
		sum += float64(m.Weight / divisor)
	}
	scale := min(1, float64(max(roundRobinLongest, 4*len(members)))/sum)
	weights = make([]int, len(members))
	for i, m := range members {
		weights[i] = max(1, int(float64(m.Weight/divisor)*scale))
		total += weights[i]
	}
	return weights, total
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
