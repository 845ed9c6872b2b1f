package router

import (
	"errors"
	"fmt"
	"math"
)

// Split spreads keys over choices in proportion to their weights. It is
// immutable and may be used concurrently.
//
// A key's choice depends on nothing but the key, the choices' positions and the
// ratios of their weights, and raising a weight only moves keys to that choice:
// from 95 and 5 to 90 and 10, 5 % of the keys move. It is weighted rendezvous
// hashing with the logarithmic score (Schindelhauer and Schomaker, Weighted
// Distributed Hash Tables, SPAA 2005): ranges of a line would also move keys
// between choices whose weights stay.
type Split struct {
	perWeight []float64 // 1/weight; +Inf for weight 0
}

// NewSplit makes a Split of weights, of which at least one is positive and none
// negative. A choice of weight 0 is never picked.
func NewSplit(weights []int) (*Split, error) {
	s := &Split{perWeight: make([]float64, len(weights))}
	some := false
	for i, weight := range weights {
		if weight < 0 {
			return nil, fmt.Errorf("weight %d is negative", weight)
		}
		some = some || weight > 0
		s.perWeight[i] = 1 / float64(weight)
	}
	if !some {
		return nil, errors.New("no weight is above 0")
	}
	return s, nil
}

// Pick returns the position of the choice for key: the hash of what is to be
// sticky, or a random number. Any key will do, however little its bits vary.
// It does not allocate.
func (s *Split) Pick(key uint64) int {
	best, lowest := 0, math.Inf(1)
	for i, perWeight := range s.perWeight {
		if perWeight > math.MaxFloat64 {
			continue
		}
		draw := mix(mix(key) + uint64(i+1)*0x9e3779b97f4a7c15)
		unit := (float64(draw>>11) + 0.5) / (1 << 53)
		if score := -math.Log(unit) * perWeight; score < lowest {
			best, lowest = i, score
		}
	}
	return best
}

// mix is the finalizer of splitmix64 (Steele, Lea and Flood, Fast splittable
// pseudorandom number generators, OOPSLA 2014): it spreads each bit over all.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
