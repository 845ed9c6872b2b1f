package main

import (
	"fmt"
	"math/rand/v2"
)

// begins is when the first request is due; what is before lets proxies make their first checks.
const begins = 12 * second

// A world is one run: the servers, the network, the clients and one kind of proxy, in virtual time. Everything in it
// follows from the scenario and the seed.
type world struct {
	clock
	scenario *scenario
	seed     uint64
	servers  []*server
	byRegion [][]*server
	faults   *rand.Rand
	measure  *measure

	offered, answered, failed, outstanding int
}

// A request is what a client wants. All but the last field is the same whatever proxy it meets.
type request struct {
	due      int64
	region   int // where it comes in
	instance int // of the proxies there
	demand   int64
	key      uint64
	priority int
	finished bool
}

// A policy is a set of proxies of one kind.
type policy interface {
	// offer gives a request to the proxy that it names; world.answer or world.fail must follow, once.
	offer(x *request)
}

func newWorld(s *scenario, seed uint64) *world {
	w := &world{scenario: s, seed: seed, faults: newDice(seed, diceFaults), byRegion: make([][]*server, len(s.regions))}
	w.now = begins - 2*second
	w.measure = newMeasure(w)
	for r, region := range s.regions {
		for i := range region.backends {
			b := &server{id: fmt.Sprintf("10.%d.%d.%d:80", r, i/256, i%256), region: r, index: len(w.servers),
				slots: region.slots, backlog: s.backlog, slow: 1}
			w.servers = append(w.servers, b)
			w.byRegion[r] = append(w.byRegion[r], b)
		}
	}
	return w
}

// rtt is the time of a round trip between two regions, in ns.
func (w *world) rtt(a, b int) int64 {
	if a == b {
		return w.scenario.local
	}
	at := func(r int) int64 { return w.scenario.regions[r].far }
	if a == 0 || b == 0 {
		return at(a) + at(b)
	}
	return max(at(a), at(b))
}

// order is the regions from one of them, itself first, then the nearest.
func (w *world) order(from int) []int {
	list := []int{from}
	for len(list) < len(w.scenario.regions) {
		next := -1
		for r := range w.scenario.regions {
			seen := false
			for _, l := range list {
				seen = seen || l == r
			}
			if !seen && (next < 0 || w.rtt(from, r) < w.rtt(from, next)) {
				next = r
			}
		}
		list = append(list, next)
	}
	return list
}

// run makes the whole run with one kind of proxy.
func (w *world) run(p policy) *measure {
	end := begins + w.scenario.length
	for _, f := range w.scenario.faults {
		w.at(begins+f.at, func() { f.do(w) })
	}
	w.measure.watch()
	for r := range w.scenario.regions {
		w.arrivals(r, p, end)
	}
	w.clock.run(end)
	for w.outstanding > 0 {
		w.step()
	}
	return w.measure
}

// arrivals makes a Poisson process with a rate that changes with time, by thinning one that is fast enough for all.
func (w *world) arrivals(region int, p policy, end int64) {
	s := w.scenario
	most := s.regions[region].most(s.length)
	if most <= 0 {
		return
	}
	moments := newDice(w.seed, diceArrivals<<8+uint64(region))
	what := newDice(w.seed, diceRequests<<8+uint64(region))
	var next func()
	next = func() {
		if moments.Float64()*most < s.regions[region].rate(w.now-begins) {
			x := &request{due: w.now, region: region, demand: max(1, int64(s.service.draw(what))), key: what.Uint64()}
			x.instance = what.IntN(s.regions[region].proxies)
			x.priority = 1 + what.IntN(100)
			if s.keys > 0 {
				x.key = x.key%uint64(s.keys) + 1
			}
			w.offered++
			w.outstanding++
			w.measure.offer(x)
			p.offer(x)
		}
		if gap := exponential(moments, 1e9/most); w.now+gap < end {
			w.after(gap, next)
		}
	}
	w.at(begins+exponential(moments, 1e9/most), next)
}

// answer ends a request well, by a server.
func (w *world) answer(x *request, by *server) {
	w.finish(x)
	w.answered++
	w.measure.answer(x, by)
}

// fail ends a request without an answer.
func (w *world) fail(x *request) {
	w.finish(x)
	w.failed++
	w.measure.fail(x)
}

func (w *world) finish(x *request) {
	if x.finished {
		panic("a request ended twice")
	}
	x.finished = true
	w.outstanding--
}
