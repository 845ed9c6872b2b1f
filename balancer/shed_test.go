package balancer

import (
	"math"
	"sync"
	"testing"
)

func (s *Shedder) set(overload float64) {
	s.overload.Store(math.Float64bits(overload))
	s.next.Store(1)
	s.top.Store(100) // somebody was that important
}

func TestTheThresholdIsCubic(t *testing.T) {
	for _, tc := range []struct {
		overload float64
		sheds    int // the highest priority of which anything is shed
		all      int // the highest of which everything is
	}{
		{0, 0, 0}, {0.2, 0, 0}, {0.35, 4, 0}, {0.5, 12, 2}, {0.8, 51, 41}, {0.95, 85, 75}, {1, 99, 90},
	} {
		var s Shedder
		s.set(tc.overload)
		dice := NewRand(5)
		for p := 1; p <= 100; p++ {
			admitted := 0
			for range 2000 {
				if s.Admit(p, false, 0, dice) {
					admitted++
				}
			}
			if (admitted < 2000) != (p <= tc.sheds) {
				t.Errorf("overload %v: %d of 2000 of priority %d are let in", tc.overload, admitted, p)
			}
			if (admitted == 0) != (p <= tc.all) {
				t.Errorf("overload %v: %d of 2000 of priority %d are let in", tc.overload, admitted, p)
			}
		}
	}
}

func TestPrioritiesOutOfRangeCountAsTheNearest(t *testing.T) {
	var s Shedder
	s.set(1)
	dice := NewRand(5)
	if !s.Admit(1000, false, 0, dice) || s.Admit(-5, false, 0, dice) {
		t.Error("a priority of 1000 is 100 and one of -5 is 1")
	}
}

func TestSpilledRequestsAreShedFirst(t *testing.T) {
	var s Shedder
	dice := NewRand(5)
	s.set(0.21) // below the threshold of anything of our own
	own, theirs := 0, 0
	for range 5000 {
		if !s.Admit(1, false, 0, dice) {
			own++
		}
		if !s.Admit(50, true, 0, dice) {
			theirs++
		}
	}
	if own > 0 || theirs == 0 {
		t.Errorf("%d of our own and %d spilled ones are shed", own, theirs)
	}
	s.set(0.6)
	for range 5000 {
		if s.Admit(100, true, 0, dice) {
			t.Fatal("a spilled one is let in while our own are shed")
		}
	}
}

// overloaded runs 60 slots of 20 ms with offered times what they can take, for some seconds; priorities are as
// given by dice. It tells what part was shed, what part of the important (above 70) failed, by being shed or by
// finding everyone full, and how far the threshold went in the last two thirds.
func overloaded(t *testing.T, offered float64, seconds int, priority func(*Rand) int) (shed, failed, low, high float64) {
	members := regional(3, 20, "home")
	var shedder Shedder
	s := simulate(t, NewView(Settings{Regions: []string{"home"}}, members, nil), nil)
	s.service = func(*Member) int64 { return s.exponential(20e6) }
	n, turned, important, lost := 0.0, 0.0, 0.0, 0.0
	low = 100
	end := s.now + int64(seconds)*second
	start := s.now
	var arrival func()
	arrival = func() {
		s.at(s.exponential(20e6/60/offered), arrival)
		p := priority(s.dice)
		admitted := shedder.Admit(p, false, s.now, s.dice)
		ok := admitted
		if admitted {
			s.request = Request{Rand: s.dice, Now: s.now}
			m, _ := s.view.Pick(&s.request)
			if ok = m != nil; ok {
				s.serve(m, Home)
			}
			shedder.Observe(!ok, s.now)
		}
		if s.now < start+(end-start)/3 {
			return
		}
		n++
		low, high = min(low, shedder.Threshold()), max(high, shedder.Threshold())
		if !admitted {
			turned++
		}
		if p > 70 {
			if important++; !ok {
				lost++
			}
		}
	}
	s.at(1, arrival)
	s.run(1e-3, end-start)
	return turned / n, lost / max(1, important), low, high
}

