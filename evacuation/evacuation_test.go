package evacuation

import (
	"math"
	"testing"
	"time"
)

const sec = int64(time.Second)

func TestARampIsAStraightLine(t *testing.T) {
	for _, c := range []struct {
		ramp ramp
		at   map[int64]float64
	}{
		{ramp{from: 1, to: 0, began: 10 * sec, lasts: 10 * sec}, map[int64]float64{9: 1, 10: 1, 15: 0.5, 19: 0.1, 20: 0, 99: 0}},
		{ramp{from: 0.4, to: 1, began: 0, lasts: 6 * sec}, map[int64]float64{0: 0.4, 3: 0.7, 6: 1}},
		{ramp{from: 1, to: 0, began: 5 * sec}, map[int64]float64{5: 0}},
	} {
		for at, want := range c.at {
			if got := c.ramp.at(at * sec); math.Abs(got-want) > 1e-9 {
				t.Errorf("%+v at %d s: %v, want %v", c.ramp, at, got, want)
			}
		}
	}
}

// An evacuation's life: what it asks for, and what it keeps, second by second.
func TestTheLifeOfAnEvacuation(t *testing.T) {
	type moment struct {
		at    int64
		asks  Milestone
		keeps float64
		state State
	}
	walk := func(name string, e *Evacuation, moments []moment, then map[int64]func(now int64)) {
		t.Run(name, func(t *testing.T) {
			for _, m := range moments {
				now := m.at * sec
				if got, keeps := e.reached(now), e.share(now); got != m.asks || math.Abs(keeps-m.keeps) > 1e-9 || e.state != m.state {
					t.Errorf("at %d s it asks for %d, keeps %v and is %s; want %d, %v, %s", m.at, got, keeps, e.state, m.asks, m.keeps, m.state)
				}
				if f := then[m.at]; f != nil {
					f(now)
				}
			}
		})
	}
	down := ramp{from: 1, to: 0, lasts: 10 * sec}

	walk("drain", &Evacuation{state: Draining, ramp: down}, []moment{
		{0, UnderWay, 1, Draining}, {4, UnderWay, 0.6, Draining}, {10, Emptied, 0, Draining}}, nil)

	walk("return", &Evacuation{state: Returning, ramp: ramp{from: 0, to: 1, lasts: 4 * sec}}, []moment{
		{0, UnderWay, 0, Returning}, {3, UnderWay, 0.75, Returning}, {4, Whole, 1, Returning}}, nil)

	drilled := &Evacuation{state: Draining, ramp: down, drill: &Drill{holds: 20 * sec, lasts: 5 * sec}}
	walk("drill", drilled, []moment{
		{10, Emptied, 0, Draining}, {11, UnderWay, 0, Out}, {29, UnderWay, 0, Out}, {30, Due, 0, Out},
		{31, UnderWay, 0.2, Returning}, {35, Whole, 1, Returning},
	}, map[int64]func(int64){10: drilled.hold, 30: func(now int64) { drilled.returnWithin(now, drilled.drill.lasts) }})

	aborted := &Evacuation{state: Draining, ramp: down, guard: &Guard{}}
	walk("abort", aborted, []moment{
		{6, UnderWay, 0.4, Draining}, {7, UnderWay, 0.7, Returning}, {8, Whole, 1, Returning},
	}, map[int64]func(int64){6: func(now int64) {
		if aborted.abort(now, "why") {
			t.Error("an abort on the way down has to put the target back")
		}
		if aborted.guarded() {
			t.Error("the way back is guarded")
		}
	}})

	out := &Evacuation{state: Out, until: 99 * sec, drill: &Drill{}}
	walk("abort of a drill", out, []moment{
		{6, UnderWay, 0, Out}, {7, UnderWay, 0.5, Returning}, {8, Whole, 1, Returning},
	}, map[int64]func(int64){6: func(now int64) {
		if !out.abort(now, "why") {
			t.Error("an abort of a drill does not put the target back")
		}
	}})
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		target Target
		says   string
		valid  bool
	}{
		{Target{Region: "eu"}, "region eu", true},
		{Target{Region: "eu", Pool: "a"}, "pool a in region eu", true},
		{Target{Pool: "a", Backend: "b"}, "backend b of pool a", true},
		{Target{}, "region ", false},
		{Target{Pool: "a"}, "pool a in region ", false},
		{Target{Backend: "b"}, "backend b of pool ", false},
		{Target{Region: "eu", Backend: "b"}, "backend b of pool ", false},
		{Target{Region: "eu", Pool: "a", Backend: "b"}, "backend b of pool a", false},
	} {
		if err := c.target.Validate(); (err == nil) != c.valid || c.target.String() != c.says {
			t.Errorf("%+v: %v, %q", c.target, err, c.target)
		}
	}
}
