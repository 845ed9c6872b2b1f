package balancer

const (
	warmthUnit  = 1024 // a backend that is not new
	warmthLeast = warmthUnit / 10
)

// Warm begins the backend's slow start, if its pool has one: it is new, or back after it was away. A pool's first
// backends need none, since nobody could take what they leave.
//
// Its weight and, in the capacity of its region, its limit rise from a tenth to all in the time that
// [Settings].SlowStart names. Both only steer: where everyone else is full, it is used up to its MaxRequests.
func (b *Backend) Warm(now int64) { b.warm.Store(now) }

// warmth is the part of its weight and limit that the backend has, of warmthUnit.
func (b *Backend) warmth(now, window int64) int64 {
	age := now - b.warm.Load()
	if age >= window {
		return warmthUnit
	}
	return max(warmthLeast, age*warmthUnit/window)
}

// weightAt is the weight to compare members of one view by.
func (m *Member) weightAt(now int64) int64 {
	if m.slowStart == 0 {
		return int64(m.Weight)
	}
	return int64(m.Weight) * m.Backend.warmth(now, m.slowStart)
}

// warmEnough throws dice for a policy that draws by weight: as often as the member is warm.
func (m *Member) warmEnough(r *Request) bool {
	if m.slowStart == 0 {
		return true
	}
	warmth := m.Backend.warmth(r.Now, m.slowStart)
	return warmth == warmthUnit || int64(r.Rand.below(warmthUnit)) < warmth
}

// warmFor decides by key, so that a key that has come to a warming member stays there.
func (m *Member) warmFor(key uint64, now int64) bool {
	const family = 0x3a97
	if m.slowStart == 0 {
		return true
	}
	warmth := m.Backend.warmth(now, m.slowStart)
	return warmth == warmthUnit || int64(mix(key^m.Backend.hash, family)>>54) < warmth
}
