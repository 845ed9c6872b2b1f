package tlsconn

import (
	"time"

	"spillway/internal/loop"
)

const (
	// defaultConcurrent is how many handshakes of a loop may be under way: each
	// has a task and some 30 KiB.
	defaultConcurrent = 1024
	// leastShare is the time a turn of the loop has for handshakes at least.
	// One step of a full handshake takes about that long.
	leastShare = int64(300 * time.Microsecond)
)

// Handshakes keeps the handshakes of one loop from delaying what else the loop
// has to do. At most Max are under way; the others wait their turn, first come,
// first served. Those under way proceed by steps, from one arrival of input to the
// next: a turn of the loop has time for few steps, and the steps that find it used up
// wait for the next turn, in order, too. It belongs to its loop.
type Handshakes struct {
	// Max is how many may be under way at once.
	Max int

	loop    *loop.Loop
	running int
	waiting queue // for a place
	steps   queue // for time
	share   int64 // nanoseconds that this turn has for steps
	spent   int64 // what they have taken of it
	began   int64 // when the step that runs began
	total   int64 // nanoseconds that all steps have taken
}

func (h *Handshakes) init(l *loop.Loop) {
	h.loop = l
	h.Max = defaultConcurrent
	h.share = leastShare
	l.Post(func() { l.AtEndOfTurn(h.endTurn) })
}

// Running is how many handshakes are under way.
func (h *Handshakes) Running() int { return h.running }

// Waiting is how many handshakes have not begun, for want of a place.
func (h *Handshakes) Waiting() int { return h.waiting.length }

// Spent is how many nanoseconds of the loop's time handshakes have taken.
func (h *Handshakes) Spent() int64 { return h.total }

// Acquire waits for a place, until deadline (0: none), which gives
// [loop.ErrTimeout]. With no error the place is the caller's to Release.
func (h *Handshakes) Acquire(t *loop.Task, deadline int64) error {
	if h.running < h.Max && h.waiting.empty() {
		h.running++
		return nil
	}
	// The place comes with the turn: release has left it counted.
	return h.waiting.wait(t, deadline, h.Release)
}

// Release gives a place back, or on to who waits longest.
func (h *Handshakes) Release() {
	if !h.waiting.admit() {
		h.running--
	}
}

// endTurn gives the next turn its time: as much as leaves handshakes a third
// of a loop that has more to do than it can.
func (h *Handshakes) endTurn() {
	spent := h.spent
	h.share, h.spent = leastShare, 0
	if h.steps.empty() {
		return
	}
	others := loop.Nanotime() - h.loop.Now() - spent
	h.share = max(leastShare, others/2)
	h.steps.admit()
}

// A step is one handshake's way through its Handshakes.
type step struct {
	handshakes *Handshakes
	task       *loop.Task
	deadline   int64
	urgent     bool // does not wait for time
	inside     bool
}

// enter waits until there is time. It does not wait where the step has begun already.
func (s *step) enter() error {
	h := s.handshakes
	if s.inside {
		return nil
	}
	if !s.urgent && (h.spent >= h.share || !h.steps.empty()) {
		if err := h.steps.wait(s.task, s.deadline, h.next); err != nil {
			return err
		}
	}
	s.resume()
	return nil
}

func (s *step) resume() {
	s.inside = true
	s.handshakes.began = loop.Nanotime()
}

// leave is called before the handshake waits for its peer, and at its end.
func (s *step) leave() {
	if !s.inside {
		return
	}
	s.inside = false
	h := s.handshakes
	took := loop.Nanotime() - h.began
	h.spent += took
	h.total += took
	h.next()
}

// next admits a step where there is time.
func (h *Handshakes) next() {
	if h.spent < h.share {
		h.steps.admit()
	}
}
