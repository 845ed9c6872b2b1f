package balancer

// random draws a member by weight and asks nothing else of it than room and that it did not fail lately.
type random struct{ draw }

func newRandom(members []*Member) *random { return &random{newDraw(members)} }

func (p *random) pick(r *Request) (*Member, bool) {
	const draws = 4
	for range draws {
		if m := p.next(r.Rand); !r.tried(m) && m.willing(r) && m.Backend.acquire(m.slots()) {
			return m, false
		}
	}
	return anyWithRoom(p.members, r)
}

func (p *random) prefer(r *Request) *Member { return p.one(r, nil) }

// anyWithRoom draws by weight among those who have room.
func anyWithRoom(members []*Member, r *Request) (*Member, bool) {
	if m := drawOpen(members, r, nil); m != nil && m.Backend.acquire(m.slots()) {
		return m, false
	}
	return firstWithRoom(members, r)
}
