package main

import (
	"math"
	"math/rand/v2"
)

// newDice gives the stream of random numbers that belongs to a seed and a use. Each use has its own, so that all
// policies meet the same arrivals and the same requests.
func newDice(seed, use uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, use)) }

// Uses of dice.
const (
	diceArrivals = iota + 1
	diceRequests
	diceFaults
	dicePolicies // and one for each instance from here on
)

// A service is how long requests keep a backend busy that is well.
type service struct {
	mean int64 // ns
	draw func(*rand.Rand) float64
}

func constant(mean int64) service {
	return service{mean, func(*rand.Rand) float64 { return float64(mean) }}
}

// lognormal has a mean and a sigma of the logarithm; with 0.5 the slowest hundredth takes 2.8 times the mean or more.
func lognormal(mean int64, sigma float64) service {
	mu := math.Log(float64(mean)) - sigma*sigma/2
	return service{mean, func(r *rand.Rand) float64 { return math.Exp(mu + sigma*r.NormFloat64()) }}
}

// pareto has a tail with the exponent alpha, above 1, cut at a hundred times the mean.
func pareto(mean int64, alpha float64) service {
	const most = 100
	// The cut takes away from the mean of an uncut one with this least value; make up for it.
	cut := func(least float64) float64 {
		h := most * float64(mean)
		return alpha/(alpha-1)*least - least/(alpha-1)*math.Pow(least/h, alpha-1)
	}
	low, high := 0.0, float64(mean)
	for range 60 {
		if mid := (low + high) / 2; cut(mid) < float64(mean) {
			low = mid
		} else {
			high = mid
		}
	}
	return service{mean, func(r *rand.Rand) float64 {
		return min(most*float64(mean), low/math.Pow(1-r.Float64(), 1/alpha))
	}}
}

func exponential(r *rand.Rand, mean float64) int64 { return int64(r.ExpFloat64() * mean) }
