package proxy

import (
	"bytes"
	"math"

	"spillway/balancer"
	"spillway/internal/config"
	"spillway/internal/http1"
	"spillway/internal/loadreport"
)

// takeReport reads what the backend says of its own load and tells whether the
// field is it, which the client then does not get.
func (x *exchange) takeReport(f *http1.Field) bool {
	name := x.pool.loadHeader
	if len(f.Name) != len(name) || !bytes.EqualFold(f.Name, name) {
		return false
	}
	parse := loadreport.Parse
	if x.pool.orca {
		parse = loadreport.ParseORCA
	}
	if r, ok := parse(f.Value); ok {
		now := x.worker.loop.Now()
		x.backend.load.Observe(now, r, x.response.Status >= 500)
		x.backend.balance.Report(now, r.Utilization)
	}
	return true
}

// weighEvery is how often weights follow what the backends say of their load.
const weighEvery = int64(2e9)

// weightStep is how much a weight must be off for a new view to be worth its while.
const weightStep = 0.05

// weigh has the weights follow the backends' own word. It runs on the first loop.
func (p *poolState) weigh(now int64) {
	p.weighTimer.Set(now + weighEvery)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.config == nil || p.config.LoadHeader == "" {
		return
	}
	loads := make([]*loadreport.Load, len(p.members))
	weights := make([]float64, len(p.members))
	for i := range p.members {
		loads[i] = &p.members[i].Data.(*backend).load
		weights[i] = float64(p.members[i].Data.(*backend).weight)
	}
	factors := loadreport.Factors(nil, loads, weights, now)
	off := false
	for i := range p.members {
		m := &p.members[i]
		weight := int(math.Round(weights[i] * weightUnit * factors[i]))
		if weights[i] > 0 {
			weight = max(weight, 1)
		}
		if math.Abs(float64(weight-m.Weight)) > weightStep*float64(m.Weight) {
			m.Weight, off = min(weight, balancer.MaxWeight), true
		}
	}
	if off {
		p.rebuildLocked()
	}
}

// weightUnit is what configured weights are multiplied by where they follow
// reports, so that a factor shows also in a weight of 1.
const weightUnit = 100

// weightScale is what a pool's configured weights are multiplied by.
func weightScale(c *config.Pool) int {
	if c.LoadHeader == "" {
		return 1
	}
	return weightUnit
}
