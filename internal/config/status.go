package config

// StatusSet is a set of HTTP status codes. The zero set is empty; sets are comparable.
type StatusSet [10]uint64

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
