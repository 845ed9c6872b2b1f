package proxy

import (
	"errors"
	"net/http"

	"spillway/balancer"
	"spillway/internal/config"
	"spillway/internal/http2"
)

// An outcome is how an attempt ended.
type outcome struct {
	kind   outcomeKind
	status int   // of a badStatus
	err    error // what the system said, for the log
}

type outcomeKind uint8

const (
	succeeded       outcomeKind = iota
	refused                     // nobody listens there; nothing was sent
	connectFailed               // no connection for another reason; nothing was sent
	connectTimedOut             // nothing was sent
	diedUnused                  // a reused connection ended without a byte of an answer: its idle time was over
	reset                       // the connection ended before the answer's head was complete
	timedOut                    // no answer in time
	badAnswer                   // what came is not an HTTP answer
	badStatus                   // an answer that the pool's retries name
	unavailable                 // gRPC's word for it, without a message before
	unprocessed                 // the backend refused an HTTP/2 stream: it did not act on it
	goneAway                    // the backend is done with the HTTP/2 connection, and did not act on the request
	noUpgrade                   // the backend's HTTP/2 does not take the WebSocket that was asked for
	cut                         // the answer ended early; part of it was forwarded
	clientGone
	bodyFailed // the client's body was late, malformed or too large
	stopped    // this process ends
)

// holdsAnswer tells whether there is an answer, which goes to the client where
// no other attempt follows.
func (o outcome) holdsAnswer() bool { return o.kind == badStatus || o.kind == unavailable }

// onReused turns a reset into what it most likely is where the connection was
// idle or shared before and not a byte has come back. A stream that ended alone
// says nothing of its connection.
func (o outcome) onReused(unused bool) outcome {
	ofStream := errors.Is(o.err, http2.ErrReset) || errors.Is(o.err, http2.ErrMessage)
	if o.kind == reset && unused && !ofStream {
		o.kind = diedUnused
	}
	return o
}

// neverSent tells that no byte of the request has left.
func (o outcome) neverSent() bool {
	return o.kind == refused || o.kind == connectFailed || o.kind == connectTimedOut
}

// neverActedOn tells that the backend said so.
func (o outcome) neverActedOn() bool {
	return o.kind == unavailable || o.kind == unprocessed || o.kind == goneAway
}

// connectionOver tells that all that happened is the end of a connection which
// others have used before: another one to the same backend will do.
func (o outcome) connectionOver() bool { return o.kind == diedUnused || o.kind == goneAway }

// maxMoves is how often a request moves to another connection of the same
// backend. With HTTP/1.1 the second is fresh; with HTTP/2 it may be one that others share.
const maxMoves = 3

type retryDecision uint8

const (
	noRetry    retryDecision = iota
	retrySame                // the same backend, on a fresh connection
	retryOther               // another backend, if there is one
)

// retry decides whether another attempt may follow, and takes it from the
// budget. It is the only place that does. Where one follows, the upload has ended.
func (x *exchange) retry(o outcome) retryDecision {
	// The client has part of an answer, or is not there to take one.
	if x.answered || o.kind == clientGone || o.kind == bodyFailed || o.kind == stopped {
		return noRetry
	}
	// The backend closed the connection while the request was on its way: that says
	// nothing about its health.
	move := o.connectionOver() && x.moves < maxMoves
	if !x.canRepeat(o) || !move && !x.othersMayDo(o) {
		return noRetry
	}
	// How an upload ends decides whether all of the body is still here.
	if x.stopUpload(); !x.canRepeat(o) {
		return noRetry
	}
	if move {
		x.moves++
		return retrySame
	}
	x.scope = x.target.budgets.Allow(x.worker.loop.Now(), x.attempts == x.target.retries.attempts)
	if x.scope == balancer.NoRetry {
		x.worker.poolStats(x.pool.poolState).budgetExhausted++
		return noRetry
	}
	return retryOther
}

// canRepeat tells whether the request may and can be sent once more: a backend may
// have acted on what it was sent, unless it says that it has not.
func (x *exchange) canRepeat(o outcome) bool {
	x.body.holdKept()
	return o.neverSent() || x.replayable() || o.neverActedOn() && x.body.canGoOn()
}

// othersMayDo tells whether the rules and the time that is left allow to try another backend.
func (x *exchange) othersMayDo(o outcome) bool {
	if !x.target.retries.covers(o) || x.attempts > x.target.retries.attempts || x.outOfTime() {
		return false
	}
	// Another backend could do better than a 503 or silence; the same one hardly would.
	return !o.holdsAnswer() && o.kind != timedOut || len(x.pool.view.Load().Members()) >= 2
}

// retryRules are what the configuration says of retries.
type retryRules struct {
	attempts       int // besides the first
	connect, reset bool
	unavailable    bool
	statuses       config.StatusSet
}

// covers tells whether the rules name what happened. What spillway itself would
// answer with 502 or 504 counts like a backend's own.
func (r *retryRules) covers(o outcome) bool {
	switch o.kind {
	case refused, connectFailed, connectTimedOut:
		return r.connect
	case reset, unprocessed, diedUnused, goneAway:
		return r.reset
	case unavailable:
		return r.unavailable
	case timedOut:
		return r.statuses.Has(http.StatusGatewayTimeout)
	case badAnswer:
		return r.statuses.Has(http.StatusBadGateway)
	case badStatus:
		return r.statuses.Has(o.status)
	}
	return false
}

// replayable tells whether the request may reach a backend twice: its method is
// idempotent (RFC 9110 9.2.2) and all of its body, if any, is still here.
func (x *exchange) replayable() bool {
	return x.body.mode != streamed && idempotent(x.request.Method)
}

func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE":
		return true
	}
	return false
}

// refusalFor is what the client is told when no attempt succeeded.
func (x *exchange) refusalFor(o outcome) *refusal {
	switch o.kind {
	case refused, connectFailed:
		return errConnectFailed
	case connectTimedOut:
		return errConnectTimeout
	case timedOut:
		return errBackendTimeout
	case badAnswer:
		return errBadAnswer
	case badStatus:
		return refusalForStatus(o.status)
	case noUpgrade:
		return errNoUpgrade
	case clientGone:
		return errClientReset
	case bodyFailed:
		return x.body.refusal
	case stopped:
		return errStopping
	}
	return errBackendReset
}
