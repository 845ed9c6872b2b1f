package balancer

import "math"

// rendezvous ranks members for a key by weighted highest random weight (Thaler and Ravishankar 1998; the weights
// after Schindelhauer and Schomaker 2005): when a member goes, its keys and no others move, to all the
// others by weight. A rank costs a hash for each member.
type rendezvous struct {
	members []*Member
	hashes  []uint64
	equal   bool
}

func newRendezvous(members []*Member) rendezvous {
	rv := rendezvous{members: members, equal: sameWeights(members)}
	for _, m := range members {
		rv.hashes = append(rv.hashes, m.Backend.hash)
	}
	return rv
}

// below finds the member that ranks highest among those whose score is lower than the given one (+Inf at first);
// nil when there is none.
func (rv *rendezvous) below(key uint64, last float64) (*Member, float64) {
	best, winner := -1.0, -1
	for i, h := range rv.hashes {
		u := (float64(mix(key^h, 0)>>11) + 0.5) * (1.0 / (1 << 53))
		if !rv.equal {
			// -ln(u) >= 1-u, so whoever does not beat the best with that needs no logarithm.
			w := float64(rv.members[i].Weight)
			if w <= best*(1-u) {
				continue
			}
			u = -w / math.Log(u)
		}
		if u > best && u < last {
			best, winner = u, i
		}
	}
	if winner < 0 {
		return nil, 0
	}
	return rv.members[winner], best
}
