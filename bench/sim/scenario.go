package main

import "math"

// A scenario is a situation that all policies have to cope with.
type scenario struct {
	name  string
	title string
	about string

	length  int64 // ns
	regions []region
	local   int64 // ns, round trip within a region
	service service
	backlog int   // of each server, behind its slots
	timeout int64 // of an attempt, ns
	stale   int64 // ns by which a check's result comes late

	learned  bool     // no proxy is told the servers' slots
	keys     int      // of how many keys requests are; 0: not keyed
	graded   bool     // requests have priorities
	settled  [2]int64 // when nothing changes, for the swing of the share
	judged   [2]int64 // of which requests the latencies and failures count; none: all
	returns  int64    // when all is well again; 0: there is no such moment
	faults   []fault
	policies []string // none: all
	telling  bool     // part of the quick ones
	fleets   []int    // repeat with so many proxies in the first region, and compare spillway with itself
}

// A region has servers, and may have proxies with clients of their own.
type region struct {
	name     string
	far      int64 // ns, round trip to the first region
	backends int
	slots    int
	proxies  int
	rate     func(t int64) float64 // requests a second; nil: none
}

// A fault is a change of the world at a moment.
type fault struct {
	at int64
	do func(*world)
}

func (r *region) most(length int64) (most float64) {
	if r.rate == nil {
		return 0
	}
	for t := int64(0); t <= length; t += 50 * milli {
		most = max(most, r.rate(t))
	}
	return most
}

// steps is a rate that changes at moments: pairs of a second and a rate.
func steps(pairs ...float64) func(int64) float64 {
	return func(t int64) float64 {
		rate := 0.0
		for i := 0; i < len(pairs); i += 2 {
			if float64(t)/1e9 >= pairs[i] {
				rate = pairs[i+1]
			}
		}
		return rate
	}
}

// wave is a day in miniature: between low and high once in a period, beginning at a phase (0 to 1, 0: low).
func wave(low, high float64, period int64, phase float64) func(int64) float64 {
	return func(t int64) float64 {
		return low + (high-low)*(1-math.Cos(2*math.Pi*(float64(t)/float64(period)+phase)))/2
	}
}

func crash(r int, which ...int) func(*world) {
	return func(w *world) {
		for _, s := range w.some(r, which) {
			w.crash(s)
		}
	}
}

func restart(r int, which ...int) func(*world) {
	return func(w *world) {
		for _, s := range w.some(r, which) {
			w.restart(s)
		}
	}
}

// change does something to some servers of a region, to all when none is named.
func change(do func(*server), r int, which ...int) func(*world) {
	return func(w *world) {
		for _, s := range w.some(r, which) {
			do(s)
			w.refill(s)
		}
	}
}

func (w *world) some(r int, which []int) []*server {
	if len(which) == 0 {
		return w.byRegion[r]
	}
	var list []*server
	for _, i := range which {
		list = append(list, w.byRegion[r][i])
	}
	return list
}

func first(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
