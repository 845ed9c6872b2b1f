package balancer

import (
	"slices"
	"testing"
)

// joinRanked joins a waiter of a rank for each, 0 ms, 20 ms and so on after a second; it notes who is woken.
func joinRanked(q *Queue, v *View, ranks []float64, woken *[]int) (waiters []*Waiter, joined []bool) {
	for i, rank := range ranks {
		w := &Waiter{Rank: rank, Wake: func() { *woken = append(*woken, i) }}
		r := newRequest()
		r.Now = second + int64(i)*20e6
		waiters, joined = append(waiters, w), append(joined, q.Join(w, v, r))
	}
	return waiters, joined
}

func TestRank(t *testing.T) {
	for _, tc := range []struct {
		name        string
		less, great float64
	}{
		{"by priority", Rank(10, false), Rank(11, false)},
		{"spilled ones by priority, too", Rank(10, true), Rank(11, true)},
		{"our least before the greatest that was spilled to us", Rank(100, true), Rank(1, false)},
	} {
		if tc.less >= tc.great {
			t.Errorf("%s: %v is not less than %v", tc.name, tc.less, tc.great)
		}
	}
	if Rank(0, false) != Rank(1, false) || Rank(1000, false) != Rank(100, false) {
		t.Error("what is out of range is not brought into it")
	}
}

func TestAFullQueueMakesRoomForTheMoreImportant(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ranks []float64
		out   []int // displaced, in that order
		no    []int // not let in
	}{
		{"equals stay", []float64{50, 50, 50, 50}, nil, []int{3}},
		{"the less important are not let in", []float64{50, 50, 50, 40}, nil, []int{3}},
		{"the least important goes", []float64{50, 40, 60, 90}, []int{1}, nil},
		{"the oldest of such", []float64{50, 50, 60, 90, 90}, []int{0, 1}, nil},
		{"until all are as important", []float64{10, 10, 10, 90, 90, 90, 90}, []int{0, 1, 2}, []int{6}},
	} {
		v, m, _ := oneSlot(t)
		q := NewQueue(3)
		var woken []int
		waiters, joined := joinRanked(q, v, tc.ranks, &woken)
		if !slices.Equal(woken, tc.out) || q.Waiting() != 3 {
			t.Errorf("%s: %v were displaced and %d wait, want %v and 3", tc.name, woken, q.Waiting(), tc.out)
		}
		for i, w := range waiters {
			out := slices.Contains(tc.out, i)
			if w.Displaced() != out || joined[i] == slices.Contains(tc.no, i) {
				t.Errorf("%s: waiter %d: displaced %v, let in %v", tc.name, i, w.Displaced(), joined[i])
			}
			if out && q.Leave(w) != nil {
				t.Errorf("%s: a displaced waiter has a slot", tc.name)
			}
		}
		for range 3 {
			q.Release(m, v, 2*second)
		}
		if q.Waiting() != 0 || len(woken) != 3+len(tc.out) {
			t.Errorf("%s: %d wait at the end, %v were woken", tc.name, q.Waiting(), woken)
		}
	}
}

func TestWhoHoldsForHomeIsNotDisplaced(t *testing.T) {
	q := NewQueue(1)
	v, _, r := oneSlot(t)
	holder := &Waiter{Wake: func() {}, only: v.regions[0].place, queued: true}
	q.first, q.last = holder, holder
	q.total.Add(1)
	q.holding.Add(1)
	if !q.Join(&Waiter{Wake: func() {}, Rank: 1}, v, r) || q.Join(&Waiter{Wake: func() {}, Rank: 1}, v, r) {
		t.Error("want one place besides the one that is held")
	}
	if holder.Displaced() || !holder.queued {
		t.Error("who holds was displaced")
	}
}

func TestAStandingQueueServesTheMostImportantFirst(t *testing.T) {
	for _, tc := range []struct {
		name  string
		stand bool
		want  []int
	}{
		{"by age while it drains", false, []int{0, 1, 2, 3, 4}},
		{"by rank while it stands, the newest of equals", true, []int{3, 1, 4, 2, 0}},
	} {
		v, m, _ := oneSlot(t)
		q := NewQueue(10)
		var woken []int
		joinRanked(q, v, []float64{10, 90, 50, 90, 50}, &woken)
		now := second + int64(100e6)
		if tc.stand {
			q.standing.since = 1
		} else {
			q.standing.since = now
		}
		for range 5 {
			q.Release(m, v, now)
		}
		if !slices.Equal(woken, tc.want) {
			t.Errorf("%s: served %v, want %v", tc.name, woken, tc.want)
		}
	}
}

// A new view serves in the same order.
func TestServeFollowsTheRanks(t *testing.T) {
	v, _, r := oneSlot(t)
	q := NewQueue(10)
	var woken []int
	joinRanked(q, v, []float64{10, 90, 50}, &woken)
	q.standing.since = 1
	members := slices.Clone(v.members)
	members[0].MaxRequests = 3
	wider := NewView(Settings{}, members, v)
	r.Now = second + int64(200e6)
	q.Serve(wider, r)
	if !slices.Equal(woken, []int{1, 2}) {
		t.Errorf("served %v, want the two most important", woken)
	}
}
