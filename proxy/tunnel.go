package proxy

import (
	"bytes"
	"errors"

	"spillway/internal/loop"
)

// upgradeAccepted tells whether a 101 answers what the client asked for (RFC 9110 7.8).
func (x *exchange) upgradeAccepted() bool {
	return len(x.request.Upgrade) > 0 && len(x.response.Upgrade) > 0 && listed(x.request.Upgrade, x.response.Upgrade)
}

// listed tells whether a comma-separated list has the element, in any case of letters.
func listed(list, element []byte) bool {
	for len(list) > 0 {
		var each []byte
		each, list, _ = bytes.Cut(list, []byte{','})
		if bytes.EqualFold(bytes.Trim(each, " \t"), element) {
			return true
		}
	}
	return false
}

// tunnel forwards a 101 and then bytes in both directions until both have ended
// or neither has moved for the pool's tunnel timeout.
func (x *exchange) tunnel() outcome {
	x.keepAlive = false
	x.stopUpload()
	if o := x.write(); o.kind != succeeded {
		return o
	}
	x.worker.poolStats(x.pool.poolState).tunnels++
	x.record.end = x.relay(x.pool.tunnelTimeout)
	return outcome{}
}

// relay moves bytes between the client and the backend, beginning with what has
// been read of either, until both directions have ended or neither has moved for
// patience nanoseconds (0: no limit). It closes both and says in one word how it ended.
func (x *exchange) relay(patience int64) (end string) {
	client, backend := x.client.conn, x.conn.conn
	x.worker.tunnels++
	// Both directions carry the peer's end on; a reset shows in either.
	client.Watch(nil)
	early := x.in
	if x.raw {
		x.in = nil // a request's head has to outlive the tunnel, an opening has not
	}
	x.lean()
	up := &relay{own: true, worker: x.worker, from: client, to: backend, other: x.task, patience: patience, early: early, release: x.raw}
	down := &relay{worker: x.worker, from: backend, to: client, patience: patience, early: x.out}
	up.running = x.worker.loop.Start(up)
	down.Run(x.task)
	for up.running {
		if down.err != nil {
			up.interrupt(loop.ErrClosed)
		}
		_ = x.task.Park(x.worker.loop.Now() + stopPoll*100)
	}
	x.worker.tunnels--
	x.record.bytesOut += down.moved
	x.body.size += up.moved
	client.Close()
	backend.Close()
	return tunnelEnd(down.err, up.err)
}

func tunnelEnd(down, up error) string {
	switch {
	case down == nil && up == nil:
		return "tunnel_closed"
	case errors.Is(down, loop.ErrTimeout) || errors.Is(up, loop.ErrTimeout):
		return "tunnel_timeout"
	}
	return "tunnel_reset"
}
