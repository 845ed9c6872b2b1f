package balancer

import "math/bits"

// Hash maps a name or a key to 64 well mixed bits, the same in every process and on every machine. It is
// not keyed: someone who may choose the input can choose the output.
func Hash[T ~string | ~[]byte](s T) uint64 {
	h := mix(uint64(len(s)), 0)
	for len(s) >= 8 {
		word := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = fold(h^word, 0xd6e8feb86659fd93)
		s = s[8:]
	}
	var rest uint64
	for i := 0; i < len(s); i++ {
		rest |= uint64(s[i]) << (8 * i)
	}
	return mix(fold(h^rest, 0xa0761d6478bd642f), 0)
}

// mix derives the k-th of a family of hashes from h; each is a bijection of h that spreads every input bit
// over all output bits (SplitMix64 with Stafford's variant 13 of the finalizer).
func mix(h, k uint64) uint64 {
	h += (k + 1) * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
