package balancer

// draw takes members at random, each as often as its weight says, in constant time: Walker's alias method
// (Vose 1991), in integers. When all weights are equal it needs no table.
type draw struct {
	members []*Member
	keep    []uint32 // of 2^32: how often a draw that hits i stays at i
	alias   []uint32 // where it goes otherwise
}

func newDraw(members []*Member) draw {
	d := draw{members: members}
	if sameWeights(members) {
		return d
	}
	n := len(members)
	d.keep, d.alias = make([]uint32, n), make([]uint32, n)
	total := uint64(0)
	for _, m := range members {
		total += uint64(m.Weight)
	}
	// Each place has room for total; a member brings n times its weight and fills up others with what is over.
	amount := make([]uint64, n)
	var short, over []int
	for i, m := range members {
		amount[i] = uint64(m.Weight) * uint64(n)
		if amount[i] < total {
			short = append(short, i)
		} else {
			over = append(over, i)
		}
	}
	for i := range d.alias {
		d.keep[i], d.alias[i] = ^uint32(0), uint32(i)
	}
	for len(short) > 0 && len(over) > 0 {
		s, o := short[len(short)-1], over[len(over)-1]
		short = short[:len(short)-1]
		d.keep[s], d.alias[s] = uint32(float64(amount[s])/float64(total)*(1<<32)), uint32(o)
		amount[o] -= total - amount[s]
		if amount[o] < total {
			over = over[:len(over)-1]
			short = append(short, o)
		}
	}
	return d
}

func (d *draw) next(r *Rand) *Member {
	if d.keep == nil {
		return d.members[r.below(uint64(len(d.members)))]
	}
	bits := r.Uint64()
	i := bits >> 32 * uint64(len(d.members)) >> 32
	if uint32(bits) >= d.keep[i] {
		i = uint64(d.alias[i])
	}
	return d.members[i]
}

// one draws a member that has room, was not tried and is not the one given; nil if there is none.
func (d *draw) one(r *Request, not *Member) *Member {
	const draws = 4
	for range draws {
		if m := d.next(r.Rand); m != not && r.mayTake(m) && m.warmEnough(r) {
			return m
		}
	}
	return drawOpen(d.members, r, not)
}

// two draws two different members. The second is nil when only one can be had, both when none.
func (d *draw) two(r *Request) (a, b *Member) {
	if a = d.one(r, nil); a == nil || len(d.members) == 1 {
		return a, nil
	}
	if len(d.members) == 2 {
		if b = d.members[0]; b == a {
			b = d.members[1]
		}
		if !r.mayTake(b) {
			b = nil
		}
		return a, b
	}
	return a, d.one(r, a)
}

// drawOpen draws by weight among those who have room, were not tried and are not the one given. It walks past all
// of them, for when guesses keep failing because most are full.
func drawOpen(members []*Member, r *Request, not *Member) (drawn *Member) {
	var seen uint64
	for _, m := range members {
		if m == not || !r.mayTake(m) {
			continue
		}
		w := uint64(m.weightAt(r.Now))
		if seen += w; r.Rand.below(seen) < w {
			drawn = m
		}
	}
	return drawn
}

func sameWeights(members []*Member) bool {
	for _, m := range members {
		if m.Weight != members[0].Weight {
			return false
		}
	}
	return true
}

func totalWeight(members []*Member) (sum float64) {
	for _, m := range members {
		sum += float64(m.Weight)
	}
	return sum
}
