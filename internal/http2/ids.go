package http2

// An idHistory remembers which of the last ids up to the highest were used: the
// others have been passed over and are closed without having been open.
type idHistory uint64

// used notes the new highest id, whose predecessor was last; both are odd, or last is 0.
func (h *idHistory) used(id, last uint32) {
	by := (id - last + 1) / 2
	*h = *h<<by | 1
}

// passedOver tells whether the id is known to have been left out.
func (h idHistory) passedOver(id, last uint32) bool {
	back := (last - id) / 2
	return back < 64 && h>>back&1 == 0
}

// recentResets are those of the last streams that this side has reset: frames for
// them may still be under way (RFC 9113 5.1).
type recentResets [4]uint64

// resetsKnown is of how many streams, counted back from the last, resets are known.
const resetsKnown = 64 * 4

func (r *recentResets) place(id uint32) (word *uint64, bit uint64) {
	n := id / 2 % resetsKnown
	return &r[n/64], 1 << (n % 64)
}

// opened forgets what was known of older streams in the places of those behind last up to id.
func (r *recentResets) opened(id, last uint32) {
	if id-last >= 2*resetsKnown {
		*r = recentResets{}
		return
	}
	for ; id > last; id -= min(id, 2) {
		word, bit := r.place(id)
		*word &^= bit
	}
}

func (r *recentResets) note(id uint32) {
	word, bit := r.place(id)
	*word |= bit
}

// has tells whether the stream was reset. Of one long ago that is assumed.
func (r *recentResets) has(id, last uint32) bool {
	word, bit := r.place(id)
	return (last-id)/2 >= resetsKnown || *word&bit != 0
}
