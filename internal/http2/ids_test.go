package http2

import "testing"

func TestIDsThatWerePassedOver(t *testing.T) {
	var h idHistory
	last := uint32(0)
	for _, id := range []uint32{1, 3, 9, 11} {
		h.used(id, last)
		last = id
	}
	for id, want := range map[uint32]bool{1: false, 3: false, 5: true, 7: true, 9: false, 11: false} {
		if h.passedOver(id, last) != want {
			t.Errorf("%d: %v", id, !want)
		}
	}
	h.used(1011, last)
	if h.passedOver(9, 1011) || !h.passedOver(1009, 1011) {
		t.Error("behind a gap")
	}
}

func TestRecentResets(t *testing.T) {
	var r recentResets
	last := uint32(0)
	open := func(id uint32) {
		r.opened(id, last)
		last = id
	}
	open(1)
	open(3)
	r.note(1)
	if !r.has(1, last) || r.has(3, last) {
		t.Error("of two")
	}
	for id := uint32(5); id < 2*resetsKnown+1; id += 2 {
		open(id)
	}
	if !r.has(1, last) || r.has(3, last) {
		t.Error("of all that are known")
	}
	open(2*resetsKnown + 1) // takes the place of 1
	if r.has(last, last) || r.has(3, last) || !r.has(1, last) {
		t.Error("of one too many")
	}
	r.note(last)
	open(last + 100000)
	if r.has(last, last) || !r.has(last-100000, last) {
		t.Error("behind a gap")
	}
}
