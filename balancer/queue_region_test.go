package balancer

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// fullRegions is a pool with one slot in each region, all taken.
func fullRegions(t *testing.T, s Settings, regions ...string) (*View, map[string]*Member) {
	t.Helper()
	s.Regions = regions
	v := NewView(s, regional(1, 1, regions...), nil)
	taken := map[string]*Member{}
	for range regions {
		m, o := v.Pick(newRequest())
		if m == nil {
			t.Fatal(o)
		}
		taken[m.Region] = m
	}
	return v, taken
}

func TestAWaiterGetsOnlyWhatItMayUse(t *testing.T) {
	for _, tc := range []struct {
		name    string
		request Request
		freed   string
		served  bool
	}{
		{"anything", Request{}, "us", true},
		{"its region", Request{Allowed: []string{"us"}}, "us", true},
		{"another region", Request{Allowed: []string{"eu", "ap"}}, "us", false},
		{"nothing is allowed", Request{Allowed: []string{}}, "eu", false},
		{"spilled to us, elsewhere", Request{NoSpill: true}, "us", false},
		{"a retry that may not leave its region", Request{From: "eu", Cross: NewRetryBudget(0, 0)}, "us", false},
		{"a retry that may not leave its region, there", Request{From: "us", Cross: NewRetryBudget(0, 0)}, "us", true},
	} {
		v, taken := fullRegions(t, Settings{}, "eu", "us", "ap")
		q := NewQueue(5)
		tc.request.Now, tc.request.Rand = second, NewRand(1)
		picky := &Waiter{Wake: func() {}}
		if !q.Join(picky, v, &tc.request) {
			t.Fatal(tc.name)
		}
		q.Release(taken[tc.freed], v, second)
		if got := picky.Taken() != nil; got != tc.served {
			t.Errorf("%s: served %v", tc.name, got)
		}
		if tc.served {
			continue
		}
		// Who may use it is served past the one who may not, by Join, by Release and by Serve alike.
		easy := &Waiter{Wake: func() {}}
		if !q.Join(easy, v, newRequest()) || easy.Taken() == nil {
			t.Errorf("%s: a slot is free and nobody gets it", tc.name)
		}
		if q.Serve(v, newRequest()); picky.Taken() != nil {
			t.Errorf("%s: served with what it may not use", tc.name)
		}
		if n := q.Waiting(); n != 1 {
			t.Errorf("%s: %d wait", tc.name, n)
		}
	}
}

func TestSpilledRequestsWaitForMoreThanTheReserve(t *testing.T) {
	members := regional(1, 10, "eu")
	v := NewView(Settings{Regions: []string{"eu"}, Reserve: 0.2}, members, nil)
	_, _, taken := fillUp(t, v, newRequest(), 10)
	q := NewQueue(5)
	r := newRequest()
	r.NoSpill = true
	w := &Waiter{Wake: func() {}}
	q.Join(w, v, r)
	for i, m := range taken {
		if q.Release(m, v, second); (w.Taken() != nil) != (i >= 2) {
			t.Fatalf("after %d were released: %v", i+1, w.Taken())
		}
	}
}

func TestAWaiterInPanicGetsWhatItMayUse(t *testing.T) {
	members := regional(1, 1, "eu", "us")
	members[0].Available = false
	v := NewView(Settings{Regions: []string{"eu", "us"}}, members, nil)
	r := newRequest()
	r.Allowed = []string{"eu"}
	m, o := v.Pick(r)
	if o != PickedInPanic {
		t.Fatal(o)
	}
	q := NewQueue(5)
	anyone, local := &Waiter{Wake: func() {}}, &Waiter{Wake: func() {}}
	other := newRequest()
	v.Pick(other)
	q.Join(anyone, v, other)
	q.Join(local, v, r)
	q.Release(m, v, second)
	if anyone.Taken() != nil || local.Taken() == nil {
		t.Error("the slot of an unavailable backend is for those who have nobody else")
	}
}

