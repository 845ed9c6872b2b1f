package tlsconn

import "testing"

func TestFramingFollowsRecordsHoweverTheyAreCut(t *testing.T) {
	var stream []byte
	sizes := []int{1, 0, 300, 5, 70}
	for _, n := range sizes {
		stream = append(stream, 23, 3, 3, byte(n>>8), byte(n))
		stream = append(stream, make([]byte, n)...)
	}
	for cut := 1; cut < 40; cut++ {
		var f framing
		for rest := stream; len(rest) > 0; {
			n := min(cut, len(rest))
			f.add(rest[:n])
			rest = rest[n:]
		}
		if f.complete != len(sizes) || f.header != 0 || f.left != 0 {
			t.Errorf("in pieces of %d: %+v", cut, f)
		}
	}
	var f framing
	f.add(stream[:6])
	if !f.one() {
		t.Error("one record is not one")
	}
	f.reset()
	if f.add(stream[6:8]); f.one() {
		t.Error("a part is one")
	}
	if f.add(stream[8:11]); !f.one() { // the empty one
		t.Errorf("%+v", f)
	}
	if f.add(stream[11:12]); f.one() {
		t.Error("one and a part is one")
	}
}

func FuzzFraming(f *testing.F) {
	f.Add([]byte{23, 3, 3, 0, 1, 9, 23, 3, 3, 0, 0, 23, 3}, 2)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		if cut <= 0 {
			return
		}
		var whole, pieces framing
		whole.add(stream)
		for rest := stream; len(rest) > 0; {
			n := min(cut, len(rest))
			pieces.add(rest[:n])
			rest = rest[n:]
		}
		if whole != pieces {
			t.Errorf("%+v in one piece, %+v in pieces of %d", whole, pieces, cut)
		}
	})
}
