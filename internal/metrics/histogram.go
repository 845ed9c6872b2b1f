// Package metrics holds counts that cost nothing to bump: plain values that one loop owns and that are merged
// when someone asks.
//
// Nothing here is synchronised. A value belongs to one goroutine; whoever collects asks each owner to merge its values into
// one that the collector owns.
package metrics

import (
	"math"
	"math/bits"
)

// A duration of at least 2^minExponent ns falls into one of subBuckets equal parts of its power of two.
const (
	subBits     = 2
	subBuckets  = 1 << subBits
	minExponent = 10 // 1.024 us
	maxExponent = 37 // 137 s
	numBuckets  = 1 + (maxExponent-minExponent)*subBuckets + 1
)

// Histogram counts durations in buckets no wider than a quarter of their lower bound, from 1 us to 137 s (what lies outside falls into
// the first or the last bucket). The zero Histogram is empty and ready. It is 0.9 KiB and must not be shared between goroutines.
type Histogram struct {
	counts [numBuckets]uint64
	sum    uint64 // ns
}

// Observe counts a duration in nanoseconds; a negative one counts as 0.
func (h *Histogram) Observe(ns int64) {
	v := uint64(max(ns, 0))
	h.sum += v
	h.counts[bucket(v)]++
}

// bucket returns the bucket of v: the power of two, then the bits below its leading one.
func bucket(v uint64) int {
	e := bits.Len64(v>>minExponent) + minExponent - 1
	if e < minExponent {
		return 0
	}
	if e >= maxExponent {
		return numBuckets - 1
	}
	return 1 + (e-minExponent)<<subBits + int(v>>(e-subBits))&(subBuckets-1)
}

// lowerBound returns the least duration of a bucket; that of the bucket after it is its end.
func lowerBound(bucket int) uint64 {
	if bucket == 0 {
		return 0
	}
	e, sub := (bucket-1)>>subBits+minExponent, (bucket-1)&(subBuckets-1)
	return uint64(subBuckets+sub) << (e - subBits)
}

// Merge adds what other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.sum += other.sum
}

// Subtract takes away what an earlier copy of the same histogram had counted; what stays is what came since.
func (h *Histogram) Subtract(earlier *Histogram) {
	for i, n := range earlier.counts {
		h.counts[i] -= n
	}
	h.sum -= earlier.sum
}

// Count returns the number of durations.
func (h *Histogram) Count() uint64 {
	var total uint64
	for _, n := range h.counts {
		total += n
	}
	return total
}

// Sum returns the sum of the durations in nanoseconds.
func (h *Histogram) Sum() uint64 { return h.sum }

// Quantile returns a duration in nanoseconds that about a part q (0 to 1) of the durations do not exceed; 0 when there is none.
// Within 1 us to 137 s it differs from the exact value by less than a quarter of it.
func (h *Histogram) Quantile(q float64) int64 {
	total := h.Count()
	if total == 0 {
		return 0
	}
	rank := max(1, math.Ceil(min(q, 1)*float64(total))) // the duration sought is the rank-th smallest
	var below float64
	for i, n := range h.counts[:numBuckets-1] {
		if count := float64(n); n > 0 && below+count >= rank {
			low, high := float64(lowerBound(i)), float64(lowerBound(i+1))
			return int64(low + (high-low)*(rank-below-0.5)/count)
		}
		below += float64(n)
	}
	return int64(lowerBound(numBuckets - 1))
}

// Cumulative returns for each bound, in seconds and in rising order, how many durations do not exceed it, and last how many there are in all: the buckets of
// a Prometheus histogram with +Inf at its end. Where a bound cuts a bucket, the bucket counts in proportion. The values never fall as more is observed.
func (h *Histogram) Cumulative(bounds []float64) []uint64 {
	out := make([]uint64, 0, len(bounds)+1)
	var below uint64
	i := 0
	for _, seconds := range bounds {
		ns := seconds * 1e9
		for i < numBuckets-1 && float64(lowerBound(i+1)) <= ns {
			below += h.counts[i]
			i++
		}
		var part uint64
		if low := float64(lowerBound(i)); i < numBuckets-1 && ns > low {
			part = uint64(float64(h.counts[i]) * (ns - low) / (float64(lowerBound(i+1)) - low))
		}
		out = append(out, below+part)
	}
	return append(out, h.Count())
}
