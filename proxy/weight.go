package proxy

import (
	"math"

	"spillway/balancer"
)

const (
	// weightUnit is what configured weights are multiplied by where a part of one must
	// show, also of a weight of 1.
	weightUnit = 100
	// weightStep is how much a weight must be off for a new view to be worth its while.
	weightStep = 0.05
)

// setWeights brings the members' weights in line with what is configured, what the
// backends say of their load, and the backends that are being evacuated. It tells
// whether one has changed that much that a new view is worth its while. The caller
// holds mu.
func (p *poolState) setWeights(now int64) (changed bool) {
	shares := make([]float64, len(p.members))
	parts, heaviest := p.config.LoadHeader != "", 1
	for i := range p.members {
		heaviest = max(heaviest, p.members[i].Data.(*backend).weight)
		shares[i] = p.server.evacuations.BackendShare(p.name, p.members[i].Address, now)
		parts = parts || shares[i] < 1
	}
	scale := 1
	if parts {
		scale = min(weightUnit, max(1, balancer.MaxWeight/heaviest))
	}
	for i := range p.members {
		m := &p.members[i]
		b := m.Data.(*backend)
		weight := float64(b.weight*scale) * shares[i]
		if p.config.LoadHeader != "" && b.factor > 0 {
			weight *= b.factor
		}
		to := min(int(math.Round(weight)), balancer.MaxWeight)
		if b.weight > 0 {
			to = max(to, 1)
		}
		if math.Abs(float64(to-m.Weight)) > weightStep*float64(m.Weight) {
			m.Weight, changed = to, true
		}
	}
	return changed
}

// reweighLocked is setWeights for a change that may need a new view. The caller
// holds mu.
func (p *poolState) reweighLocked(now int64) {
	if !p.closed && p.config != nil && p.setWeights(now) {
		p.rebuildLocked()
	}
}
