package balancer

import "math/bits"

// Rand is a small generator of random numbers (wyrand), one per loop. It is not for secrets and not for
// concurrent use.
type Rand struct{ state uint64 }

// NewRand returns a generator whose numbers follow from seed.
func NewRand(seed uint64) *Rand { return &Rand{state: mix(seed, 0)} }

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 {
	r.state += 0xa0761d6478bd642f
	return fold(r.state, r.state^0xe7037ed1a0b428db)
}

// below returns a number in [0, n), n > 0; no number is favoured by more than n in 2^64.
func (r *Rand) below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.Uint64(), n)
	return hi
}
