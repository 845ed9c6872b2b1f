package health

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

func byGatewayErrors(a, b observation) int { return cmp.Compare(a.gateway, b.gateway) }
func bySuccess(a, b observation) int       { return cmp.Compare(b.success, a.success) }
func byLatency(a, b observation) int       { return cmp.Compare(a.latency, b.latency) }

// verdict is on the last of all, which has the greatest share of gateway errors.
func (s *GatewayErrorSettings) verdict(all []observation) verdict {
	last := &all[len(all)-1]
	if last.gateway < s.Share {
		return ""
	}
	return verdict(fmt.Sprintf("%s gateway errors in %d exchanges", percent(last.gateway), last.requests))
}

// verdict is on the last of all, which has the lowest success rate. The chance that lies in a small number of requests is added to the others' deviation.
func (s *SuccessRateSettings) verdict(all []observation) verdict {
	if len(all) < 2 {
		return ""
	}
	last, others := &all[len(all)-1], all[:len(all)-1]
	mean, variance := meanAndVariance(others)
	chance := mean * (1 - mean) / float64(last.requests)
	const rounding = 1e-9
	if mean-last.success <= max(s.Deviations*math.Sqrt(variance+chance), s.Margin)+rounding {
		return ""
	}
	return verdict(fmt.Sprintf("a success rate of %s in %d exchanges while the others have %s", percent(last.success), last.requests, percent(mean)))
}

func meanAndVariance(all []observation) (mean, variance float64) {
	n := float64(len(all))
	for i := range all {
		mean += all[i].success
	}
	mean /= n
	for i := range all {
		variance += (all[i].success - mean) * (all[i].success - mean) / n
	}
	return mean, variance
}

// verdict is on the last of all, which are sorted by latency.
func (s *LatencySettings) verdict(all []observation) verdict {
	if len(all) < 2 {
		return ""
	}
	last, others := &all[len(all)-1], all[:len(all)-1]
	median := (others[len(others)/2].latency + others[(len(others)-1)/2].latency) / 2
	if last.latency <= s.Factor*median || last.latency-median <= float64(s.Floor) {
		return ""
	}
	return verdict(fmt.Sprintf("a p%.4g of %s in %d exchanges while the others have %s", 100*s.quantile(), brief(time.Duration(last.latency)), last.timed, brief(time.Duration(median))))
}

func percent(part float64) string { return fmt.Sprintf("%.3g %%", 100*part) }
