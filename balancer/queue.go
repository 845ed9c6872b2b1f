package balancer

import (
	"sync"
	"sync/atomic"
)

// Queue holds the requests that wait: because everyone in reach is full (Join), or for a moment because home is
// (Hold). A slot that comes free is handed to one that may use it: it is never free in between, so nobody who
// came later can take it. That is the oldest, as long as the queue drains; while it stands (see standing) it is
// the most important, and of equals the newest, since the oldest will hardly be served in time whatever is done. A full
// queue displaces somebody less important for one who joins. All loops share a queue. It has a lock, which Release
// and Serve leave alone while nobody waits.
//
// A request that finds Waiting() above zero should join rather than pick, or it overtakes those who wait.
type Queue struct {
	total   atomic.Int64 // waiting and holding
	holding atomic.Int64
	_       [112]byte

	mu          sync.Mutex
	size        int64
	standing    standing
	first, last *Waiter
}

// Waiter is a place in a Queue. It belongs to the caller, who may use it again after Leave or after taking the
// member from Taken; in between it belongs to the queue.
type Waiter struct {
	// Wake is called once a member is there to be taken, on the goroutine of whoever gave it and with no lock
	// held. It must not block. It is set before the first Join and not changed. Since it may still be on its way
	// when Leave returns, a call of it only means that Taken is worth a look.
	Wake func()
	// Deadline is when a slot is of no use any more; 0: never. It is set before Join or Hold. The waiter still has
	// to Leave.
	Deadline int64
	// Rank is how important the request is, see [Rank]. It is set before Join.
	Rank float64

	taken     atomic.Pointer[Member]
	displaced atomic.Bool

	// All that follows under the queue's lock.
	queued     bool
	since      int64
	allowed    []string
	noSpill    bool
	only       *place // it holds for a slot there; nil: it waits for any
	within     string // it is a retry that may not leave the region; empty: it may
	next, prev *Waiter
}

// Taken is the member whose slot the waiter was given, or nil.
func (w *Waiter) Taken() *Member { return w.taken.Load() }

// Displaced reports whether the waiter had to make room for somebody more important. It is not in the queue any more and
// gets no slot; it was woken.
func (w *Waiter) Displaced() bool { return w.displaced.Load() }

// NewQueue makes a queue for at most size requests, besides those that hold.
func NewQueue(size int) *Queue { return &Queue{size: int64(size)} }

// Resize changes how many may wait from now on; those who do stay.
func (q *Queue) Resize(size int) {
	q.mu.Lock()
	q.size = int64(size)
	q.mu.Unlock()
}

// Waiting is the number of requests that wait because everyone is full.
func (q *Queue) Waiting() int { return int(max(0, q.total.Load()-q.holding.Load())) }

// Holding is the number of requests that wait for home.
func (q *Queue) Holding() int { return int(q.holding.Load()) }

// Join puts w at the end and reports true, unless the queue is full of what is as important. Since a slot may have come free between the
// pick that failed and the joining, it then serves the queue from v by r: look at Taken before parking. If w itself
// was served, Wake is not called; an older waiter may get what r picked, and finds out whether it can use it.
func (q *Queue) Join(w *Waiter, v *View, r *Request) bool { return q.join(w, v, r, nil) }

// Hold is Join after a pick of r in v that said Hold: w waits for a slot in the nearest region and no other. It
// reports false if all places are taken. The wait should end after r.Patience, with a pick that has NoHold.
func (q *Queue) Hold(w *Waiter, v *View, r *Request) bool { return q.join(w, v, r, r.held) }

func (q *Queue) join(w *Waiter, v *View, r *Request, only *place) bool {
	q.mu.Lock()
	var displaced *Waiter
	switch {
	case only != nil && q.Holding() >= only.holdPlaces(v.hold, r.Patience):
		q.mu.Unlock()
		return false
	case only == nil && int64(q.Waiting()) >= q.size:
		if displaced = q.spares(w.Rank); displaced == nil {
			q.mu.Unlock()
			return false
		}
		q.remove(displaced)
		displaced.displaced.Store(true)
	}
	w.taken.Store(nil)
	w.displaced.Store(false)
	w.since, w.allowed, w.noSpill, w.only, w.within = r.Now, r.Allowed, r.NoSpill, only, ""
	if r.Cross != nil {
		w.within = r.From
	}
	w.queued, w.prev, w.next = true, q.last, nil
	if q.last != nil {
		q.last.next = w
	} else {
		q.first = w
	}
	q.last = w
	if only != nil {
		q.holding.Add(1)
	}
	q.total.Add(1)
	q.mu.Unlock()
	if displaced != nil {
		displaced.Wake()
	}
	q.serve(v, r, w)
	return true
}

