package balancer

import (
	"cmp"
	"slices"
)

const (
	maglevSize = 65537 // prime
	maglevMost = 65535 // members that a table can tell apart
)

// maglevTable maps a hash to a member by one look-up (Eisenbud et al., NSDI 2016, section 3.4). It depends on the
// identities and weights of the members and on nothing else, not even their order, so that all instances agree;
// and it is immutable.
type maglevTable struct {
	hashes  []uint64
	weights []int
	slots   []uint16 // indices into members sorted by inIdentityOrder
}

// inIdentityOrder sorts a copy of members by the hash of their backends.
func inIdentityOrder(members []*Member) []*Member {
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, func(a, b *Member) int {
		return cmp.Or(cmp.Compare(a.Backend.hash, b.Backend.hash), cmp.Compare(a.Backend.id, b.Backend.id))
	})
	return sorted
}

// newMaglevTable builds the table of members in identity order, or returns previous when it would be the same.
func newMaglevTable(members []*Member, previous *maglevTable) *maglevTable {
	t := &maglevTable{}
	for _, m := range members {
		t.hashes = append(t.hashes, m.Backend.hash)
		t.weights = append(t.weights, m.Weight)
	}
	if previous != nil && slices.Equal(t.hashes, previous.hashes) && slices.Equal(t.weights, previous.weights) {
		return previous
	}
	t.fill()
	return t
}

func (t *maglevTable) owner(hash uint64) int { return int(t.slots[hash%maglevSize]) }

// fill lets the members take turns, each taking the next slot of its own permutation that is still free, and a
// member sit out turns as its weight is less than the greatest.
func (t *maglevTable) fill() {
	const free = ^uint16(0)
	t.slots = make([]uint16, maglevSize)
	for i := range t.slots {
		t.slots[i] = free
	}
	greatest := slices.Max(t.weights)
	place := make([]uint64, len(t.hashes))
	skip := make([]uint64, len(t.hashes))
	credit := make([]int, len(t.hashes))
	for i, h := range t.hashes {
		place[i] = mix(h, 0) % maglevSize
		skip[i] = mix(h, 1)%(maglevSize-1) + 1
	}
	for taken := 0; ; {
		for i, w := range t.weights {
			if credit[i] += w; credit[i] < greatest {
				continue
			}
			credit[i] -= greatest
			for t.slots[place[i]] != free {
				place[i] = (place[i] + skip[i]) % maglevSize
			}
			t.slots[place[i]] = uint16(i)
			if taken++; taken == maglevSize {
				return
			}
		}
	}
}
