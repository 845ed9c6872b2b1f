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

// anyWithRoom draws by weight among those who have room, which takes a walk past all of them.
func anyWithRoom(members []*Member, r *Request) (*Member, bool) {
	var chosen *Member
	var seen uint64
	for _, m := range members {
		if !r.mayTake(m) {
			continue
		}
		w := uint64(m.Weight)
		if seen += w; r.Rand.below(seen) < w {
			chosen = m
		}
	}
	if chosen != nil && chosen.Backend.Acquire(chosen.MaxRequests) {
		return chosen, false
	}
	return firstWithRoom(members, r)
}
