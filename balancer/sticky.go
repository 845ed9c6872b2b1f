package balancer

// PickSticky takes a slot of the member whose backend has the given hash, where a client was before, or returns
// nil: when it is unavailable, full, or in a region that r may not use. The weight does not matter.
func (v *View) PickSticky(r *Request, hash uint64) *Member {
	m := v.byHash[hash]
	if m == nil || !m.Available || m.region == nil || !m.region.permits(r) {
		return nil
	}
	if kept := float64(m.region.place.flow.ceiling.load()); kept < 1 && float64(r.Rand.Uint64()>>11)*(1.0/(1<<53)) >= kept {
		return nil // its region is being emptied by degrees, and clients that stay would all leave at the end
	}
	limit := int64(unlimited)
	if r.NoSpill {
		limit = m.region.reserved.Load()
	}
	if !m.region.place.acquire(limit) {
		return nil
	}
	if !m.Backend.acquire(m.MaxRequests) {
		m.region.place.release()
		return nil
	}
	r.Reason = Sticky
	return m
}