// Leave ends the wait of w, as on a timeout. It returns the member w was given before it could leave, whose slot the
// caller then holds and must use or release; or nil.
func (q *Queue) Leave(w *Waiter) *Member {
	q.mu.Lock()
	if w.queued {
		q.remove(w)
	}
	q.mu.Unlock()
	return w.Taken()
}

// Release gives back the slot of m and hands it to a waiter, if m is still of use in v (the view now in force; m
// may be of an older one) and there is one who may use it.
func (q *Queue) Release(m *Member, v *View, now int64) {
	if q.total.Load() > 0 {
		next := v.ByHash(m.Backend.hash)
		if next.takes(m.Backend) && (next.MaxRequests <= 0 || m.Backend.Inflight() <= next.MaxRequests) {
			if q.handOver(m, next, v, now) {
				return
			}
		}
	}
	m.Release()
	// Someone may have joined before the release and not have seen it: see Join. Either they or we do.
	if q.total.Load() > 0 {
		if next := v.ByHash(m.Backend.hash); next.takes(m.Backend) {
			q.hand(next, v, now, false)
		}
	}
}

// handOver hands on the slot of m as one of next, the same backend, which may have come to another region.
func (q *Queue) handOver(m, next *Member, v *View, now int64) bool {
	if m.region != nil && m.region.place == next.region.place {
		next.region.place.passOn()
		return q.hand(next, v, now, true)
	}
	next.region.place.acquire(unlimited)
	if !q.hand(next, v, now, true) {
		next.region.place.release()
		return false
	}
	if m.region != nil {
		m.region.place.release()
	}
	return true
}

// takes reports whether m, which may be nil, is a member that new requests for b go to.
func (m *Member) takes(b *Backend) bool {
	return m != nil && m.Backend == b && m.region != nil && m.usable
}

// Serve hands out what room v has until nobody waits or all is full. To be called when a new view came into force;
// r is for its Now and Rand.
func (q *Queue) Serve(v *View, r *Request) { q.serve(v, r, nil) }

func (q *Queue) serve(v *View, r *Request, self *Waiter) {
	if q.total.Load() == 0 {
		return
	}
	was := *r
	r.NoHold, r.Cross, r.AvoidRegion = true, nil, ""
	for q.total.Load() > 0 {
		q.mu.Lock()
		w, m := q.servable(v, r)
		if w == nil {
			q.mu.Unlock()
			break
		}
		q.give(w, m, self)
	}
	*r = was
}

// servable finds a waiter and a member for it, its slot taken, by r within what the waiter may use.
func (q *Queue) servable(v *View, r *Request) (*Waiter, *Member) {
	var failed *Waiter
	newest := q.newestFirst(r.Now)
	if newest {
		if w := q.mostImportant(r.Now); w != nil {
			if m := w.pick(v, r); m != nil {
				return w, m
			}
			failed = w
		}
	}
	for w := q.end(newest); w != nil; w = w.after(newest) {
		if failed != nil && failed.usesAll() {
			break // nobody may use more than this one
		}
		if w.late(r.Now) || failed != nil && w.likes(failed) {
			continue
		}
		if m := w.pick(v, r); m != nil {
			return w, m
		}
		failed = w
	}
	return nil, nil
}

// pick picks for the waiter by r.
func (w *Waiter) pick(v *View, r *Request) *Member {
	r.Allowed, r.NoSpill, r.only, r.within = w.allowed, w.noSpill, w.only, w.within
	m, _ := v.Pick(r)
	return m
}

// hand gives a slot of m to a waiter that may use it, and wakes it; false when there is none. The slot is taken, and
// else is only if there is a waiter for it and room.
func (q *Queue) hand(m *Member, v *View, now int64, taken bool) bool {
	more := int64(1)
	if taken {
		more = 0
	}
	q.mu.Lock()
	w := q.nextFor(m, v, now, more)
	if w == nil || !taken && !m.Acquire() {
		q.mu.Unlock()
		return false
	}
	q.give(w, m, nil)
	return true
}

// give ends the wait of w with m. It is called with the lock and returns without.
func (q *Queue) give(w *Waiter, m *Member, self *Waiter) {
	q.remove(w)
	w.taken.Store(m)
	wake := w.Wake
	q.mu.Unlock()
	if w != self {
		wake()
	}
}
