package balancer

// tier is a set of members among which the policy alone decides.
type tier struct {
	backup  bool
	members []*Member // configured with a weight; what hash tables are made of
	usable  []*Member // those of members that may be picked now
	picker  picker
	turn    *turn        // outlives the view
	maglev  *maglevTable // outlives the view while the membership stays; nil unless needed
}

// picker chooses among the usable members of one tier. A member it returns has a slot taken. When it returns
// none, full says that somebody was left who had not been tried, and each such was at his limit.
type picker interface {
	pick(r *Request) (m *Member, full bool)
	// prefer tells whom pick would try first, and takes nothing; nil when nobody has room.
	prefer(r *Request) *Member
}

func newTier(s Settings, v *View, g *region, backup bool, members []*Member, previous *tier) *tier {
	t := &tier{backup: backup, members: members}
	for _, m := range members {
		m.tier = t
		m.usable = m.Available || !g.open && !m.Refused
		if m.usable {
			t.usable = append(t.usable, m)
		}
	}
	if previous != nil {
		t.turn = previous.turn
	} else {
		t.turn = new(turn)
	}
	switch s.Policy {
	case P2C:
		t.picker = newP2C(t.usable)
	case RoundRobin:
		t.picker = newRoundRobin(t.usable, t.turn)
	case Random:
		t.picker = newRandom(t.usable)
	case ConsistentHash:
		t.picker = newConsistentHash(s, v, t, previous)
	case PeakEWMA:
		t.picker = newPeakEWMA(t.usable)
	default:
		t.picker = leastConn(t.usable)
	}
	return t
}
