package config

import "fmt"

// StatusSet is a set of HTTP status codes. The zero set is empty; sets are comparable.
type StatusSet [10]uint64

// StatusRange is a range of status codes, both ends included.
type StatusRange struct{ First, Last int }

func (r StatusRange) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Add puts the codes from first to last into the set. Codes outside 0 to 639 are left out.
func (s *StatusSet) Add(first, last int) {
	for code := max(first, 0); code <= last && code < len(s)*64; code++ {
		s[code/64] |= 1 << (code % 64)
	}
}

// Has reports whether the code is in the set.
func (s *StatusSet) Has(code int) bool {
	return code >= 0 && code < len(s)*64 && s[code/64]&(1<<(code%64)) != 0
}

// Empty reports that no code is in the set.
func (s *StatusSet) Empty() bool { return *s == StatusSet{} }

// Ranges is the set as the fewest ranges, in ascending order.
func (s *StatusSet) Ranges() []StatusRange {
	var ranges []StatusRange
	for code := range len(s) * 64 {
		switch {
		case !s.Has(code):
		case s.Has(code - 1):
			ranges[len(ranges)-1].Last = code
		default:
			ranges = append(ranges, StatusRange{code, code})
		}
	}
	return ranges
}