func TestTheLeastImportantGoFirst(t *testing.T) {
	anything := func(dice *Rand) int { return 1 + int(dice.below(100)) }
	for _, tc := range []struct {
		name        string
		offered     float64
		priority    func(*Rand) int
		least, most float64 // shed
	}{
		{"half load", 0.5, anything, 0, 0.001},
		{"a third too much", 4.0 / 3, anything, 0.25, 0.45},
		{"twice as much as fits", 2, anything, 0.5, 0.66},
		{"all of one priority", 2, func(*Rand) int { return 50 }, 0, 0},
		{"few are unimportant", 1.2, func(dice *Rand) int {
			if dice.below(2) == 0 {
				return 10
			}
			return 90
		}, 0.16, 0.40},
	} {
		shed, failed, low, high := overloaded(t, tc.offered, 30, tc.priority)
		if shed < tc.least || shed > tc.most {
			t.Errorf("%s: %.1f %% are shed, want %.0f to %.0f", tc.name, 100*shed, 100*tc.least, 100*tc.most)
		}
		if failed > 0.02 {
			t.Errorf("%s: %.2f %% of the important fail", tc.name, 100*failed)
		}
		if high-low > 20 {
			t.Errorf("%s: the threshold swings from %.0f to %.0f", tc.name, low, high)
		}
	}
}

func TestSheddingEndsWithTheOverload(t *testing.T) {
	var s Shedder
	dice := NewRand(9)
	now := second
	for range 5000 {
		now += 1e6
		s.Observe(dice.below(2) == 0, now)
	}
	if s.Threshold() < 50 {
		t.Fatalf("threshold %.0f after 5 s in which half found no room", s.Threshold())
	}
	before := s.Threshold()
	for i := range 13_000 {
		now += 1e6
		s.Observe(false, now)
		if i > 2000 && s.Threshold() > before { // before, what was refused is not forgotten
			t.Fatal("the threshold rises though there is room")
		}
		before = s.Threshold()
	}
	if s.Threshold() != 0 {
		t.Errorf("threshold %.0f thirteen seconds after the overload", s.Threshold())
	}
}

func TestSheddingEndsWithoutTraffic(t *testing.T) {
	var s Shedder
	s.set(1)
	for now := second; now < 20*second; now += second {
		s.Tick(now)
	}
	if s.Threshold() != 0 {
		t.Errorf("threshold %.0f", s.Threshold())
	}
}

func TestSheddingUnderConcurrency(t *testing.T) {
	var s Shedder
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			dice := NewRand(uint64(g))
			for now := second; now < 6*second; now += 1e6 {
				if s.Admit(50, false, now, dice) {
					s.Observe(g%2 == 0, now)
				}
			}
		})
	}
	all.Wait()
	if got := s.Threshold(); !(got >= 0 && got <= 100) {
		t.Errorf("threshold %v", got)
	}
}

// Where all have one priority, shedding would refuse what finds room: nobody is shed until somebody more important
// comes, and again a while after the last of those.
func TestNobodyIsShedForNobody(t *testing.T) {
	var s Shedder
	s.set(1)
	s.top.Store(0)
	dice := NewRand(5)
	admit := func(priority int, now int64) bool { return s.Admit(priority, false, now, dice) }
	for range 2 {
		if !admit(50, 0) {
			t.Error("one of several equals is shed")
		}
	}
	if !admit(99, 0) || admit(50, 0) {
		t.Error("want the 99 in and the 50 shed")
	}
	for now := int64(0); now <= 3*second; now += shedTick {
		s.overload.Store(math.Float64bits(1))
		s.Admit(50, false, now, dice)
	}
	if !admit(50, 3*second) {
		t.Error("the 50 is shed long after the 99 was there")
	}
}
