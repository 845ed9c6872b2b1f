package balancer

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// oneSlot is a pool of one member with one slot, which is taken.
func oneSlot(t *testing.T) (*View, *Member, *Request) {
	t.Helper()
	members := some(1)
	members[0].MaxRequests = 1
	v := NewView(Settings{}, members, nil)
	r := newRequest()
	m, _ := v.Pick(r)
	if _, o := v.Pick(r); o != Full {
		t.Fatalf("outcome %v, want full", o)
	}
	return v, m, r
}

// inLine joins n waiters, which note their number when woken.
func inLine(t *testing.T, q *Queue, v *View, r *Request, n int, woken *[]int) []*Waiter {
	t.Helper()
	waiters := make([]*Waiter, n)
	for i := range waiters {
		waiters[i] = &Waiter{Wake: func() { *woken = append(*woken, i) }}
		if !q.Join(waiters[i], v, r) {
			t.Fatalf("waiter %d could not join", i)
		}
	}
	return waiters
}

func TestQueueServesTheOldestFirst(t *testing.T) {
	v, m, r := oneSlot(t)
	q := NewQueue(10)
	var woken []int
	waiters := inLine(t, q, v, r, 3, &woken)
	for i := range waiters {
		q.Release(m, v, second)
		if waiters[i].Taken() != &v.members[0] || q.Waiting() != 2-i || m.Backend.Inflight() != 1 {
			t.Fatalf("release %d: given %v, %d waiting, %d in flight", i, waiters[i].Taken(), q.Waiting(), m.Backend.Inflight())
		}
	}
	q.Release(m, v, second)
	if !slices.Equal(woken, []int{0, 1, 2}) || m.Backend.Inflight() != 0 {
		t.Errorf("woken %v, %d in flight at the end", woken, m.Backend.Inflight())
	}
}

func TestQueueIsBounded(t *testing.T) {
	v, _, r := oneSlot(t)
	for _, size := range []int{0, 1, 3} {
		q := NewQueue(size)
		var woken []int
		waiters := inLine(t, q, v, r, size, &woken)
		if q.Join(&Waiter{}, v, r) {
			t.Errorf("size %d: one more joined", size)
		}
		q.Resize(size + 1)
		if !q.Join(&Waiter{}, v, r) {
			t.Errorf("size %d: no more room after Resize", size)
		}
		if size > 0 {
			q.Leave(waiters[0])
			q.Resize(size)
			if q.Join(&Waiter{}, v, r) {
				t.Errorf("size %d: joined beyond the size it was set back to", size)
			}
		}
	}
}

func TestQueueLosesWhoLeaves(t *testing.T) {
	for leaver := range 3 {
		v, m, r := oneSlot(t)
		q := NewQueue(10)
		var woken []int
		waiters := inLine(t, q, v, r, 3, &woken)
		if m := q.Leave(waiters[leaver]); m != nil {
			t.Fatalf("was given %v by nobody", m)
		}
		if m := q.Leave(waiters[leaver]); m != nil || q.Waiting() != 2 {
			t.Fatal("leaving twice is not leaving once")
		}
		if !q.Join(waiters[leaver], v, r) { // and queues again, behind the others
			t.Fatal("could not join again")
		}
		for range 3 {
			q.Release(m, v, second)
		}
		want := append(slices.DeleteFunc([]int{0, 1, 2}, func(i int) bool { return i == leaver }), leaver)
		if !slices.Equal(woken, want) {
			t.Errorf("woken %v, want %v", woken, want)
		}
	}
}

func TestWhoWasGivenASlotKeepsItWhenLeaving(t *testing.T) {
	v, m, r := oneSlot(t)
	q := NewQueue(1)
	var woken []int
	w := inLine(t, q, v, r, 1, &woken)[0]
	q.Release(m, v, second)
	if got := q.Leave(w); got == nil || got.Backend != m.Backend || m.Backend.Inflight() != 1 {
		t.Errorf("left with %v, %d in flight", got, m.Backend.Inflight())
	}
}

// A slot that came free between the pick that failed and the joining must not be waited for.
func TestJoinSeesASlotThatCameFreeBefore(t *testing.T) {
	v, m, r := oneSlot(t)
	q := NewQueue(2)
	q.Release(m, v, second)
	w := &Waiter{Wake: func() { t.Error("woken by itself") }}
	if !q.Join(w, v, r) || w.Taken() == nil || q.Waiting() != 0 {
		t.Errorf("given %v, %d waiting", w.Taken(), q.Waiting())
	}
}

