package balancer

// rankScan is how many waiters are compared at most. Whoever is more important than the others is served, or spares
// another, before it gets further from the end of a long queue than that.
const rankScan = 64

// Rank orders requests by importance: by a priority of 1 to 100, 100 for the most important, and all of our own before
// what another spillway has spilled to us.
func Rank(priority int, spilled bool) float64 {
	rank := float64(min(max(priority, 1), 100))
	if spilled {
		rank /= 101
	}
	return rank
}

// nextFor is the waiter that gets a slot of m: the oldest that may use it, or while the queue stands the most important
// of the newest, of equals the newest. For more see [Waiter.mayUse].
func (q *Queue) nextFor(m *Member, v *View, now, more int64) (best *Waiter) {
	newest := q.newestFirst(now)
	seen := 0
	for w := q.end(newest); w != nil; w = w.after(newest) {
		if seen++; best != nil && (!newest || seen > rankScan) {
			break
		}
		if w.late(now) || best != nil && w.Rank <= best.Rank || !w.mayUse(m, v, more) {
			continue
		}
		best = w
	}
	return best
}

// mostImportant is who is served first while the queue stands, if it can be.
func (q *Queue) mostImportant(now int64) (best *Waiter) {
	w := q.last
	for i := 0; w != nil && i < rankScan; i, w = i+1, w.prev {
		if !w.late(now) && (best == nil || w.Rank > best.Rank) {
			best = w
		}
	}
	return best
}

// spares is the least important of the oldest that wait for any slot, of equals the oldest, if it is less important than
// rank; else nil. It has waited for the longest in vain.
func (q *Queue) spares(rank float64) (least *Waiter) {
	w := q.first
	for i := 0; w != nil && i < rankScan; i, w = i+1, w.next {
		if w.only == nil && w.Rank < rank {
			least, rank = w, w.Rank
		}
	}
	return least
}
