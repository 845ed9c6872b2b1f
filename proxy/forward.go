package proxy

import (
	"errors"
	"math"
	"syscall"

	"spillway/internal/loop"
)

// forward takes the request to a backend and its answer to the client, trying
// again where that is safe.
func (x *exchange) forward() {
	now := x.worker.loop.Now()
	x.client.conn.Watch(x.task)
	x.origin = x.spilledFrom()
	x.target.budgets.Request(now)
	if refusal := x.holdBody(); refusal != nil {
		x.giveUp(refusal)
	} else {
		x.tryBackends()
	}
	x.client.conn.Watch(nil)
}

// tryBackends makes attempts until one is answered or none may follow.
func (x *exchange) tryBackends() {
	reuse := true
	for {
		if x.member == nil && !x.client.conn.HungUp() {
			if refusal := x.choose(); refusal != nil {
				x.giveUp(refusal)
				return
			}
		}
		// The client may have left while the request waited, and that have ended another wait.
		if x.client.conn.HungUp() {
			x.releaseMember()
			x.giveUp(errClientReset)
			return
		}
		o := x.attempt(reuse)
		decision := noRetry
		if o.kind != succeeded {
			decision = x.retry(o)
		}
		if o.holdsAnswer() && decision == noRetry {
			o = x.deliver()
		}
		x.stopUpload()
		x.dropConn()
		x.noteOutcome(o)
		x.worker.buffers.put(x.out)
		x.out = nil
		if o.kind == succeeded {
			x.releaseMember()
			return
		}
		if decision != noRetry && !o.neverSent() {
			x.body.rewind()
		}
		switch decision {
		case retrySame:
			reuse = false
			continue
		case retryOther:
			reuse = true
			x.releaseMember()
			x.worker.backendStats(x.backend).retries++
			x.worker.poolStats(x.pool.poolState).retries++
			continue
		}
		x.releaseMember()
		x.giveUp(x.refusalFor(o))
		return
	}
}

func (x *exchange) releaseMember() {
	if m := x.member; m != nil {
		x.member = nil
		x.pool.release(m, x.worker.loop.Now())
	}
}

// attempt sends the request to the chosen backend and forwards its answer,
// unless the answer's status is one that may be retried: that is left to the caller.
func (x *exchange) attempt(reuse bool) outcome {
	x.sentAt = x.worker.loop.Now() // by which one that fails before anything is sent is judged
	if x.raw {
		return x.attemptRaw()
	}
	if err := x.connect(reuse); err != nil {
		return connectOutcome(err)
	}
	x.sentAt = x.worker.loop.Now()
	if o := x.sendRequest(); o.kind != succeeded {
		return o.onReused(x.conn.reused)
	}
	o := x.receiveAnswer()
	if o.kind != succeeded && x.fallBack(o) {
		o = x.receiveAnswer()
	}
	x.endRival()
	if o.kind != succeeded {
		return o
	}
	return x.deliver()
}

// receiveAnswer waits for the answer and excuses a used connection that ended before.
func (x *exchange) receiveAnswer() outcome {
	o := x.awaitAnswer()
	if o.kind == succeeded {
		o = x.receiveFinal()
	}
	return o.onReused(x.conn != nil && x.conn.reused && x.out == nil)
}

// receiveFinal waits for the head of the answer and tells whether it is one to
// give to the client.
func (x *exchange) receiveFinal() outcome {
	if o := x.receiveHead(); o.kind != succeeded {
		return o
	}
	if x.target.retries.statuses.Has(x.response.Status) && !x.answered {
		return outcome{kind: badStatus, status: x.response.Status}
	}
	if !x.answered && x.refusedByGRPC() {
		return outcome{kind: unavailable, status: x.response.Status}
	}
	return outcome{}
}

// connect takes an idle connection of this loop or opens one.
func (x *exchange) connect(reuse bool) (err error) {
	if x.backend.transport.Load().Multiplexes() {
		return x.openStream()
	}
	if reuse {
		maxAge := int64(math.MaxInt64)
		if !x.replayable() {
			maxAge = freshEnough
		}
		if x.conn = x.backend.takeIdle(x.worker, maxAge); x.conn != nil {
			x.conn.reused = true
			return nil
		}
	}
	before := x.worker.loop.Now()
	x.conn, err = x.backend.connect(x.worker, x.task, x.client, x.until(x.pool.connectTimeout))
	x.record.connect += x.worker.loop.Now() - before
	return err
}

// dropConn closes the connection to the backend, if there is one.
func (x *exchange) dropConn() {
	if x.conn != nil {
		x.conn.conn.Close()
		x.conn = nil
	}
}

// keepConn gives the connection to the backend back for reuse.
func (x *exchange) keepConn() {
	c := x.conn
	x.conn = nil
	c.keep(x.pool.idlePatience(&x.response))
}

// connectOutcome says what a failed connect means.
func connectOutcome(err error) outcome {
	switch {
	case errors.Is(err, loop.ErrHangup):
		return outcome{kind: clientGone, err: err}
	case errors.Is(err, loop.ErrTimeout):
		return outcome{kind: connectTimedOut, err: err}
	case errors.Is(err, loop.ErrStopped):
		return outcome{kind: stopped, err: err}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, loop.ErrSelfConnect), errors.Is(err, syscall.ENOENT):
		return outcome{kind: refused, err: err}
	}
	return outcome{kind: connectFailed, err: err}
}
