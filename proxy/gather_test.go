package proxy

import (
	"testing"
	"time"

	"spillway/internal/loop"
)

// count bumps the counters of all workers as an exchange of latency would.
func count(s *Server, latency time.Duration) {
	p := s.pools["a"]
	p.mu.Lock()
	b := p.backends["127.0.0.1:1"]
	p.mu.Unlock()
	s.group.Each(time.Minute, func(l *loop.Loop) {
		w := s.workers[l.Index()]
		w.backendStats(b).answered(200, int64(latency))
		w.backendStats(b).errors++
		w.poolStats(p).retries++
		for _, ln := range s.listeners {
			ln.stats[w.index].requests[2]++
		}
		s.routes["/"][w.index].requests[2]++
	})
}

func TestGatherAddsUpAllLoops(t *testing.T) {
	s := newServer(t, twoRegions, 3)
	for range 4 {
		count(s, time.Millisecond)
	}
	m := s.Gather()
	b := &m.Pools[0].Regions[0].Backends[0]
	if b.Requests != (Classes{2: 12}) || b.Errors != 12 || b.Latency.Count() != 12 || m.Pools[0].Retries != 12 ||
		m.Listeners[0].Requests != (Classes{2: 12}) || m.Loops != 3 {
		t.Errorf("%+v", m)
	}
	if other := &m.Pools[1].Regions[0].Backends[0]; other.Address != b.Address || other.Requests != (Classes{}) {
		t.Errorf("the same address in another pool: %+v", other)
	}
	for _, r := range m.Routes {
		if want := (Classes{2: 12}); r.Name == "/" && r.Requests != want {
			t.Errorf("route %s: %v, want %v", r.Name, r.Requests, want)
		}
	}
	if len(m.Routes) != 2 {
		t.Errorf("%d routes", len(m.Routes))
	}
}

// Counters that fall look like a restart to those who read them.
func TestAStalledLoopDoesNotMakeCountersFall(t *testing.T) {
	s := newServer(t, twoRegions, 2)
	count(s, time.Millisecond)
	before := s.Gather().Pools[0].Retries
	stalled, release := make(chan struct{}), make(chan struct{})
	s.workers[1].loop.Post(func() {
		close(stalled)
		<-release
	})
	<-stalled
	during := s.Gather().Pools[0].Retries
	close(release)
	count(s, time.Millisecond)
	if after := s.Gather().Pools[0].Retries; before != 2 || during != 2 || after != 4 {
		t.Errorf("%d before, %d while a loop stands still, %d after; want 2, 2, 4", before, during, after)
	}
}

func TestLatenciesAreOfTheRecentPast(t *testing.T) {
	s := newServer(t, twoRegions, 2)
	p50 := func() float64 { return s.Status().Pools[0].Regions[0].Backends[0].P50 }
	about := func(when string, got, want float64) {
		t.Helper()
		if got < 0.75*want || got > 1.25*want {
			t.Errorf("%s the median is %v ms, want about %v", when, got, want)
		}
	}
	// passes lets the time pass after which the recent past moves on.
	passes := func() {
		s.gathered.mu.Lock()
		s.gathered.newerAt -= int64(recentFor)
		s.gathered.mu.Unlock()
		s.Remember()
	}
	for range 100 {
		count(s, 100*time.Millisecond)
	}
	about("at first", p50(), 100)
	s.Remember()
	about("since the start", p50(), 100)
	passes()
	for range 10 {
		count(s, 10*time.Millisecond)
	}
	s.Remember() // too early to change anything
	about("lately", p50(), 10)
	passes()
	about("a moment later", p50(), 10)
	passes()
	if got := p50(); got != 0 {
		t.Errorf("after a silence the median is %v ms", got)
	}
	if n := s.Status().Pools[0].Regions[0].Backends[0].Requests; n != 2*220 {
		t.Errorf("%d requests in all, want %d", n, 2*220)
	}
}
