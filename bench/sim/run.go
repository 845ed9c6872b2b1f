package main

import (
	"fmt"
	"runtime"
	"sync"
)

// policyNames in the order of tables and plots. The first is the one to be judged.
var policyNames = []string{"spillway", "round robin", "least conn", "Envoy", "HAProxy", "nginx"}

func newPolicy(name string, w *world) policy {
	switch name {
	case "round robin":
		return newPeer(w, roundRobin())
	case "least conn":
		return newPeer(w, leastConn())
	case "Envoy":
		return newPeer(w, envoy())
	case "HAProxy":
		return newPeer(w, haproxy())
	case "nginx":
		return newPeer(w, nginx())
	}
	return newSpillway(w)
}

// A trial is one run of a scenario: with a policy, or with spillway and a number of proxies.
type trial struct {
	label    string
	scenario *scenario
	policy   string
	measure  *measure
	summary  summary
}

// trials lists what is to be run for a scenario.
func (s *scenario) trials() (list []*trial) {
	for _, n := range s.fleets {
		with := *s
		with.regions = append([]region(nil), s.regions...)
		with.regions[0].proxies = n
		list = append(list, &trial{label: fmt.Sprint(n), scenario: &with, policy: policyNames[0]})
	}
	if len(s.fleets) > 0 {
		return list
	}
	names := s.policies
	if names == nil {
		names = policyNames
	}
	for _, name := range names {
		list = append(list, &trial{label: name, scenario: s, policy: name})
	}
	return list
}

// run runs trials, as many at once as there are processors.
func run(list []*trial, seed uint64) {
	next := make(chan *trial)
	var done sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for t := range next {
				t.run(seed)
			}
		})
	}
	for _, t := range list {
		next <- t
	}
	close(next)
	done.Wait()
}

func (t *trial) run(seed uint64) {
	w := newWorld(t.scenario, seed)
	t.measure = w.run(newPolicy(t.policy, w))
	t.summary = t.measure.summarize()
}
