package proxy

import (
	"errors"
	"sync/atomic"

	"spillway/balancer"
	"spillway/internal/loop"
)

// A waiter is an exchange's place in a pool's queue. It is allocated for each
// wait: a wake-up may come late, and must then find nobody.
type waiter struct {
	balancer.Waiter
	task atomic.Pointer[loop.Task]
}

func newWaiter(t *loop.Task) *waiter {
	w := &waiter{}
	w.task.Store(t)
	w.Wake = w.wake
	return w
}

func (w *waiter) wake() {
	if t := w.task.Load(); t != nil {
		t.Unpark()
	}
}

// waitForSlot waits in the pool's queue.
func (x *exchange) waitForSlot(view *balancer.View) *refusal {
	p := x.pool
	stats := x.worker.poolStats(p.poolState)
	if p.queueSize == 0 {
		stats.allFull++
		return errAllFull
	}
	w := newWaiter(x.task)
	defer w.task.Store(nil)
	began := x.worker.loop.Now()
	deadline := x.until(p.queueTimeout)
	w.Deadline = deadline
	if !x.raw {
		w.Rank = balancer.Rank(x.route.priorityOf(x), len(x.origin) > 0)
	}
	if !p.queue.Join(&w.Waiter, view, &x.pick) {
		stats.queueFull++
		return errQueueFull
	}
	stats.queued++
	for w.Taken() == nil {
		err := x.task.Park(deadline)
		displaced := w.Displaced()
		if err == nil && !displaced {
			continue
		}
		if p.queue.Leave(&w.Waiter) != nil {
			break
		}
		x.record.queue = x.worker.loop.Now() - began
		if displaced && err == nil {
			stats.queueFull++
			return errQueueFull
		}
		return x.queueRefusal(err, stats)
	}
	x.record.queue = x.worker.loop.Now() - began
	x.pick.Reason = balancer.Queued
	x.take(w.Taken())
	return nil
}

// waitForHome waits a moment for a slot in the nearest region; nil: there was none
// in time, and the request may leave.
func (x *exchange) waitForHome(view *balancer.View) *balancer.Member {
	p := x.pool
	w := newWaiter(x.task)
	defer w.task.Store(nil)
	began := x.worker.loop.Now()
	deadline := x.until(x.pick.Patience)
	x.pick.NoHold = true // whatever comes of it, there is no second wait
	if !p.queue.Hold(&w.Waiter, view, &x.pick) {
		return nil
	}
	x.worker.poolStats(p.poolState).held++
	if x.route != nil {
		x.routeStats().held++
	}
	for w.Taken() == nil {
		if err := x.task.Park(deadline); err != nil {
			p.queue.Leave(&w.Waiter)
			break
		}
	}
	x.record.queue = x.worker.loop.Now() - began
	if w.Taken() != nil {
		x.pick.Reason = balancer.Held
	}
	return w.Taken()
}

func (x *exchange) queueRefusal(err error, stats *poolStats) *refusal {
	switch {
	case errors.Is(err, loop.ErrTimeout):
		stats.queueTimeouts++
		return errQueueTimeout
	case errors.Is(err, loop.ErrHangup):
		return errClientReset
	}
	return errStopping
}
