package proxy

import (
	"testing"
	"time"

	"spillway/evacuation"
	"spillway/internal/loop"
)

// Weights show parts of themselves as long as one is evacuated, in proportion, and
// are as configured afterwards.
func TestWeightsOfAPoolWithAnEvacuation(t *testing.T) {
	s := newServer(t, `
region: near
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}]
pools: [{name: a, backends: [{address: "127.0.0.1:1"}, {address: "127.0.0.1:2", weight: 3}, {address: "127.0.0.1:3", weight: 0}]}]
`, 1)
	p := s.pools["a"]
	weights := func() (list [3]int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.setWeights(loop.Nanotime())
		for i := range p.members {
			list[i] = p.members[i].Weight
		}
		return list
	}
	want := func(when string, want [3]int) {
		t.Helper()
		if got := weights(); got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	want("at first", [3]int{1, 3, 0})
	now := loop.Nanotime()
	of := evacuation.Scope{Target: evacuation.Target{Pool: "a", Backend: "127.0.0.1:2"}, Addresses: []string{"127.0.0.1:2"}}
	s.evacuations.Begin(evacuation.New(of, 1, now-int64(500*time.Hour), 1000*time.Hour, nil))
	want("with half of one", [3]int{100, 150, 0})
	s.evacuations.Replace(of.Target, 1, now)
	s.evacuations.Begin(evacuation.New(of, 0, now, time.Hour, nil))
	want("with nothing of it", [3]int{100, 1, 0})
	s.evacuations.Replace(of.Target, 1, now)
	want("at the end", [3]int{1, 3, 0})
}
