package proxy

import "spillway/internal/loop"

// A rest is the state of a relay whose task is parked while the loop itself
// passes on what comes in small pieces: a message costs no switch of tasks.
type rest struct {
	on   bool    // the loop will tell of input
	left *buffer // what the other side had no room for; nil: nothing
	over error   // why nothing more can be read or written; nil: it can
}

// passOnAtRest returns nil when there is likely something to read that takes a
// task, and what came before has been written.
func (r *relay) passOnAtRest() error {
	r.rest = rest{}
	r.sleep()
	for r.rest.on {
		if err := r.task.Park(0); err != nil {
			r.endRest()
			return err
		}
	}
	if b := r.rest.left; b != nil {
		defer r.endRest()
		return r.write(b.unread())
	}
	return r.rest.over
}

func (r *relay) endRest() {
	if r.rest.on {
		r.from.Busy()
	}
	r.worker.buffers.put(r.rest.left)
	r.rest = rest{}
}

// sleep leaves the direction to the loop, unless there is input already.
func (r *relay) sleep() {
	r.from.SetReadDeadline(deadlineAfter(r.worker.loop.Now(), r.patience))
	r.rest.on = r.from.Idle(r)
}

// Wake is called by the loop.
func (r *relay) Wake(e loop.Event) {
	r.rest.on = false
	defer r.rouse()
	switch e {
	case loop.Expired:
		r.rest.over = loop.ErrTimeout
	case loop.Closed:
		r.rest.over = loop.ErrClosed
	default:
		if r.passOn() {
			r.sleep()
		}
	}
}

// rouse resumes the task when the rest is over, also by a panic.
func (r *relay) rouse() {
	if !r.rest.on {
		r.task.Resume()
	}
}

// passOn moves one piece without waiting. False: what comes next takes a task.
func (r *relay) passOn() bool {
	b := r.worker.buffers.take()
	n, err := r.from.(*loop.Conn).TryRead(b.data)
	if err == nil {
		var m int
		m, err = r.to.(*loop.Conn).TryWrite(b.data[:n])
		r.moved += int64(m)
		if m < n && (err == nil || err == loop.ErrWouldBlock) {
			b.start, b.end = m, n
			r.rest.left = b
			return false
		}
		if n >= bulk {
			r.splicing = afterBulk
		}
	}
	r.worker.buffers.put(b)
	if err != nil && err != loop.ErrWouldBlock {
		r.rest.over = err
		return false
	}
	return r.splicing == 0
}
