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

// recentResets are the streams that this side has reset last: frames for them
// may still be under way (RFC 9113 5.1).
type recentResets struct {
	ids  [32]uint32
	next uint8
}

func (r *recentResets) note(id uint32) {
	r.ids[r.next%uint8(len(r.ids))] = id
	r.next++
}

func (r *recentResets) has(id uint32) bool {
	for _, each := range r.ids {
		if each == id {
			return true
		}
	}
	return false
}
