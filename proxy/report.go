package proxy

import (
	"bytes"

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
	for i, factor := range loadreport.Factors(nil, loads, weights, now) {
		p.members[i].Data.(*backend).factor = factor
	}
	if p.setWeights(now) {
		p.rebuildLocked()
	}
}
