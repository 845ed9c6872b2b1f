package health

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// worst returns the backend with the greatest share of gateway errors, and a verdict if that is too great.
func (s *GatewayErrorSettings) worst(all []observation) (int, verdict) {
	i := most(all, func(o *observation) float64 { return o.gateway })
	if o := &all[i]; o.gateway >= s.Share {
		return i, verdict(fmt.Sprintf("%s gateway errors in %d exchanges", percent(o.gateway), o.requests))
	}
	return i, ""
}

// worst returns the backend with the lowest success rate, and a verdict if that is too far below the others'. The chance that lies in a small number of
// requests is added to the others' deviation.
func (s *SuccessRateSettings) worst(all []observation) (int, verdict) {
	i := most(all, func(o *observation) float64 { return -o.success })
	o := &all[i]
	mean, variance := meanAndVariance(all, i)
	chance := mean * (1 - mean) / float64(o.requests)
	if mean-o.success <= max(s.Deviations*math.Sqrt(variance+chance), s.Margin) {
		return i, ""
	}
	return i, verdict(fmt.Sprintf("a success rate of %s in %d exchanges while the others have %s", percent(o.success), o.requests, percent(mean)))
}

// meanAndVariance are those of the success rates of all but one.
func meanAndVariance(all []observation, but int) (mean, variance float64) {
	others := float64(len(all) - 1)
	if others == 0 {
		return all[but].success, 0
	}
	for i := range all {
		if i != but {
			mean += all[i].success / others
		}
	}
	for i := range all {
		if i != but {
			variance += (all[i].success - mean) * (all[i].success - mean) / others
		}
	}
	return mean, variance
}

// worst returns the slowest backend, and a verdict if it is too slow beside the others.
func (s *LatencySettings) worst(all []observation) (int, verdict) {
	i := most(all, func(o *observation) float64 { return o.latency })
	own, others := all[i].latency, medianLatency(all, i)
	if len(all) < 2 || own <= s.Factor*others || own-others <= float64(s.Floor) {
		return i, ""
	}
	name := fmt.Sprintf("p%.4g", 100*s.quantile())
	return i, verdict(fmt.Sprintf("a %s of %s in %d exchanges while the others have %s", name,
		brief(time.Duration(own)), all[i].timed, brief(time.Duration(others))))
}

// medianLatency is that of all but one; between two in the middle, their mean.
func medianLatency(all []observation, but int) float64 {
	var others []float64
	for i := range all {
		if i != but {
			others = append(others, all[i].latency)
		}
	}
	if len(others) == 0 {
		return 0
	}
	slices.Sort(others)
	return (others[len(others)/2] + others[(len(others)-1)/2]) / 2
}

// most returns the index of the first with the greatest value.
func most(all []observation, value func(*observation) float64) int {
	best := 0
	for i := range all {
		if value(&all[i]) > value(&all[best]) {
			best = i
		}
	}
	return best
}

func percent(part float64) string { return fmt.Sprintf("%.3g %%", 100*part) }
