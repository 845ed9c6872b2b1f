package balancer

// random draws a member by weight and asks nothing else of it than room.
type random struct{ draw }

func newRandom(members []*Member) *random { return &random{newDraw(members)} }

func (p *random) pick(r *Request) (*Member, bool) {
	const draws = 4
	for range draws {
		if m := p.next(r.Rand); !r.tried(m) && m.Backend.Acquire(m.MaxRequests) {
			return m, false
		}
	}
	return anyWithRoom(p.members, r)
}

// anyWithRoom draws by weight among those who have room.
func anyWithRoom(members []*Member, r *Request) (*Member, bool) {
	if m := drawOpen(members, r, nil); m != nil && m.Backend.Acquire(m.MaxRequests) {
		return m, false
	}
	return firstWithRoom(members, r)
}