func TestReleaseHandsOnOnlyWhatIsStillOfUse(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(m *Member)
		handed bool
	}{
		{"as it was", func(*Member) {}, true},
		{"now down", func(m *Member) { m.Available = false }, false},
		{"now without weight", func(m *Member) { m.Weight = 0 }, false},
		{"now with a lower limit", func(m *Member) { m.MaxRequests = 2 }, false},
		{"now with a higher limit", func(m *Member) { m.MaxRequests = 9 }, true},
		{"now without a limit", func(m *Member) { m.MaxRequests = 0 }, true},
		{"now another of its name", func(m *Member) { m.Backend = NewBackend(m.Backend.ID()) }, false},
		{"gone", func(m *Member) { m.Backend = NewBackend("another") }, false},
	} {
		members := some(2) // the second keeps the view from panic and has no room
		members[0].MaxRequests, members[1].MaxRequests = 3, 1
		members[1].Backend.acquire(0)
		old := NewView(Settings{}, members, nil)
		r := newRequest()
		var m *Member
		for range 3 {
			m, _ = old.Pick(r)
		}
		q := NewQueue(5)
		var woken []int
		w := inLine(t, q, old, r, 1, &woken)[0]
		tc.change(&members[0])
		now := NewView(Settings{}, members, old)
		q.Release(m, now, second)
		if handed := w.Taken() != nil; handed != tc.handed {
			t.Errorf("%s: handed on %v, want %v", tc.name, handed, tc.handed)
		}
		if want := map[bool]int64{true: 3, false: 2}[tc.handed]; m.Backend.Inflight() != want {
			t.Errorf("%s: %d in flight, want %d", tc.name, m.Backend.Inflight(), want)
		}
		if tc.handed && w.Taken() != &now.members[0] {
			t.Errorf("%s: given a member of the old view", tc.name)
		}
	}
}

func TestServeFillsTheRoomOfANewView(t *testing.T) {
	v, _, r := oneSlot(t)
	q := NewQueue(10)
	var woken []int
	inLine(t, q, v, r, 5, &woken)
	members := slices.Clone(v.Members())
	members[0].MaxRequests = 4
	q.Serve(NewView(Settings{}, members, v), r)
	if !slices.Equal(woken, []int{0, 1, 2}) || q.Waiting() != 2 || members[0].Backend.Inflight() != 4 {
		t.Errorf("woken %v, %d waiting, %d in flight", woken, q.Waiting(), members[0].Backend.Inflight())
	}
}

// Requests arrive, wait, give up and end on many goroutines. Each ends up with one slot or none, nobody is over the
// limit, and no waiter is forgotten: those who never give up are all served, though nobody looks after them.
func TestQueueUnderConcurrency(t *testing.T) {
	const goroutines, rounds, slots = 16, 400, 3
	members := some(1)
	members[0].MaxRequests = slots
	v := NewView(Settings{}, members, nil)
	q := NewQueue(goroutines)
	var running, over, served, gaveUp atomic.Int64
	var all sync.WaitGroup
	for g := range goroutines {
		patient := g%2 == 0
		all.Go(func() {
			r := &Request{Now: second, Rand: NewRand(uint64(g))}
			woken := make(chan struct{}, 1)
			w := &Waiter{Wake: func() {
				select {
				case woken <- struct{}{}:
				default:
				}
			}}
			for range rounds {
				var m *Member
				if q.Waiting() == 0 {
					m, _ = v.Pick(r)
				}
				if m == nil {
					if !q.Join(w, v, r) {
						t.Error("no room in a queue for all")
						return
					}
					if patient {
						for w.Taken() == nil {
							<-woken
						}
						m = w.Taken()
					} else {
						runtime.Gosched()
						m = q.Leave(w)
					}
				}
				if m == nil {
					gaveUp.Add(1)
					continue
				}
				if running.Add(1) > slots {
					over.Add(1)
				}
				runtime.Gosched()
				running.Add(-1)
				served.Add(1)
				q.Release(m, v, second)
			}
		})
	}
	all.Wait()
	if over.Load() > 0 {
		t.Errorf("over the limit %d times", over.Load())
	}
	if q.Waiting() != 0 || members[0].Backend.Inflight() != 0 {
		t.Errorf("at the end %d wait and %d are in flight", q.Waiting(), members[0].Backend.Inflight())
	}
	if served.Load()+gaveUp.Load() != goroutines*rounds || served.Load() < goroutines/2*rounds {
		t.Errorf("%d served, %d gave up", served.Load(), gaveUp.Load())
	}
}
