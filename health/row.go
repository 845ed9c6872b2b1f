package health

import "time"

// row counts events of one kind in a row, and when the last ones were.
type row struct {
	what  string // an event, in words
	last  string // how the last one went, in words
	count int
	at    []int64 // ring of their times
}

// add counts an event. It reports whether the last need ones came in a row and within the window.
func (r *row) add(now int64, last string, need int, window time.Duration) bool {
	if len(r.at) != need {
		r.at, r.count = make([]int64, need), 0
	}
	r.last = last
	r.at[r.count%need] = now
	r.count++
	oldest := r.at[r.count%need]
	return r.count >= need && (window <= 0 || now-oldest <= int64(window))
}

// resize forgets the events where another number of them now decides.
func (r *row) resize(need int) {
	if len(r.at) != need {
		r.at, r.count = nil, 0
	}
}

// String says how many there were and how the last one went.
func (r *row) String() string { return inARow(r.count, r.what) + ": " + r.last }
