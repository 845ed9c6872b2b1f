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
	reason  balancer.Reason // why it was picked
	sentAt  int64
	ready   bool // it has something to say, if only that it has failed
	running bool // its watcher
	over    bool // nobody waits for it any more
	task    *loop.Task
	other   *loop.Task // whom the watcher interrupts when it is ready
}

var errRivalReady = errors.New("the other backend has answered")

// watch has x's task interrupted when the rival has answered.
func (r *rival) watch(x *exchange) {
	r.other, r.ready, r.over = x.task, false, false
	r.running = x.worker.loop.Start(r)
}

// Run waits for the rival's answer on a task of its own.
func (r *rival) Run(t *loop.Task) {
	r.task = t
	_ = r.conn.conn.WaitReadable(t)
	r.running, r.task = false, nil
	if r.over {
		r.other.Resume()
		return
	}
	r.ready = true
	r.other.Interrupt(errRivalReady)
}

// hedgeAfter is how long to wait for the first byte before another backend is
// asked as well; 0: that is not done.
func (x *exchange) hedgeAfter() int64 {
	h := x.pool.hedge
	if h == nil || x.attempts != 1 || len(x.request.Upgrade) > 0 || !x.replayable() || !x.body.sent {
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
	switch {
	case err == nil:
		x.hedgeObserve()
		return outcome{}
	case !errors.Is(err, loop.ErrTimeout):
		return x.receiveOutcome(err)
	case x.pickRival():
		return x.race()
	}
	return outcome{}
}

func (x *exchange) hedgeObserve() {
	if x.pool.hedge != nil && x.pool.hedge.After == 0 {
		now := x.worker.loop.Now()
		x.hedgeClock().observe(now-x.sentAt, now)
	}
}

// pickRival finds another backend for the request, if there is one and the retry
// budget allows it. It is x's then, and x.rival holds the first.
func (x *exchange) pickRival() bool {
	now := x.worker.loop.Now()
	if x.deadline != 0 && now >= x.deadline || x.pool.queue.Waiting() > 0 {
		return false // it would come too late, or at the cost of those who have not been asked once
	}
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
	x.rival = rival{member: x.member, backend: x.backend, conn: x.conn, reason: x.record.reason, sentAt: x.sentAt}
	x.conn = nil
	x.pick.Reason = balancer.Hedge
	x.take(m)
	return true
}

// race asks the second backend and waits for the first byte of either. The first
// may answer at any time, also while there is no connection to the second yet.
func (x *exchange) race() outcome {
	r := &x.rival
	r.conn.conn.SetReadDeadline(0)
	r.watch(x)
	o, asked := x.askSecond()
	x.stopRival()
	x.task.Forget(errRivalReady)
	switch {
	case o.kind == clientGone || x.client.conn.HungUp():
		return outcome{kind: clientGone, err: o.err}
	case r.ready:
		x.swapRival()
		if !asked {
			x.endRival()
		}
	case o.kind == stopped:
		return o
	case o.kind != succeeded:
		x.noteOutcome(o.onReused(x.conn != nil && x.conn.reused))
		x.swapRival()
		x.dropRival()
		return outcome{}
	}
	x.hedgeObserve()
	return outcome{}
}

// askSecond sends the request to the backend that was picked to be asked as well,
// and waits for its answer to begin. asked: it has the request whole.
func (x *exchange) askSecond() (o outcome, asked bool) {
	x.sentAt = x.worker.loop.Now()
	if err := x.connect(true); err != nil {
		return connectOutcome(err), false
	}
	x.worker.poolStats(x.pool.poolState).hedges++
	x.sentAt = x.worker.loop.Now()
	x.body.sent = false
	o = x.sendRequest()
	asked = x.body.sent
	x.body.sent = true // to the first in any case
	if !asked && o.kind == succeeded {
		o.kind = reset
	}
	if !asked || x.rival.ready {
		return o, asked
	}
	conn := x.conn.conn
	conn.SetReadDeadline(x.within(x.sentAt, x.pool.responseTimeout))
	if err := conn.WaitReadable(x.task); err != nil {
		return x.receiveOutcome(err), true
	}
	return outcome{}, true
}

// swapRival makes the rival the one that x speaks to, and the other way round.
func (x *exchange) swapRival() {
	r := &x.rival
	x.member, r.member = r.member, x.member
	x.backend, r.backend = r.backend, x.backend
	x.conn, r.conn = r.conn, x.conn
	x.sentAt, r.sentAt = r.sentAt, x.sentAt
	x.record.reason, r.reason = r.reason, x.record.reason
	x.noteMember()
}

// stopRival ends the watching.
func (x *exchange) stopRival() {
	r := &x.rival
	r.over = true
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
	if x.rival.conn == nil || o.kind == clientGone || o.kind == stopped || x.client.conn.HungUp() {
		return false
	}
	x.noteOutcome(o)
	x.worker.buffers.put(x.out)
	x.out = nil
	x.swapRival()
	x.dropRival()
	return true
}

// endRival gives up whoever was too late.
func (x *exchange) endRival() {
	if r := &x.rival; r.conn != nil {
		now := x.worker.loop.Now()
		r.backend.balance.Observe(now, now-r.sentAt, balancer.Succeeded)
	}
	x.dropRival()
}

// dropRival gives back the rival's slot and connection.
func (x *exchange) dropRival() {
	r := &x.rival
	if r.conn != nil {
		r.conn.conn.Close()
	}
	if r.member != nil {
		x.pool.release(r.member, x.worker.loop.Now())
	}
	x.rival = rival{}
}
