package proxy

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/accesslog"
	"spillway/internal/http1"
	"spillway/internal/loop"
)

// A record is what will be told of an exchange: in the counters and in the log.
type record struct {
	status     int
	end        string // one word for how it ended
	reason     balancer.Reason
	route      *route
	member     *balancer.Member // of the last attempt
	bytesOut   int64
	queue      int64 // nanoseconds; negative: it did not come to that
	connect    int64
	firstByte  int64
	requestID  [2]uint64
	stickyHash uint64
	reset      bool // the client shall see a reset, for nothing else can tell it that the answer was cut
}

func (r *record) begin(id [2]uint64) {
	*r = record{queue: -1, connect: -1, firstByte: -1, requestID: id}
}

// noteOutcome tells the backend's health and load what came of an attempt.
func (x *exchange) noteOutcome(o outcome) {
	now := x.worker.loop.Now()
	b := x.backend
	switch o.kind {
	case succeeded:
		x.noteAnswer(x.response.Status, resultOf(x.response.Status))
		return
	case badStatus, unavailable:
		x.noteAnswer(o.status, max(balancer.Failed, resultOf(o.status)))
		return
	case diedUnused, goneAway, noUpgrade, clientGone, bodyFailed, stopped:
		return
	}
	b.balance.Observe(now, now-x.sentAt, o.result())
	x.worker.backendStats(b).errors++
	transition := b.tracker.Failure(x.sentAt, now, o.cause(), x.worker.dice())
	b.pool.apply(transition)
	if o.kind == refused && b.pool.view.Load().Panic() {
		b.pool.rebuild()
	}
}

// noteAnswer tells of an attempt that was answered.
func (x *exchange) noteAnswer(status int, result balancer.Result) {
	now, b := x.worker.loop.Now(), x.backend
	took := now - x.sentAt
	switch {
	case x.raw:
		status, result, took = 0, balancer.Succeeded, x.record.connect
	case status == 101:
		took = x.headAt - x.sentAt
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		x.noteRetryAfter(now)
	}
	// A tunnel lasts as long as its ends like: what counts is how soon it stood.
	b.balance.Observe(now, took, result)
	if t := b.tracker.Answered(x.worker.index, now-took, now, status, x.worker.dice()); t.Changed() || t.ProbationEnded {
		b.pool.apply(t)
	}
	b.workers[x.worker.index].stats.answered(status, took)
}

// longestAvoided is how long a backend can ask to be left alone.
const longestAvoided = int64(time.Minute)

// noteRetryAfter has others preferred to a backend that asked for a rest, in
// seconds (RFC 9110 10.2.3).
func (x *exchange) noteRetryAfter(now int64) {
	f := x.response.Get(http1.RetryAfter)
	if f == nil {
		return
	}
	seconds, err := strconv.ParseUint(string(f.Value), 10, 31)
	if err == nil && seconds > 0 {
		x.backend.balance.Avoid(now + min(int64(seconds)*int64(time.Second), longestAvoided))
	}
}

// resultOf says to the balancer what a status tells of a backend.
func resultOf(status int) balancer.Result {
	switch {
	case status < 500, status == 501, status == 505:
		return balancer.Succeeded
	case status == 503:
		return balancer.Overloaded
	}
	return balancer.Failed
}

// result says to the balancer how an attempt without an answer ended.
func (o outcome) result() balancer.Result {
	switch o.kind {
	case timedOut, connectTimedOut, reset:
		return balancer.Overloaded
	}
	return balancer.Failed
}

// cause says to the backend's tracker how it failed.
func (o outcome) cause() health.Cause {
	switch o.kind {
	case refused:
		return health.ConnectRefused
	case connectTimedOut:
		return health.ConnectTimeout
	case connectFailed:
		return health.ConnectFailed
	case badAnswer:
		return health.BadResponse
	}
	if errors.Is(o.err, loop.ErrTimeout) {
		return health.ResponseTimeout
	}
	return health.Reset
}

// finishRecord counts the exchange and writes its line.
func (x *exchange) finishRecord() {
	w := x.worker
	r := &x.record
	total := w.loop.Now() - x.began
	class := statusClass(r.status)
	own := &x.client.listener.stats[w.index]
	own.requests[class]++
	own.latency.Observe(total)
	own.bytesIn += uint64(x.body.size)
	own.bytesOut += uint64(r.bytesOut)
	if r.route != nil {
		stats := &r.route.stats[w.index]
		stats.requests[class]++
		stats.latency.Observe(total)
	}
	if w.log != nil {
		x.writeLog(total)
	}
}

func (x *exchange) writeLog(total int64) {
	w := x.worker
	r := &x.record
	e := &w.entry
	*e = accesslog.Entry{
		Time:       loop.WallTime(x.began).UnixNano(),
		ClientAddr: x.client.remoteAddr(),
		Method:     x.request.Method,
		Host:       x.request.Host,
		Target:     x.request.Target,
		Major:      1,
		Minor:      x.request.Minor,
		Status:     r.status,
		BytesIn:    x.body.size,
		BytesOut:   r.bytesOut,
		Listener:   x.settings.name,
		Attempts:   x.attempts,
		Queue:      r.queue,
		Connect:    r.connect,
		FirstByte:  r.firstByte,
		Total:      total,
		Reason:     r.reason.String(),
		End:        r.end,
	}
	if x.client.stream {
		e.Major, e.Minor = 2, 0
	}
	if x.raw {
		e.Host = []byte(x.serverName)
	}
	if f := x.request.Get(http1.Referer); f != nil {
		e.Referer = f.Value
	}
	if f := x.request.Get(http1.UserAgent); f != nil {
		e.UserAgent = f.Value
	}
	w.idRoom = appendHex(appendHex(w.idRoom[:0], r.requestID[0]), r.requestID[1])
	e.RequestID = w.idRoom
	if f := x.request.Get(http1.XRequestID); f != nil && x.client.trusts(x.settings) {
		e.RequestID = f.Value
	}
	if r.route != nil {
		e.Route = r.route.name
	}
	if m := r.member; m != nil {
		e.Pool, e.Backend, e.Region = x.pool.name, m.Address, m.Region
	}
	w.log.Append(e)
	w.flushSoon()
}

func statusClass(status int) int {
	if status < 100 || status > 599 {
		return 0
	}
	return status / 100
}