func TestAHolderGetsTheFirstSlotAtHome(t *testing.T) {
	for _, tc := range []struct {
		name   string
		over   int // slots taken at home beyond its brim
		free   string
		served bool
	}{
		{"at home", 0, "eu", true},
		{"elsewhere", 0, "us", false},
		{"at home, but that is over its brim", 1, "eu", false},
	} {
		members := regional(1, 4, "eu", "us")
		v := NewView(Settings{Regions: []string{"eu", "us"}, FullAt: 0.5, Hold: 2, RTT: []int64{0, 80e6}}, members, nil)
		r := newRequest()
		taken := map[string]*Member{}
		for range 2 + tc.over {
			v.members[0].Acquire()
		}
		v.members[1].Acquire()
		taken["eu"], taken["us"] = &v.members[0], &v.members[1]
		v.Tick(r.Now)
		v.regions[0].place.flow.pace.Store(1e6)
		if _, o := v.Pick(r); o != Hold || r.Patience != 80e6 {
			t.Fatalf("%s: %v for %d", tc.name, o, r.Patience)
		}
		q := NewQueue(0)
		w := &Waiter{Wake: func() {}}
		if !q.Hold(w, v, r) || w.Taken() != nil || q.Holding() != 1 || q.Waiting() != 0 {
			t.Fatalf("%s: %v, %d hold, %d wait", tc.name, w.Taken(), q.Holding(), q.Waiting())
		}
		q.Release(taken[tc.free], v, second)
		if got := w.Taken() != nil; got != tc.served {
			t.Errorf("%s: served %v", tc.name, got)
		}
		if q.Leave(w); q.Holding() != 0 {
			t.Errorf("%s: %d hold at the end", tc.name, q.Holding())
		}
	}
}

func TestHoldingIsBounded(t *testing.T) {
	v := NewView(Settings{Regions: []string{"eu", "us"}, Hold: 2, RTT: []int64{0, 80e6}}, regional(1, 1, "eu", "us"), nil)
	q := NewQueue(10)
	r := newRequest()
	v.Pick(r)
	v.regions[0].place.flow.pace.Store(1e6)
	v.regions[0].place.flow.spare.Store(0) // it is full all the time
	for i := range 3 {
		if _, o := v.Pick(r); o != Hold {
			t.Fatalf("pick %d: %v", i, o)
		}
		if got := q.Hold(&Waiter{Wake: func() {}}, v, r); got != (i < 2) {
			t.Errorf("holder %d: %v", i, got)
		}
	}
	r.Holding = q.Holding()
	if m, o := v.Pick(r); o != Picked || m.Region != "us" || r.Reason != SpillFull {
		t.Errorf("with all places taken: %v, %v", o, r.Reason)
	}
}

func TestJoinLeavesTheRequestAsItWas(t *testing.T) {
	v, _ := fullRegions(t, Settings{}, "eu", "us")
	q := NewQueue(5)
	r := newRequest()
	r.Allowed = []string{"eu"}
	q.Join(&Waiter{Wake: func() {}}, v, newRequest())
	q.Join(&Waiter{Wake: func() {}}, v, r)
	if !slices.Equal(r.Allowed, []string{"eu"}) || r.NoHold || r.only != nil {
		t.Errorf("%+v", r)
	}
}

// Requests of all kinds come, hold, wait, give up and end on many goroutines. Nobody is served where it may not be,
// nobody is over a limit, and nobody who waits patiently is forgotten.
func TestMixedWaitersUnderConcurrency(t *testing.T) {
	const goroutines, rounds, slots = 12, 300, 2
	v := NewView(Settings{Regions: []string{"eu", "us"}, Hold: 3, RTT: []int64{0, 80e6}, Reserve: 0.5}, regional(2, slots, "eu", "us"), nil)
	q := NewQueue(goroutines)
	var running [4]atomic.Int64
	var strayed, over atomic.Int64
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			r := &Request{Now: second, Rand: NewRand(uint64(g))}
			switch g % 4 {
			case 1:
				r.Allowed = []string{"us"}
			case 2:
				r.NoSpill = true
			}
			woken := make(chan struct{}, 1)
			w := &Waiter{Wake: func() {
				select {
				case woken <- struct{}{}:
				default:
				}
			}}
			for i := range rounds {
				v.regions[0].place.flow.pace.Store(1e6)
				r.Holding, r.NoHold = q.Holding(), i%3 == 0
				m, o := v.Pick(r)
				switch {
				case o == Hold && q.Hold(w, v, r):
					runtime.Gosched()
					m = q.Leave(w)
				case m == nil && o != Hold && q.Join(w, v, r):
					for m = w.Taken(); m == nil; m = w.Taken() {
						<-woken
					}
				}
				if m == nil {
					continue
				}
				if r.Allowed != nil && m.Region != "us" || r.NoSpill && m.Region != "eu" {
					strayed.Add(1)
				}
				if running[m.Index].Add(1) > slots {
					over.Add(1)
				}
				runtime.Gosched()
				running[m.Index].Add(-1)
				q.Release(m, v, second)
			}
		})
	}
	all.Wait()
	if strayed.Load() > 0 || over.Load() > 0 {
		t.Errorf("%d strayed, %d times over the limit", strayed.Load(), over.Load())
	}
	if q.Waiting() != 0 || q.Holding() != 0 || snapshotOf(v) != "0 0 0 0 0 0 " {
		t.Errorf("at the end %d wait, %d hold, in flight %s", q.Waiting(), q.Holding(), snapshotOf(v))
	}
}
