package proxy

import "spillway/internal/loop"

// A rest is the state of a relay while the loop itself passes on what comes in
// small pieces: a message costs no switch of tasks, and a direction with a task of its own has none.
type rest struct {
	on   bool    // the loop will tell of input
	over bool    // it has told of something that takes a task
	left *buffer // what the other side had no room for; nil: nothing
	err  error   // why nothing more can be read or written; nil: it can
}

// passOnAtRest returns nil when there is likely something to read that takes a
// task, and what came before has been written; errAtRest, when the task has to leave.
func (r *relay) passOnAtRest() error {
	r.rest = rest{}
	r.sleep()
	if r.rest.on && r.own {
		return errAtRest
	}
	for r.rest.on {
		if err := r.task.Park(0); err != nil {
			r.endRest()
			return err
		}
	}
	return r.settleRest()
}

// settleRest does what a rest has left to the task.
func (r *relay) settleRest() error {
	defer r.endRest()
	if b := r.rest.left; b != nil {
		return r.write(b.unread())
	}
	return r.rest.err
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
		r.rest.err = loop.ErrTimeout
	case loop.Closed:
		r.rest.err = loop.ErrClosed
	default:
		if r.passOn() {
			r.sleep()
		}
	}
}

// rouse has a task go on when the rest is over, also by a panic.
func (r *relay) rouse() {
	switch {
	case r.rest.on:
		return
	case r.task != nil:
		r.task.Resume()
	case !r.worker.loop.Start(r):
		r.endRest()
		r.err = loop.ErrStopped
		r.ended()
	default:
		r.rest.over = true
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
		r.rest.err = err
		return false
	}
	return r.splicing == 0
}
