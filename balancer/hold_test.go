package balancer

import (
	"math"
	"testing"
)

func TestWhenToHold(t *testing.T) {
	const ms = 1_000_000
	for _, tc := range []struct {
		name            string
		places, waiting int
		pace, extra     int64
		want            bool
	}{
		{"no places", 0, 0, ms / 3, 80 * ms, false},
		{"the first", 3, 0, ms / 3, 80 * ms, true},
		{"the last place", 3, 2, ms / 3, 80 * ms, true},
		{"all places taken", 3, 3, ms / 3, 80 * ms, false},
		{"a slot takes as long as the detour", 3, 0, 80 * ms, 80 * ms, false},
		{"a slot takes a little less", 3, 0, 79 * ms, 80 * ms, true},
		{"so does the second, and that is too late", 3, 1, 79 * ms, 80 * ms, false},
		{"nobody knows how fast slots come", 3, 0, 0, 80 * ms, false},
		{"the detour costs nothing, or is not known", 3, 0, ms / 3, 0, false},
		{"the other region is nearer", 3, 0, ms / 3, -ms, false},
	} {
		if got := holds(tc.places, tc.waiting, tc.pace, tc.extra); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// With 60 slots of 20 ms and 80 requests in flight offered, 25 % have to leave home. Who leaves at once whenever all
// slots are taken sends 27.6 % away (Erlang's loss formula); a few waiting places come close to the least.
func TestHoldingComesCloseToTheLeastSpill(t *testing.T) {
	for _, tc := range []struct {
		name        string
		hold        int
		fixed       bool // service times are all the same
		least, most float64
	}{
		{"at once", 0, false, 0.265, 0.290},
		{"two places", 2, false, 0.245, 0.270},
		{"three places", 3, false, 0.245, 0.268},
		{"three places, steady backends", 3, true, 0.245, 0.268},
	} {
		members := append(regional(3, 20, "home"), regional(3, 200, "away")...)
		for i := range members {
			members[i].Backend = NewBackend(string(rune('a' + i)))
		}
		s := simulate(t, NewView(Settings{Regions: []string{"home", "away"}, RTT: []int64{0, 80e6}, Hold: tc.hold}, members, nil), nil)
		s.service = func(m *Member) int64 {
			took := int64(20e6)
			if !tc.fixed {
				took = s.exponential(20e6)
			}
			if m.Region == "away" {
				took += 80e6
			}
			return took
		}
		s.run(4000, second)
		s.forget()
		s.run(4000, 12*second)
		if spilled := s.share("away"); spilled < tc.least || spilled > tc.most {
			t.Errorf("%s: %.2f %% left home, want %.1f to %.1f", tc.name, 100*spilled, 100*tc.least, 100*tc.most)
		}
		if s.refused > 0 {
			t.Errorf("%s: %d refused", tc.name, s.refused)
		}
		if tc.hold == 0 {
			continue
		}
		if mean := float64(s.waited) / float64(s.held) / 1e6; s.held == 0 || mean > 1.5 {
			t.Errorf("%s: %d held, %.2f ms each; want about 1 ms", tc.name, s.held, mean)
		}
		for i := range members {
			if n := members[i].Backend.Inflight(); n > members[i].MaxRequests {
				t.Errorf("%s: %d in flight", tc.name, n)
			}
		}
	}
}

// At 80 % of what home can do nothing has to leave, and yet now and then all slots are taken: 2 % of the requests would
// leave at once (Erlang's loss formula), and half of these with three places to wait. But then the crowd is gone in a moment.
func TestAMomentIsWaitedOut(t *testing.T) {
	members := append(regional(3, 20, "home"), regional(3, 200, "away")...)
	for i := range members {
		members[i].Backend = NewBackend(string(rune('a' + i)))
	}
	s := simulate(t, NewView(Settings{Regions: []string{"home", "away"}, RTT: []int64{0, 80e6}, Hold: 3}, members, nil), nil)
	s.service = func(m *Member) int64 { return s.exponential(20e6) }
	s.run(2400, 2*second)
	s.forget()
	s.run(2400, 20*second)
	if spilled := s.share("away"); spilled > 0.001 {
		t.Errorf("%.2f %% left home", 100*spilled)
	}
	if mean := float64(s.waited) / float64(max(1, s.held)) / 1e6; s.held == 0 || mean > 4 {
		t.Errorf("%d held, %.2f ms each", s.held, mean)
	}
}

// A home that fills and does not serve anybody must not keep its holders longer than the detour takes.
func TestWhoHoldsLeavesWhenPatienceIsOver(t *testing.T) {
	members := append(regional(1, 1, "home"), regional(1, 100, "away")...)
	members[1].Backend = NewBackend("away")
	stuck := false
	s := simulate(t, NewView(Settings{Regions: []string{"home", "away"}, RTT: []int64{0, 80e6}, Hold: 3}, members, nil), nil)
	s.service = func(m *Member) int64 {
		if stuck && m.Region == "home" {
			return math.MaxInt64 / 4
		}
		return 5e6
	}
	s.run(150, 5*second)
	if s.reasons[Held] == 0 {
		t.Fatal("nobody was held: the test shows nothing")
	}
	s.forget()
	stuck = true
	s.run(150, 5*second)
	if s.refused > 0 || s.by["away"] < 600 {
		t.Errorf("served away %d of %d, %d refused", s.by["away"], s.offered, s.refused)
	}
	if s.queue.Holding() > 0 && s.waited/int64(max(1, s.held)) > 80e6 {
		t.Errorf("waited %d ns on the average", s.waited/int64(s.held))
	}
}
