package main

import (
	"math/rand/v2"

	"spillway/balancer"
	"spillway/health"
)

// Spillway as its documentation sets it up: see config.example.yaml.
const (
	retryAttempts = 2
	retryShare    = 0.2
	retryFloor    = 10
	holdPlaces    = 3
	waitPlaces    = 100
	waitLongest   = second
	slowStartTime = 5 * second
)

// spillway drives the real balancer and the real health with the clock of the world, in the way in which the proxy
// does: pick, hold, wait, attempt, observe, retry.
type spillway struct {
	instances [][]*instance // by region
}

func (s *spillway) offer(x *request) { s.instances[x.region][x.instance].offer(x) }

func newSpillway(w *world) *spillway {
	s := &spillway{}
	use := uint64(dicePolicies)
	for r, region := range w.scenario.regions {
		var here []*instance
		for range region.proxies {
			here = append(here, newInstance(w, r, use))
			use++
		}
		s.instances = append(s.instances, here)
	}
	return s
}

// An instance is one spillway process. It knows nothing of the others.
type instance struct {
	w        *world
	region   int
	view     *balancer.View
	queue    *balancer.Queue
	settings balancer.Settings
	members  []balancer.Member // by server
	group    *health.Group
	trackers []*health.Tracker // by server
	checks   health.CheckSettings
	dice     *balancer.Rand
	chance   *rand.Rand // for health
	budgets  balancer.RetryBudgets
	shedder  *balancer.Shedder
	pick     balancer.Request
	affinity *balancer.Affinity
	rebuilds int
}

func newInstance(w *world, region int, use uint64) *instance {
	in := &instance{w: w, region: region, dice: balancer.NewRand(w.seed<<16 + use), chance: newDice(w.seed, use)}
	in.queue = balancer.NewQueue(waitPlaces)
	in.budgets = balancer.RetryBudgets{Local: balancer.NewRetryBudget(retryShare, retryFloor), Cross: balancer.NewRetryBudget(retryShare, retryFloor)}
	if w.scenario.graded {
		in.shedder = &balancer.Shedder{}
	}
	in.configure()
	in.startHealth()
	in.rebuild()
	w.every(100*milli, in.tick)
	return in
}

func (in *instance) configure() {
	s := in.w.scenario
	in.settings = balancer.Settings{Hold: holdPlaces, Learn: s.learned, SlowStart: slowStartTime}
	if s.keys > 0 {
		in.settings.Policy, in.settings.BoundedFrom = balancer.ConsistentHash, 4
	}
	for _, r := range in.w.order(in.region) {
		in.settings.Regions = append(in.settings.Regions, s.regions[r].name)
		in.settings.RTT = append(in.settings.RTT, in.w.rtt(in.region, r))
	}
	for _, b := range in.w.servers {
		m := balancer.Member{Backend: balancer.NewBackend(b.id), Weight: 1, Region: s.regions[b.region].name, Index: b.index}
		if !s.learned {
			m.MaxRequests = int64(in.w.limit(b, in.region))
		}
		in.members = append(in.members, m)
	}
}

// limit is what each proxy of a region is told that a server can have in flight: its share of the slots, and of what is
// on the way meanwhile where the server is far.
func (w *world) limit(b *server, region int) int {
	s := w.scenario
	slots := float64(b.slots)
	if b.region != region {
		slots *= float64(s.service.mean+w.rtt(region, b.region)) / float64(s.service.mean)
	}
	return max(1, int(slots)/max(1, s.regions[region].proxies))
}

func (in *instance) tick() {
	now := in.w.now
	in.apply(in.group.Tick(now, in.chance.Float64())...)
	in.view.Tick(now)
	if in.shedder != nil {
		in.shedder.Tick(now)
	}
}

// rebuild makes the view that fits the availability now.
func (in *instance) rebuild() {
	for i := range in.members {
		t := in.trackers[i]
		in.members[i].Available, in.members[i].Refused, in.members[i].Probation = t.Available(), t.Refused(), t.Probation()
	}
	in.rebuilds++
	in.view = balancer.NewView(in.settings, in.members, in.view)
	in.queue.Serve(in.view, &balancer.Request{Now: in.w.now, Rand: in.dice})
}

// exchange is a request on its way through an instance.
type exchange struct {
	*request
	tried    [retryAttempts + 1]*balancer.Backend
	attempts int
	scope    balancer.RetryScope
	from     string
}

