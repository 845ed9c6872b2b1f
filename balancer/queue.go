package balancer

import (
	"sync"
	"sync/atomic"
)

// Queue holds the requests that wait because everyone in reach is full, oldest first. A slot that comes free is
// handed to the oldest: it is never free in between, so nobody who came later can take it. All loops share a
// queue. It has a lock, which Release and Serve leave alone while nobody waits.
//
// A request that finds Waiting() above zero should join rather than pick, or it overtakes those who wait.
type Queue struct {
	waiting atomic.Int64
	_       [120]byte

	mu          sync.Mutex
	size        int64
	first, last *Waiter
}

// Waiter is a place in a Queue. It belongs to the caller, who may use it again after Leave or after taking the
// member from Taken; in between it belongs to the queue.
type Waiter struct {
	// Wake is called once a member is there to be taken, on the goroutine of whoever gave it and with no lock
	// held. It must not block. It is set before the first Join and not changed. Since it may still be on its way
	// when Leave returns, a call of it only means that Taken is worth a look.
	Wake func()

	taken      atomic.Pointer[Member]
	queued     bool // these three under the queue's lock
	next, prev *Waiter
}

// Taken is the member whose slot the waiter was given, or nil.
func (w *Waiter) Taken() *Member { return w.taken.Load() }

// NewQueue makes a queue for at most size requests.
func NewQueue(size int) *Queue { return &Queue{size: int64(size)} }

// Resize changes how many may wait from now on; those who do stay.
func (q *Queue) Resize(size int) {
	q.mu.Lock()
	q.size = int64(size)
	q.mu.Unlock()
}

// Waiting is the number of requests that wait.
func (q *Queue) Waiting() int { return int(q.waiting.Load()) }

// Join puts w at the end and reports true, unless the queue is full. Since a slot may have come free between the
// pick that failed and the joining, it then serves the queue from v by r: look at Taken before parking. If w itself
// was served, Wake is not called; an older waiter may get what r picked, and finds out whether it can use it.
func (q *Queue) Join(w *Waiter, v *View, r *Request) bool {
	q.mu.Lock()
	if q.waiting.Load() >= q.size {
		q.mu.Unlock()
		return false
	}
	w.taken.Store(nil)
	w.queued, w.prev, w.next = true, q.last, nil
	if q.last != nil {
		q.last.next = w
	} else {
		q.first = w
	}
	q.last = w
	q.waiting.Add(1)
	q.mu.Unlock()
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

// Release gives back the slot of m and hands it to whoever has waited longest, if m is still of use in v (the
// view now in force; m may be of an older one).
func (q *Queue) Release(m *Member, v *View) {
	if q.Waiting() > 0 {
		now := v.ByHash(m.Backend.hash)
		if now.takes(m.Backend) && (now.MaxRequests <= 0 || m.Backend.Inflight() <= now.MaxRequests) && q.hand(now, nil) {
			return
		}
	}
	m.Backend.Release()
	// Someone may have joined before the release and not have seen it: see Join. Either they or we do.
	for q.Waiting() > 0 {
		now := v.ByHash(m.Backend.hash)
		if !now.takes(m.Backend) || !now.Backend.Acquire(now.MaxRequests) {
			return
		}
		if !q.hand(now, nil) {
			now.Backend.Release()
		}
	}
}

// takes reports whether m, which may be nil, is a member that new requests for b go to.
func (m *Member) takes(b *Backend) bool { return m != nil && m.Backend == b && m.usable }

// Serve hands out what room v has, picking by r, until nobody waits or all is full. To be called when a new view
// came into force. No Keyed, Tried or Affinity of r should be set.
func (q *Queue) Serve(v *View, r *Request) { q.serve(v, r, nil) }

func (q *Queue) serve(v *View, r *Request, self *Waiter) {
	for q.Waiting() > 0 {
		m, _ := v.Pick(r)
		if m == nil {
			return
		}
		if !q.hand(m, self) {
			m.Backend.Release()
		}
	}
}

// hand gives the slot of m to the oldest waiter and wakes it unless it is self; false when nobody waits.
func (q *Queue) hand(m *Member, self *Waiter) bool {
	q.mu.Lock()
	w := q.first
	if w == nil {
		q.mu.Unlock()
		return false
	}
	q.remove(w)
	w.taken.Store(m)
	wake := w.Wake
	q.mu.Unlock()
	if w != self {
		wake()
	}
	return true
}

func (q *Queue) remove(w *Waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.last = w.prev
	}
	w.queued, w.next, w.prev = false, nil, nil
	q.waiting.Add(-1)
}
