package balancer

// leastConnScan is how many members are compared at most. Each costs a cache line that other loops write to; the
// least loaded of so many is for practical purposes the least loaded of all.
const leastConnScan = 64

// leastConn picks the member with the least load (requests in flight, plus the penalty for recent failures) for
// its weight, with ties broken at random by weight. Beyond leastConnScan members it compares that many
// neighbours from a random place on.
type leastConn []*Member

func (p leastConn) prefer(r *Request) *Member { return lightest(p, r) }

func (p leastConn) pick(r *Request) (*Member, bool) {
	return leastLoaded(p, r)
}

// leastLoaded picks by load, and as a last resort anyone who has room; so it finds one whenever there is one.
func leastLoaded(members []*Member, r *Request) (*Member, bool) {
	for range 3 {
		m := lightest(members, r)
		if m == nil {
			break
		}
		if m.Backend.acquire(m.slots()) {
			return m, false
		}
	}
	return firstWithRoom(members, r)
}

func lightest(members []*Member, r *Request) (best *Member) {
	window, at := len(members), 0
	if window > leastConnScan {
		at = int(r.Rand.below(uint64(window)))
		window = leastConnScan
	}
	var least, weight, tied int64
	for range window {
		m := members[at]
		if at++; at == len(members) {
			at = 0
		}
		if !r.mayTake(m) {
			continue
		}
		load, w := m.Backend.load(r.Now), m.weightAt(r.Now)
		left, right := load*weight, least*w
		switch {
		case best == nil || left < right:
			best, least, weight, tied = m, load, w, w
		case left == right:
			if tied += w; int64(r.Rand.below(uint64(tied))) < w {
				best, least, weight = m, load, w
			}
		}
	}
	return best
}

// firstWithRoom takes a slot of the first member from a random place on that has one. It is the last word on full:
// it reports so only if each member who was not tried refused a slot. Before that, probation does not count.
func firstWithRoom(members []*Member, r *Request) (*Member, bool) {
	if len(members) == 0 {
		return nil, false
	}
	full := false
	at := int(r.Rand.below(uint64(len(members))))
	for range members {
		m := members[at]
		if at++; at == len(members) {
			at = 0
		}
		if r.tried(m) {
			continue
		}
		if m.Backend.acquire(m.MaxRequests) {
			return m, false
		}
		full = true
	}
	return nil, full
}