func (in *instance) offer(x *request) {
	in.budgets.Request(in.w.now)
	if in.shedder != nil && !in.shedder.Admit(x.priority, false, in.w.now, in.dice) {
		in.w.fail(x)
		return
	}
	in.choose(&exchange{request: x}, false)
}

// choose picks a backend; where all are full the request waits, and where home is, perhaps a moment.
func (in *instance) choose(e *exchange, held bool) {
	r := &in.pick
	*r = balancer.Request{Now: in.w.now, Rand: in.dice, Key: e.key, Keyed: in.w.scenario.keys > 0, Affinity: in.affinity,
		Tried: e.tried[:e.attempts], AllowTried: true, NoHold: held, Holding: in.queue.Holding()}
	in.budgets.Aim(r, e.scope, e.from)
	m, outcome := (*balancer.Member)(nil), balancer.Full
	if in.queue.Waiting() == 0 {
		m, outcome = in.view.Pick(r)
	}
	switch outcome {
	case balancer.Hold:
		in.hold(e, r.Patience)
	case balancer.Full:
		in.wait(e)
	case balancer.None:
		in.w.fail(e.request)
	default:
		in.letIn(e, false)
		in.take(e, m)
	}
}

// letIn tells the shedder what became of a request. One that waits was not refused yet.
func (in *instance) letIn(e *exchange, refused bool) {
	if in.shedder != nil && e.attempts == 0 {
		in.shedder.Observe(refused, in.w.now)
	}
}

// hold waits for a slot at home as long as that is better than leaving.
func (in *instance) hold(e *exchange, patience int64) {
	w := &balancer.Waiter{}
	w.Wake = func() { in.take(e, w.Taken()) }
	switch {
	case !in.queue.Hold(w, in.view, &in.pick):
		in.choose(e, true)
	case w.Taken() != nil:
		in.take(e, w.Taken())
	default:
		in.w.after(patience, func() {
			if w.Taken() == nil {
				in.queue.Leave(w)
				in.choose(e, true)
			}
		})
	}
}

// wait waits for a slot anywhere.
func (in *instance) wait(e *exchange) {
	w := &balancer.Waiter{Deadline: in.w.now + waitLongest}
	served := func() {
		in.letIn(e, false)
		in.take(e, w.Taken())
	}
	fail := func() {
		in.letIn(e, true)
		in.w.fail(e.request)
	}
	w.Wake = served
	switch {
	case !in.queue.Join(w, in.view, &in.pick):
		fail()
	case w.Taken() != nil:
		served()
	default:
		in.w.after(waitLongest, func() {
			if w.Taken() == nil {
				in.queue.Leave(w)
				fail()
			}
		})
	}
}

func (in *instance) take(e *exchange, m *balancer.Member) {
	e.tried[e.attempts] = m.Backend
	e.attempts++
	sent := in.w.now
	in.w.send(in.region, in.w.servers[m.Index], e.demand, in.w.scenario.timeout, func(r result) { in.ended(e, m, sent, r) })
}

// ended tells health and load what came of an attempt, and makes another where the rules of retries allow one.
func (in *instance) ended(e *exchange, m *balancer.Member, sent int64, r result) {
	now := in.w.now
	b := in.members[m.Index].Backend
	t := in.trackers[m.Index]
	switch r {
	case answered:
		b.Observe(now, now-sent, balancer.Succeeded)
		in.apply(t.Answered(0, sent, now, 200, in.chance.Float64()))
	case unavailable:
		b.Observe(now, now-sent, balancer.Overloaded)
		in.apply(t.Answered(0, sent, now, 503, in.chance.Float64()))
	default:
		b.Observe(now, now-sent, r.toBalancer())
		in.apply(t.Failure(sent, now, r.toHealth(), in.chance.Float64()))
	}
	in.queue.Release(m, in.view, now)
	if r == answered {
		in.w.answer(e.request, in.w.servers[m.Index])
		return
	}
	if e.attempts <= retryAttempts {
		e.scope = in.budgets.Allow(now, e.attempts == retryAttempts)
		if e.from = m.Region; e.scope != balancer.NoRetry {
			in.choose(e, false)
			return
		}
	}
	in.w.fail(e.request)
}

func (r result) toBalancer() balancer.Result {
	if r == refused {
		return balancer.Failed
	}
	return balancer.Overloaded
}

func (r result) toHealth() health.Cause {
	switch r {
	case refused:
		return health.ConnectRefused
	case reset:
		return health.Reset
	}
	return health.ResponseTimeout
}
