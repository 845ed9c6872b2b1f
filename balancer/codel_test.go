package balancer

import (
	"slices"
	"testing"
)

func TestWhenAQueueStands(t *testing.T) {
	const ms = 1_000_000
	for _, tc := range []struct {
		name  string
		waits []int64 // of the oldest, in ms, every 20 ms
		want  bool
	}{
		{"nobody waits", []int64{0, 0, 0}, false},
		{"short waits", []int64{5, 4, 5, 3, 5, 5, 5, 5}, false},
		{"long, but not for long", []int64{50, 60, 70, 80}, false},
		{"long for an interval", []int64{50, 50, 50, 50, 50, 50}, true},
		{"once short in between", []int64{50, 50, 50, 5, 50, 50, 50}, false},
		{"and short again", []int64{50, 50, 50, 50, 50, 50, 50, 4}, false},
	} {
		var s standing
		got := false
		for i, w := range tc.waits {
			got = s.look(w*ms, second+int64(i)*20*ms)
		}
		if got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// joinAt joins a waiter at a time; it notes its number when it is served.
func joinAt(t *testing.T, q *Queue, v *View, now int64, n int, served *[]int) *Waiter {
	t.Helper()
	w := &Waiter{Wake: func() { *served = append(*served, n) }}
	r := newRequest()
	r.Now = now
	if !q.Join(w, v, r) {
		t.Fatalf("waiter %d could not join", n)
	}
	return w
}

func TestAStandingQueueServesTheNewestFirst(t *testing.T) {
	const ms = 1_000_000
	v, m, _ := oneSlot(t)
	q := NewQueue(100)
	var served []int
	now := second
	joinAt(t, q, v, now, 0, &served)
	joinAt(t, q, v, now, 1, &served)
	for n := 2; n < 14; n++ { // one comes and one goes every 20 ms, while two wait: each waits for 40
		now += 20 * ms
		joinAt(t, q, v, now, n, &served)
		q.Release(m, v, now)
	}
	// The first look above the target is at 20 ms, so from 120 ms on the newest are served.
	if want := []int{0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13}; !slices.Equal(served, want) {
		t.Errorf("served %v, want %v", served, want)
	}
	for range 2 {
		now += 20 * ms
		q.Release(m, v, now)
	}
	if q.Waiting() != 0 {
		t.Fatal("somebody waits still")
	}
	served = nil
	joinAt(t, q, v, now, 20, &served) // once it was empty it is a queue as any
	joinAt(t, q, v, now, 21, &served)
	q.Release(m, v, now+30*ms)
	if !slices.Equal(served, []int{20}) {
		t.Errorf("served %v after the queue was empty", served)
	}
}

func TestNobodyIsServedAfterItsDeadline(t *testing.T) {
	v, m, _ := oneSlot(t)
	q := NewQueue(10)
	var served []int
	late := joinAt(t, q, v, second, 0, &served)
	late.Deadline = 2 * second
	joinAt(t, q, v, second, 1, &served)
	q.Release(m, v, 2*second)
	if !slices.Equal(served, []int{1}) || late.Taken() != nil {
		t.Errorf("served %v", served)
	}
	if q.Leave(late) != nil || q.Waiting() != 0 {
		t.Error("the late one could not leave")
	}
}

// With twice the load that fits and a second of patience, a queue that serves the oldest first answers everyone
// after almost a second or not at all; this one answers most of those it answers at once.
func TestAStandingQueueKeepsWaitsShort(t *testing.T) {
	members := some(1)
	members[0].MaxRequests = 10
	v := NewView(Settings{}, members, nil)
	q := NewQueue(10_000)
	s := simulate(t, v, nil)
	s.service = func(*Member) int64 { return 20e6 }
	s.queue = q
	var waits []int64
	gaveUp := 0
	var arrival func()
	arrival = func() {
		s.at(s.exponential(1e6), arrival) // 1000 a second, 500 fit
		began := s.now
		s.request = Request{Rand: s.dice, Now: s.now}
		if q.Waiting() == 0 {
			if m, _ := v.Pick(&s.request); m != nil {
				waits = append(waits, 0)
				s.serve(m, Home)
				return
			}
		}
		w := &Waiter{Deadline: began + second}
		w.Wake = func() {
			waits = append(waits, s.now-began)
			s.serve(w.Taken(), Queued)
		}
		if !q.Join(w, v, &s.request) {
			t.Fatal("no room")
		}
		s.at(second, func() {
			if w.Taken() == nil {
				gaveUp++
				q.Leave(w)
			}
		})
	}
	s.at(1, arrival)
	s.run(1e-3, 10*second)
	slices.Sort(waits)
	if median := waits[len(waits)/2]; median > 50e6 {
		t.Errorf("half of those served waited longer than %d ms", median/1e6)
	}
	if served := len(waits); served < 4900 || gaveUp == 0 {
		t.Errorf("%d served of 5000 that fit, %d gave up", served, gaveUp)
	}
}
