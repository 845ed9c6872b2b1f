package evacuation

import (
	"slices"
	"strings"
	"testing"
)

func TestForecastSettlesRequests(t *testing.T) {
	two := []Destination{{Region: "near", Capacity: 20, Room: 5}, {Region: "far", Capacity: 100, Room: 50}}
	for _, c := range []struct {
		name     string
		requests int64
		to       []Destination
		movers   []mover
		come     []int64
		stranded int64
		fits     bool
		notes    string
	}{
		{"the nearest first", 12, two, []mover{{weight: 1}}, []int64{5, 7}, 0, true, ""},
		{"no room for some", 60, two, []mover{{weight: 1}}, []int64{5, 50}, 5, false, ""},
		{"a longer way takes more slots", 10, []Destination{{Region: "far", Capacity: 100, Room: 50, slots: slotsAt(10, 500, 40e6)}}, []mover{{weight: 1}}, []int64{30}, 0, true, ""},
		{"and does not fit", 10, []Destination{{Region: "far", Capacity: 100, Room: 50, slots: slotsAt(10, 1000, 80e6)}}, []mover{{weight: 1}}, []int64{50}, 5, false, ""},
		{"a shorter way takes no less", 10, []Destination{{Region: "far", Capacity: 100, Room: 50, slots: slotsAt(10, 1000, -80e6)}}, []mover{{weight: 1}}, []int64{10}, 0, true, ""},
		{"a learned limit refuses nothing", 60, []Destination{{Region: "near", Capacity: 20, Room: 5, Learned: true}, {Region: "far", Capacity: 100, Room: 50}}, []mover{{weight: 1}}, []int64{10, 50}, 0, true, "near gets more than the 20"},
		{"nothing in flight", 0, two, []mover{{weight: 1}}, []int64{0, 0}, 0, true, ""},
		{"not known counts as room", 500, []Destination{{Region: "near", Capacity: 20, Room: 5}, {Region: "far"}}, []mover{{weight: 1}}, []int64{5, 495}, 0, true, "the capacity of far is not known"},
		{"nobody else", 3, nil, []mover{{name: "route /", weight: 1}}, nil, 3, false, "route / may go nowhere else"},
		{"nobody else, and nothing in flight", 0, nil, []mover{{name: "route /", weight: 1}}, nil, 0, false, "route / may go nowhere else"},
		{"one that must stay", 10, two, []mover{{name: "route /kept", weight: 1, allowed: []string{"home"}}, {weight: 9}}, []int64{5, 4}, 1, false, "route /kept may go nowhere else"},
		{"one that may go to the near only, after the others", 10, two, []mover{{weight: 1, allowed: []string{"home", "near"}}, {weight: 1}}, []int64{5, 0}, 5, false, ""},
		{"one that may go to the far only", 10, two, []mover{{weight: 1, allowed: []string{"home", "far"}}, {weight: 1}}, []int64{5, 5}, 0, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &PoolForecast{Requests: c.requests, Destinations: slices.Clone(c.to)}
			p.settle(c.movers)
			var come []int64
			for _, d := range p.Destinations {
				come = append(come, d.Requests)
			}
			if !slices.Equal(come, c.come) || p.Stranded != c.stranded || p.Fits != c.fits || !strings.Contains(strings.Join(p.Notes, "; "), c.notes) {
				t.Errorf("come %v, stranded %d, fits %t, %q; want %v, %d, %t, %q", come, p.Stranded, p.Fits, p.Notes, c.come, c.stranded, c.fits, c.notes)
			}
		})
	}
}

func TestDivideLosesNothing(t *testing.T) {
	for n := range int64(30) {
		for _, weights := range [][]float64{{1}, {1, 1, 1}, {1, 1000}, {0, 0}, {3, 0, 4}} {
			var movers []mover
			for _, w := range weights {
				movers = append(movers, mover{weight: w})
			}
			sum := int64(0)
			for _, part := range divide(n, movers) {
				if part < 0 {
					t.Errorf("%d over %v: %d", n, weights, part)
				}
				sum += part
			}
			if sum != n {
				t.Errorf("%d over %v: %d in all", n, weights, sum)
			}
		}
	}
}
