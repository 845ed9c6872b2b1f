package proxy

import (
	"errors"

	"spillway/internal/http1"
	"spillway/internal/http2"
	"spillway/internal/loop"
)

const (
	maxInterim      = 100 // 1xx answers before the final one
	responseHeadMax = 256 << 10
)

var responseLimits = http1.Limits{Head: responseHeadMax, Fields: 1000}

// receiveHead reads the head of the backend's final answer, forwarding interim
// ones on the way. When nothing at all has come, x.out stays nil.
func (x *exchange) receiveHead() outcome {
	conn := x.conn.conn
	if x.body.sent {
		conn.SetReadDeadline(x.within(x.sentAt, x.pool.responseTimeout))
	} else {
		conn.SetReadDeadline(x.deadline)
	}
	x.response.Reset()
	for interim := 0; ; {
		if x.out != nil && !x.out.empty() {
			n, err := x.response.Parse(x.out.unread(), x.request.Method, responseLimits)
			switch {
			case err != nil || interim > maxInterim:
				return outcome{kind: badAnswer, err: err}
			case n > 0 && !x.isInterim():
				x.out.start += n
				return x.checkAnswer()
			case n > 0:
				x.out.start += n
				interim++
				if o := x.forwardInterim(); o.kind != succeeded {
					return o
				}
				x.response.Reset()
				continue
			case !x.out.grow(responseHeadMax):
				return outcome{kind: badAnswer, err: errHeadTooLarge}
			}
		}
		if o := x.receiveMore(conn); o.kind != succeeded {
			return o
		}
	}
}

// receiveMore reads what the backend has sent. A buffer is borrowed only once there is something.
func (x *exchange) receiveMore(conn loop.Stream) outcome {
	if x.out == nil {
		if err := conn.WaitReadable(x.task); err != nil {
			return x.receiveOutcome(err)
		}
	}
	out := x.out
	if out == nil {
		out = x.worker.buffers.take()
	}
	n, err := conn.Read(x.task, out.firstRoom())
	if err != nil {
		if x.out == nil {
			x.worker.buffers.put(out)
		}
		return x.receiveOutcome(err)
	}
	if x.out == nil {
		x.out = out
		x.record.firstByte = x.worker.loop.Now() - x.began
	}
	out.end += n
	x.worker.backendStats(x.backend).bytesReceived += uint64(n)
	return outcome{}
}

func (x *exchange) receiveOutcome(err error) outcome {
	switch {
	case x.body.refusal != nil:
		return outcome{kind: bodyFailed, err: err}
	case errors.Is(err, loop.ErrHangup):
		return outcome{kind: clientGone, err: err}
	case errors.Is(err, http2.ErrNoUpgrade):
		return outcome{kind: noUpgrade, err: err}
	case errors.Is(err, http2.ErrGoneAway):
		return outcome{kind: goneAway, err: err}
	case errors.Is(err, http2.ErrRefused):
		return outcome{kind: unprocessed, err: err}
	case errors.Is(err, loop.ErrTimeout):
		return outcome{kind: timedOut, err: err}
	case errors.Is(err, loop.ErrStopped):
		return outcome{kind: stopped, err: err}
	}
	return outcome{kind: reset, err: err}
}

func (x *exchange) isInterim() bool {
	return x.response.Status < 200 && x.response.Status != 101
}

// forwardInterim passes a 1xx answer on to a client that may understand it (RFC 9110 15.2).
func (x *exchange) forwardInterim() outcome {
	if x.request.Minor == 0 {
		return outcome{}
	}
	x.interimHead()
	conn := x.client.conn
	conn.SetWriteDeadline(x.until(x.settings.bodyTimeout))
	if _, err := conn.WriteBuffers(x.task, x.slices); err != nil {
		return outcome{kind: clientGone, err: err}
	}
	return outcome{}
}

// checkAnswer refuses what only an exchange can judge: a switch of protocols that nobody asked for.
func (x *exchange) checkAnswer() outcome {
	x.headAt = x.worker.loop.Now()
	if x.response.Status == 101 && !x.upgradeAccepted() {
		return outcome{kind: badAnswer}
	}
	return outcome{}
}
