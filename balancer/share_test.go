package balancer

import (
	"fmt"
	"math"
	"testing"
)

func TestAShareGoesOutAtOnceAndComesHomeSlowly(t *testing.T) {
	for _, tc := range []struct {
		name      string
		from      share
		out, home float64
		elapsed   int64
		want      float64
	}{
		{"all fits", 1, 1, 1, 1e8, 1},
		{"out at once", 1, 0.4, 0.36, 1e8, 0.4},
		{"out without waiting for a step", 0.9, 0, 0, 0, 0},
		{"between home and out it stays", 0.5, 0.6, 0.45, 1e9, 0.5},
		{"home by a step", 0.5, 1, 1, 1e9, 0.75},
		{"home in a tenth of a second", 0.5, 1, 1, 1e8, 0.525},
		{"no farther home than fits", 0.5, 0.6, 0.54, 1e9, 0.54},
		{"from nothing", 0, 1, 1, 2e9, 0.5},
	} {
		if got := float64(tc.from.move(tc.out, tc.home, 0.25, tc.elapsed)); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestTheShareThatFits(t *testing.T) {
	for _, tc := range []struct {
		name         string
		now          share
		target, used float64
		want         float64
	}{
		{"nothing is used", 1, 1, 0, 1},
		{"half is used", 1, 1, 0.5, 1},
		{"a third too much", 1, 1, 4.0 / 3, 0.75},
		{"full by three quarters: all of it would be a third too much", 0.75, 1, 1, 0.75},
		{"the load is gone: what is left would fit twice", 0.5, 1, 0.25, 1},
		{"no capacity", 1, 1, math.Inf(1), 0},
		{"next to nothing stays, and little comes of it", 0, 1, 0.02, 0.5},
	} {
		if got := tc.now.fitting(tc.target, tc.used); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// setShares sets what the places of a view keep of the keys.
func setShares(v *View, shares ...share) {
	for i, s := range shares {
		v.regions[i].place.flow.fit = s
		v.regions[i].place.flow.publish(1, 1)
	}
}

func TestKeysSpillByKey(t *testing.T) {
	const keys = 20_000
	v := NewView(Settings{Policy: ConsistentHash, Regions: []string{"eu", "us", "ap"}}, regional(3, 0, "eu", "us", "ap"), nil)
	all := owners(t, v, keys)
	setShares(v, 0.95)
	five := owners(t, v, keys)
	setShares(v, 0.90)
	ten := owners(t, v, keys)
	setShares(v, 0.90, 0.5)
	third := owners(t, v, keys)
	setShares(v, 1, 1)
	home := owners(t, v, keys)
	count := func(a, b []string) (n float64) {
		for k := range a {
			if a[k] != b[k] {
				n++
			}
		}
		return n / keys
	}
	for _, tc := range []struct {
		name     string
		from, to []string
		want     float64
	}{
		{"the first 5 %", all, five, 0.05},
		{"from 5 to 10 % only 5 % more", five, ten, 0.05},
		{"the second region keeps half of what comes", ten, third, 0.05},
		{"the same come home", home, all, 0},
	} {
		if got := count(tc.from, tc.to); math.Abs(got-tc.want) > 0.006 || tc.want == 0 && got > 0 {
			t.Errorf("%s: %.2f %% of the keys moved", tc.name, 100*got)
		}
	}
	for k := range five {
		if five[k] != all[k] && five[k] != ten[k] {
			t.Fatal("a key that had left at 5 % went elsewhere at 10 %")
		}
	}
}

func TestTheKeysThatLeaveAreSpreadOverAllBackends(t *testing.T) {
	v := NewView(Settings{Policy: ConsistentHash, Regions: []string{"eu", "us"}}, regional(4, 0, "eu", "us"), nil)
	all := owners(t, v, 20_000)
	setShares(v, 0.8)
	left := map[string]float64{}
	total := map[string]float64{}
	for k, id := range owners(t, v, 20_000) {
		total[all[k]]++
		if id != all[k] {
			left[all[k]]++
		}
	}
	for id, n := range total {
		if part := left[id] / n; math.Abs(part-0.2) > 0.03 {
			t.Errorf("%.1f %% of the keys of %s left, want 20 %%", 100*part, id)
		}
	}
}

// Keyed traffic surges to a third more than home can take and goes down again. About the quarter that must go leaves,
// always the same keys, and all come home; the share does not swing meanwhile.
func TestAKeyedSurge(t *testing.T) {
	members := append(regional(3, 20, "home"), regional(3, 200, "away")...)
	for i := range members {
		members[i].Backend = NewBackend(fmt.Sprint("b", i))
	}
	v := NewView(Settings{Policy: ConsistentHash, Regions: []string{"home", "away"}, BoundedLoad: math.Inf(1), RTT: []int64{0, 80e6}}, members, nil)
	s := simulate(t, v, nil)
	s.service = func(m *Member) int64 {
		if m.Region == "away" {
			return 100e6
		}
		return s.exponential(20e6)
	}
	s.arrive = func(r *Request) { r.Key, r.Keyed = s.dice.Uint64(), true }
	f := &v.regions[0].place.flow
	s.run(1500, 3*second)
	if s.share("away") > 0.001 {
		t.Errorf("%.2f %% left home at half load", 100*s.share("away"))
	}
	s.run(4000, 3*second)
	s.forget()
	low, high := 1.0, 0.0
	for range 200 {
		s.run(4000, second/10)
		low, high = min(low, float64(f.fit)), max(high, float64(f.fit))
	}
	if spilled := s.share("away"); spilled < 0.24 || spilled > 0.40 {
		t.Errorf("%.1f %% left home, 25 %% had to", 100*spilled)
	}
	if low < 0.60 || high > 0.85 {
		t.Errorf("the share went from %.2f to %.2f, want about 0.75", low, high)
	}
	s.run(1500, 4*second)
	s.forget()
	s.run(1500, second)
	if s.share("away") > 0 || s.refused > 0 {
		t.Errorf("after the surge %.2f %% leave home", 100*s.share("away"))
	}
}

// A region that was away gets its traffic back by and by, whether it is keyed or not, and all of it within three seconds.
func TestARegionReturnsByAndBy(t *testing.T) {
	for _, policy := range []Policy{LeastConn, ConsistentHash} {
		settings := Settings{Policy: policy, Regions: []string{"home", "away"}}
		members := regional(2, 0, "home", "away")
		v := NewView(settings, members, nil)
		s := simulate(t, v, func(*Member) int64 { return 5e6 })
		s.arrive = func(r *Request) { r.Key, r.Keyed = s.dice.Uint64(), policy == ConsistentHash }
		s.run(1000, second)
		if s.share("home") != 1 {
			t.Fatalf("%v: %.2f at home at first", policy, s.share("home"))
		}
		members[0].Available, members[1].Available = false, false
		s.view = NewView(settings, members, s.view)
		s.forget()
		s.run(1000, second)
		if s.share("away") != 1 || s.reasons[SpillUnhealthy] != s.offered {
			t.Errorf("%v: %v while home was down", policy, s.reasons)
		}
		members[0].Available, members[1].Available = true, true
		s.view = NewView(settings, members, s.view)
		last := 0.0
		for i := range 4 {
			s.forget()
			s.run(2000, second)
			if now := s.share("home"); i < 3 && (now < last || now > 0.4*float64(i+1)+0.05) || i == 3 && now < 1 {
				t.Errorf("%v: %.2f at home in second %d of the return", policy, now, i+1)
			}
			last = s.share("home")
		}
	}
}

func TestAReturningRegionServesWhatNobodyElseCan(t *testing.T) {
	members := regional(1, 2, "home", "away")
	v := NewView(Settings{Regions: []string{"home", "away"}}, members, nil)
	v.regions[0].place.flow.publish(0.0, 1)
	got, full, _ := fillUp(t, v, newRequest(), 5)
	if got["home"] != 2 || got["away"] != 2 || full != 1 {
		t.Errorf("%v and %d refused", got, full)
	}
}

// Backends that say they have too much to do move traffic away although nobody knows their limits.
func TestReportedLoadMovesTraffic(t *testing.T) {
	members := regional(2, 0, "home", "away")
	v := NewView(Settings{Regions: []string{"home", "away"}}, members, nil)
	s := simulate(t, v, func(*Member) int64 { return 5e6 })
	capacity := 500.0 // requests a second at home, by what its backends say
	atHome := 0
	s.done = func(now int64, m *Member) {
		if m.Region == "home" {
			atHome++
		}
	}
	step := func(rate float64, seconds int) {
		for range seconds * 10 {
			atHome = 0
			s.run(rate, second/10)
			for i := range 2 {
				members[i].Backend.Report(s.now, float64(atHome)*10/capacity)
			}
		}
	}
	step(300, 3)
	if s.share("away") > 0.02 {
		t.Errorf("%.1f %% left home at a load of 0.6", 100*s.share("away"))
	}
	step(1000, 5)
	s.forget()
	step(1000, 10)
	if away := s.share("away"); away < 0.45 || away > 0.65 {
		t.Errorf("%.1f %% left home at a load of 2, want about half", 100*away)
	}
	s.now += 20 * second
	s.run(1000, 5*second)
	s.forget()
	s.run(1000, second)
	if s.share("away") > 0 {
		t.Errorf("%.1f %% left home for a report that is long past", 100*s.share("away"))
	}
}

// A region is drained by degrees: with half the valve open it keeps half, of keys the same ones, and with none it
// still serves what has room nowhere else.
func TestLimitOfARegion(t *testing.T) {
	members := some(2)
	members[0].Region, members[1].Region = "home", "far"
	for _, tc := range []struct {
		part float64
		keep int
	}{{1, 1000}, {0.5, 500}, {0.1, 100}, {0, 0}} {
		v := NewView(Settings{Regions: []string{"home", "far"}}, members, nil)
		v.Limit("home", tc.part)
		got := counts(t, v, newRequest(), 1000, false)
		if d := got[0] - tc.keep; d < -80 || d > 80 {
			t.Errorf("limit %v: %d of 1000 stay", tc.part, got[0])
		}
	}
	alone := some(1)
	alone[0].Region = "home"
	v := NewView(Settings{Regions: []string{"home", "far"}}, alone, nil)
	v.Limit("home", 0)
	if got := counts(t, v, newRequest(), 10, false); got[0] != 10 {
		t.Errorf("%d of 10 are served where there is nowhere else", got[0])
	}
}
