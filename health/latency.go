package health

import (
	"math"
	"math/bits"
)

// A latency of at least 2^latencyLow ns falls into one of 4 equal parts of its power of two. What is below the range falls into the
// first bucket, what is above into the last.
const (
	latencySubBits = 2
	latencyLow     = 16 // 66 us: below, a network tells more than a backend
	latencyHigh    = 36 // 69 s

	latencyBuckets = 1 + (latencyHigh-latencyLow)<<latencySubBits + 1 + 1
	untimed        = latencyBuckets - 1 // good, but of no known latency
)

func latencyBucket(ns int64) int {
	v := uint64(max(ns, 0))
	e := bits.Len64(v) - 1
	switch {
	case e < latencyLow:
		return 0
	case e >= latencyHigh:
		return untimed - 1
	}
	return 1 + (e-latencyLow)<<latencySubBits + int(v>>(e-latencySubBits))&(1<<latencySubBits-1)
}

// latencyBound is the least latency of a bucket, in ns.
func latencyBound(bucket int) float64 {
	if bucket == 0 {
		return 0
	}
	e, sub := (bucket-1)>>latencySubBits+latencyLow, (bucket-1)&(1<<latencySubBits-1)
	return float64(uint64(1<<latencySubBits+sub) << (e - latencySubBits))
}

// timed is the number of good exchanges with a known latency.
func (t *tally) timed() (n uint32) {
	for _, count := range t.good[:untimed] {
		n += count
	}
	return n
}

func (t *tally) requests() uint32 { return t.timed() + t.good[untimed] + t.failed }

// quantile returns a latency in ns that a part q of the good exchanges did not exceed, within a quarter of it; 0 where there are none.
func (t *tally) quantile(q float64) float64 {
	rank := max(1, math.Ceil(q*float64(t.timed())))
	below := 0.0
	for b, n := range t.good[:untimed-1] {
		if count := float64(n); n > 0 && below+count >= rank {
			low, high := latencyBound(b), latencyBound(b+1)
			return low + (high-low)*(rank-below-0.5)/count
		}
		below += float64(n)
	}
	if t.timed() == 0 {
		return 0
	}
	return latencyBound(untimed - 1)
}
