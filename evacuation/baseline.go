package evacuation

import "spillway/balancer"

// A Baseline is what was before, in one pool.
type Baseline struct {
	Destinations Outcomes
	Target       Outcomes
	Regions      []balancer.RegionExplanation // of the pool
	Home         string                       // the region of this spillway
}

// elsewhere is the latency that requests of a target may have elsewhere: their own,
// and the longest way; 0: not known.
func (b *Baseline) elsewhere(of *Scope) int64 {
	if b.Target.Latency.Count() < guardRequests {
		return 0
	}
	own, farthest := int64(0), int64(0)
	for i := range b.Regions {
		r := &b.Regions[i]
		if r.Name == of.Region {
			own = r.RTT
		} else if len(r.Backends) > 0 {
			if r.RTT == 0 && of.Region != "" && r.Name != b.Home {
				return 0 // nobody knows how far it is
			}
			farthest = max(farthest, r.RTT)
		}
	}
	return b.Target.Latency.Quantile(guardQuantile) + max(0, farthest-own)
}
