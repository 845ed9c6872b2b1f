package proxy

import (
	"spillway/balancer"
)

// choose picks a backend and takes one of its slots. Where home is full for a
// moment, or all are full, it waits in the pool's queue.
func (x *exchange) choose() *refusal {
	p := x.pool
	view := p.view.Load()
	x.aim()
	if x.attempts == 0 {
		if !x.raw && !p.shedder.Admit(x.route.priorityOf(x), len(x.origin) > 0, x.pick.Now, x.worker.rand) {
			x.worker.poolStats(p.poolState).shed++
			x.routeStats().shed++
			return errShed
		}
		if m := x.stickyMember(view); m != nil {
			x.take(m)
			return nil
		}
	}
	m, outcome := (*balancer.Member)(nil), balancer.Full
	if p.queueSize == 0 || p.queue.Waiting() == 0 {
		x.pick.Holding = p.queue.Holding()
		m, outcome = view.Pick(&x.pick)
	}
	if outcome == balancer.Hold {
		if m = x.waitForHome(view); m != nil {
			x.take(m)
			return nil
		}
		if x.client.conn.HungUp() {
			return errClientReset
		}
		view = p.view.Load()
		x.pick.Now = x.worker.loop.Now()
		m, outcome = view.Pick(&x.pick)
	}
	if outcome == balancer.Full {
		first := x.attempts == 0
		refusal := x.waitForSlot(view)
		if first {
			p.shedder.Observe(refusal != nil && refusal != errClientReset, x.worker.loop.Now())
		}
		return refusal
	}
	if x.attempts == 0 {
		p.shedder.Observe(false, x.pick.Now)
	}
	switch outcome {
	case balancer.None:
		x.worker.poolStats(p.poolState).nobody++
		return errNoBackend
	case balancer.PickedInPanic:
		x.worker.poolStats(p.poolState).panics++
	}
	x.take(m)
	return nil
}

// aim tells the balancer what the request is like, and which attempt it is.
func (x *exchange) aim() {
	r := &x.pick
	r.Now = x.worker.loop.Now()
	r.Key, r.Keyed = x.key, x.keyed
	r.Affinity = x.pool.affinityOf(x.worker)
	r.Allowed = x.target.allowed
	r.NoSpill = len(x.origin) > 0
	r.NoHold = false
	r.Tried = x.tried[:min(x.attempts, len(x.tried))]
	r.AllowTried = true
	from := ""
	if x.attempts > 0 {
		from = x.record.member.Region
	}
	x.target.budgets.Aim(r, x.scope, from)
}

func (x *exchange) take(m *balancer.Member) {
	x.member = m
	x.backend = m.Data.(*backend)
	x.countPick(m)
	if x.attempts < len(x.tried) {
		x.tried[x.attempts] = m.Backend
	}
	x.attempts++
	x.record.reason = x.pick.Reason
	x.noteMember()
}

// noteMember notes whose answer the client gets.
func (x *exchange) noteMember() {
	x.record.member = x.member
	x.setSRV = x.pool.sticky != nil && x.record.stickyHash != x.member.Backend.Hash()
}
