package proxy

import (
	"errors"
	"time"

	"spillway/balancer"
	"spillway/internal/loop"
	"spillway/internal/metrics"
)

// A hedgeClock learns, on one loop, after how long a pool's answers are late.
type hedgeClock struct {
	quantile float64
	seen     metrics.Histogram // first bytes since the last look
	look     int64             // when to look again
	after    int64             // nanoseconds; 0: not known yet
}

const (
	hedgeLook    = int64(time.Second)
	hedgeSamples = 20
	hedgeLeast   = int64(time.Millisecond)
)

// observe takes the time to an answer's first byte.
func (c *hedgeClock) observe(took, now int64) {
	c.seen.Observe(took)
	if now < c.look || c.seen.Count() < hedgeSamples {
		return
	}
	c.after = max(hedgeLeast, c.seen.Quantile(c.quantile))
	c.seen = metrics.Histogram{}
	c.look = now + hedgeLook
}

// A rival is a backend that has been sent the same request and has not answered yet.
type rival struct {
	member  *balancer.Member
	backend *backend
	conn    *backendConn
	sentAt  int64
	ready   bool // it has something to read
	running bool // its watcher
	task    *loop.Task
	loser   *loop.Task // whom the watcher interrupts when it is ready
}

var errRivalReady = errors.New("the other backend has answered")

// watch has x's task interrupted when the rival has answered.
func (r *rival) watch(x *exchange) {
	r.loser, r.ready = x.task, false
	r.running = x.worker.loop.Start(r)
}

// Run waits for the rival's answer on a task of its own.
func (r *rival) Run(t *loop.Task) {
	r.task = t
	err := r.conn.conn.WaitReadable(t)
	r.running, r.task = false, nil
	if r.loser == nil {
		return // nobody waits for it any more
	}
	r.ready = err == nil
	r.loser.Interrupt(errRivalReady)
}

// hedgeAfter is how long to wait for the first byte before another backend is
// asked as well; 0: that is not done.
func (x *exchange) hedgeAfter() int64 {
	h := x.pool.hedge
	if h == nil || x.attempts != 1 || len(x.request.Upgrade) > 0 || !x.replayable() {
		return 0
	}
	if h.After > 0 {
		return int64(h.After)
	}
	return x.hedgeClock().after
}

func (x *exchange) hedgeClock() *hedgeClock {
	c := &x.pool.hedgeClocks[x.worker.index]
	c.quantile = x.pool.hedge.Quantile
	return c
}

// awaitAnswer waits for the first byte of an answer, and where that is late asks
// another backend, too. Whoever answers first is x's backend afterwards.
func (x *exchange) awaitAnswer() outcome {
	after := x.hedgeAfter()
	if after == 0 {
		return outcome{}
	}
	conn := x.conn.conn
	conn.SetReadDeadline(x.until(after))
	err := conn.WaitReadable(x.task)
	if err == nil {
		x.hedgeObserve()
		return outcome{}
	}
	if !errors.Is(err, loop.ErrTimeout) || !x.startRival() {
		if errors.Is(err, loop.ErrTimeout) {
			return outcome{}
		}
		return x.receiveOutcome(err)
	}
	return x.race()
}

func (x *exchange) hedgeObserve() {
	if x.pool.hedge != nil && x.pool.hedge.After == 0 {
		now := x.worker.loop.Now()
		x.hedgeClock().observe(now-x.sentAt, now)
	}
}

// startRival sends the request to another backend, if there is one and the retry
// budget allows it. x speaks to that one then, and x.rival holds the first.
func (x *exchange) startRival() bool {
	now := x.worker.loop.Now()
	x.aim()
	x.pick.Now, x.pick.AllowTried, x.pick.NoHold = now, false, true
	m, picked := x.pool.view.Load().Pick(&x.pick)
	if picked != balancer.Picked {
		if m != nil {
			x.pool.release(m, now)
		}
		return false
	}
	if x.target.budgets.Allow(now, false) == balancer.NoRetry {
		x.pool.release(m, now)
		x.worker.poolStats(x.pool.poolState).budgetExhausted++
		return false
	}
	first := rival{member: x.member, backend: x.backend, conn: x.conn, sentAt: x.sentAt}
	x.conn = nil
	x.pick.Reason = balancer.Hedge
	x.take(m)
	_, err := x.connect(true)
	if err == nil {
		x.sentAt = x.worker.loop.Now()
		if o := x.sendRequest(); o.kind != succeeded {
			err = errRivalReady // of no use
		}
	}
	x.rival = first
	if err != nil {
		x.dropConn()
		x.pool.release(x.member, x.worker.loop.Now())
		x.swapRival()
		x.rival = rival{}
		return false
	}
	x.worker.poolStats(x.pool.poolState).hedges++
	return true
}

// swapRival makes the rival the one that x speaks to, and the other way round.
func (x *exchange) swapRival() {
	r := &x.rival
	x.member, r.member = r.member, x.member
	x.backend, r.backend = r.backend, x.backend
	x.conn, r.conn = r.conn, x.conn
	x.sentAt, r.sentAt = r.sentAt, x.sentAt
	x.record.member = x.member
}

// race waits for the first byte of either.
func (x *exchange) race() outcome {
	r := &x.rival
	r.watch(x)
	conn := x.conn.conn
	conn.SetReadDeadline(x.until(x.pool.responseTimeout))
	r.conn.conn.SetReadDeadline(0)
	err := conn.WaitReadable(x.task)
	x.stopRival()
	switch {
	case errors.Is(err, errRivalReady) && r.ready:
		x.swapRival()
	case err != nil && !errors.Is(err, errRivalReady):
		return x.receiveOutcome(err)
	case err != nil: // the rival has failed: what is left is this one
		x.endRival()
		return outcome{}
	}
	x.hedgeObserve()
	return outcome{}
}

// stopRival ends the watching.
func (x *exchange) stopRival() {
	r := &x.rival
	r.loser = nil
	for r.running {
		if r.task != nil {
			r.task.Interrupt(errRivalReady)
		}
		_ = x.task.Park(x.worker.loop.Now() + stopPoll)
	}
}

// fallBack goes on with the rival where the one that was first to speak had
// nothing of use to say; false: there is none.
func (x *exchange) fallBack(o outcome) bool {
	if x.rival.conn == nil || o.kind == clientGone || o.kind == stopped || o.kind == bodyFailed {
		return false
	}
	x.noteOutcome(o)
	x.dropConn()
	x.worker.buffers.put(x.out)
	x.out = nil
	x.swapRival()
	x.endRival()
	return true
}

// endRival gives up whoever was too late.
func (x *exchange) endRival() {
	r := &x.rival
	if r.conn != nil {
		r.conn.conn.Close()
		now := x.worker.loop.Now()
		r.backend.balance.Observe(now, now-r.sentAt, balancer.Succeeded)
	}
	if r.member != nil {
		x.pool.release(r.member, x.worker.loop.Now())
	}
	x.rival = rival{}
}
