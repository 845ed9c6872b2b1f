package balancer

import "slices"

// newestFirst decides from which end the waiters are looked at now. While all hold, it is the oldest first: who holds
// leaves when it has waited for too long, and would have waited in vain.
func (q *Queue) newestFirst(now int64) bool {
	if q.first == nil || q.Waiting() == 0 {
		return q.standing.look(0, now)
	}
	return q.standing.look(now-q.first.since, now)
}

func (q *Queue) end(newest bool) *Waiter {
	if newest {
		return q.last
	}
	return q.first
}

func (w *Waiter) after(newest bool) *Waiter {
	if newest {
		return w.prev
	}
	return w.next
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
	if w.only != nil {
		q.holding.Add(-1)
	}
	q.total.Add(-1)
	if q.first == nil {
		q.standing = standing{}
	}
}

func (w *Waiter) late(now int64) bool { return w.Deadline != 0 && now >= w.Deadline }

// likes reports whether two waiters may use the same.
func (w *Waiter) likes(other *Waiter) bool {
	return w.noSpill == other.noSpill && w.only == other.only && w.within == other.within && (w.allowed == nil) == (other.allowed == nil) &&
		slices.Equal(w.allowed, other.allowed)
}

// usesAll reports that nobody may use more than w.
func (w *Waiter) usesAll() bool {
	return w.allowed == nil && !w.noSpill && w.only == nil && w.within == ""
}

// mayUse reports whether w may have a slot of m; more is how many have to be added to what is counted, one unless
// the slot is.
func (w *Waiter) mayUse(m *Member, v *View, more int64) bool {
	g := m.region
	r := Request{Allowed: w.allowed, NoSpill: w.noSpill, only: w.only, within: w.within}
	if !g.permits(&r) {
		return false
	}
	inflight := g.place.inflight() + more
	switch {
	case w.only != nil:
		return inflight <= g.brim.Load()
	case w.noSpill && g.hard:
		return inflight <= g.reserved.Load()
	}
	return m.Available || !v.opensFor(&r)
}

// opensFor reports whether somebody is available whom r may use.
func (v *View) opensFor(r *Request) bool {
	for _, g := range v.regions {
		if g.open && g.permits(r) {
			return true
		}
	}
	return false
}
