package balancer

// p2c is the power of two choices (Mitzenmacher 2001): of two different members drawn by weight it picks the one
// with the lower load for its weight, the first drawn when they are equal.
type p2c struct{ draw }

func newP2C(members []*Member) *p2c { return &p2c{newDraw(members)} }

func (p *p2c) pick(r *Request) (*Member, bool) {
	if m := p.lighter(r); m != nil && m.Backend.acquire(m.slots()) {
		return m, false
	}
	return leastLoaded(p.members, r)
}

func (p *p2c) prefer(r *Request) *Member { return p.lighter(r) }

// lighter chooses without taking a slot; nil when nobody has room.
func (p *p2c) lighter(r *Request) *Member {
	a, b := p.two(r)
	if b != nil && b.Backend.load(r.Now)*a.weightAt(r.Now) < a.Backend.load(r.Now)*b.weightAt(r.Now) {
		return b
	}
	return a
}
