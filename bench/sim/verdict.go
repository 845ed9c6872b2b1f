package main

import (
	"fmt"
	"math"
)

// The promises, and what counts as kept.
const (
	spillWithin  = 0.05   // of the least that had to leave
	spillPoints  = 0.005  // of all requests, where next to nothing had to
	equalPart    = 0.01   // latencies that differ by less are equal
	equalMillis  = 0.1    // or by less than this
	failedPoints = 0.0005 // of all requests
	swingMost    = 2      // points of standard deviation beside the least
)

// judge lists in words what of the promises spillway breaks: in spilling and swinging alone, in latency and failures
// against each of the others.
func judge(s *scenario, list []*trial) (complaints []string) {
	say := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	still := 0.0 // how much the least itself swings, by a share that never moves
	for _, t := range list {
		if t.policy == "round robin" {
			still = t.summary.swing
		}
	}
	for _, t := range list {
		if t.policy != policyNames[0] {
			continue
		}
		who := ""
		if len(s.fleets) > 0 {
			who = t.label + " proxies: "
		}
		x := t.summary
		due := float64(x.due)
		more := float64(x.away) - x.least
		if small := x.least < 0.01*due; small && more > spillPoints*due || !small && more > spillWithin*x.least {
			say("%sspills more than promised: %s left, %s had to (%s).", who, percent(float64(x.away)/due), percent(x.least/due), x.beyond())
		}
		if x.swing > max(swingMost, still*(1+spillWithin)) {
			say("%sswings: %.1f points of standard deviation beside the least.", who, x.swing)
		}
		if len(s.fleets) > 0 && x.failed > 0 {
			say("%s%d requests failed.", who, x.failed)
		}
	}
	if len(s.fleets) > 0 {
		return complaints
	}
	own := list[0].summary
	for _, t := range list[1:] {
		x := t.summary
		switch {
		case math.IsInf(own.p99, 1) && math.IsInf(x.p99, 1):
			// More than 1 % failed for both: what failed is compared below.
		case own.p99 > x.p99*(1+equalPart)+equalMillis:
			say("worse than %s: p99 %s against %s ms.", t.label, millis(own.p99), millis(x.p99))
		}
		if a, b := float64(own.failed)/float64(own.due), float64(x.failed)/float64(x.due); a > b+failedPoints {
			say("worse than %s: %s failed against %s.", t.label, percent(a), percent(b))
		}
	}
	return complaints
}
