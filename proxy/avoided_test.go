package proxy

import (
	"slices"
	"testing"
	"time"

	"spillway/health"
	"spillway/internal/loop"
)

func TestTrafficAvoided(t *testing.T) {
	for _, c := range []struct {
		name   string
		region []spared
		want   []float64
	}{
		{"all are well", []spared{{weight: 1, got: 10}, {weight: 1, got: 30}}, []float64{0, 0}},
		{"one of three is out", []spared{{weight: 1, got: 30}, {weight: 1, got: 30}, {weight: 1, sick: true}}, []float64{0, 0, 20}},
		{"one has a little left", []spared{{weight: 1, got: 57}, {weight: 1, got: 3, sick: true}}, []float64{0, 27}},
		{"by weight", []spared{{weight: 1, got: 40}, {weight: 3, sick: true}}, []float64{0, 30}},
		{"more than its part", []spared{{weight: 1, got: 10}, {weight: 1, got: 30, sick: true}}, []float64{0, 0}},
		{"backups stand in", []spared{{weight: 1, sick: true}, {weight: 0, got: 50}}, []float64{50, 0}},
		{"nobody gets anything", []spared{{weight: 1, sick: true}}, []float64{0}},
		{"no weights", []spared{{sick: true}, {got: 5}}, []float64{0, 0}},
	} {
		spare(c.region)
		var got []float64
		for _, each := range c.region {
			got = append(got, each.avoided)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAvoidedTrafficAddsUp(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	p := s.pools["a"]
	p.mu.Lock()
	sick := p.backends["127.0.0.1:2"]
	p.mu.Unlock()
	avoided := func() float64 {
		s.gathered.mu.Lock()
		s.gathered.avoidance.at -= avoidanceEvery
		s.gathered.mu.Unlock()
		return s.Gather().Pools[0].Regions[0].Backends[1].Avoided
	}
	if got := avoided(); got != 0 {
		t.Errorf("at first: %v", got)
	}
	count(s, time.Millisecond) // two attempts of the other one
	if got := avoided(); got != 0 {
		t.Errorf("while all are well: %v", got)
	}
	now := loop.Nanotime()
	for range 5 {
		p.apply(sick.tracker.Failure(now, now, health.Reset, 0.5))
	}
	for _, want := range []float64{1, 2} {
		count(s, time.Millisecond)
		if got := avoided(); got != want {
			t.Errorf("while it is out: %v, want %v (%s)", got, want, sick.tracker.State())
		}
	}
}
