package balancer

import (
	"fmt"
	"math/bits"
	"strings"
	"testing"
)

// The values are part of the package's promise: fleets of mixed releases must agree.
func TestHashStaysTheSame(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want uint64
	}{
		{"", 0xd5690d424e83b014},
		{"a", 0x9627f56774fc7510},
		{"10.0.1.10:8080", 0xeb93a3cafd43a9aa},
		{"eight by", 0x547eeba18cc1a1dd},
		{"a name longer than two words", 0x564e1acef09ed149},
	} {
		if got := Hash(tc.in); got != tc.want {
			t.Errorf("Hash(%q) = %#x, want %#x", tc.in, got, tc.want)
		}
		if Hash(tc.in) != Hash([]byte(tc.in)) {
			t.Errorf("%q hashes differently as bytes", tc.in)
		}
	}
}

func TestHashTellsNearInputsApart(t *testing.T) {
	seen := map[uint64]string{}
	for n := range 40 {
		for _, c := range []string{"\x00", "a", "\xff"} {
			for _, s := range []string{strings.Repeat(c, n), strings.Repeat(c, n) + "b", "b" + strings.Repeat(c, n)} {
				if old, ok := seen[Hash(s)]; ok && old != s {
					t.Errorf("%q and %q have one hash", old, s)
				}
				seen[Hash(s)] = s
			}
		}
	}
}

func TestEachInputBitFlipsHalfTheOutput(t *testing.T) {
	const trials = 2000
	r := NewRand(1)
	for bit := range 64 {
		flips, hashFlips := 0, 0
		for range trials {
			x := r.Uint64()
			y := x ^ 1<<bit
			flips += bits.OnesCount64(mix(x, 0) ^ mix(y, 0))
			hashFlips += bits.OnesCount64(Hash(fmt.Sprintf("%016x", x)) ^ Hash(fmt.Sprintf("%016x", y)))
		}
		for name, n := range map[string]int{"mix": flips, "Hash": hashFlips} {
			if mean := float64(n) / trials; mean < 31 || mean > 33 {
				t.Errorf("%s: bit %d flips %.1f bits", name, bit, mean)
			}
		}
	}
}

func TestRandIsEvenAndReproducible(t *testing.T) {
	a, b := NewRand(3), NewRand(3)
	buckets := make([]int, 10)
	for range 100_000 {
		x := a.below(10)
		if y := b.below(10); x != y {
			t.Fatal("one seed, two sequences")
		}
		buckets[x]++
	}
	sharesNear(t, buckets, some(10))
	if NewRand(0).Uint64() == NewRand(1).Uint64() {
		t.Error("two seeds, one sequence")
	}
}
