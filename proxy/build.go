package proxy

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/loop"
	"spillway/internal/probe"
	"spillway/internal/router"
)

// A plan is a new snapshot with everything that has to happen for it to come
// into force. Making one changes nothing that runs; carrying it out can not fail.
type plan struct {
	snapshot  *snapshot
	pools     []poolPlan
	opened    []*listener // already listening, not yet in force
	listeners []listenerPlan
	retired   []*listener
	limits    []func() // give each route its limits
	retiring  sync.WaitGroup
}

// A poolPlan is what becomes of one pool's state.
type poolPlan struct {
	state  *poolState
	config *config.Pool
}

type listenerPlan struct {
	listener *listener
	settings *listenerSettings
}

// plan builds the snapshot of c from what runs. Only the opening of listeners,
// its last step, can fail for reasons outside of c.
func (s *Server) plan(c *config.Config) (*plan, error) {
	p := &plan{snapshot: &snapshot{config: c, generation: s.generation + 1, loadedAt: loop.Nanotime(), pools: map[string]*pool{}}}
	for i := range c.Pools {
		p.planPool(s, c, &c.Pools[i])
	}
	if err := p.planRoutes(s, c); err != nil {
		return nil, err
	}
	if err := p.planListeners(s, c); err != nil {
		p.closeOpened()
		return nil, err
	}
	return p, nil
}

func (p *plan) planPool(s *Server, c *config.Config, from *config.Pool) {
	state := s.pools[from.Name]
	if state == nil {
		state = newPoolState(s, from)
	}
	p.pools = append(p.pools, poolPlan{state: state, config: from})
	p.snapshot.pools[from.Name] = newPool(state, from)
}

// boundedFrom lets the first few concurrent requests for one key stay together
// in a pool that is nearly idle, where 1.5 times the mean is less than one.
const boundedFrom = 8

func newPool(state *poolState, c *config.Pool) *pool {
	p := &pool{
		poolState:       state,
		requestBuffer:   c.RequestBuffer,
		connectTimeout:  int64(c.Timeouts.Connect),
		responseTimeout: int64(c.Timeouts.Response),
		idleTimeout:     int64(c.Timeouts.Idle),
		tunnelTimeout:   int64(c.Timeouts.Tunnel),
		queueSize:       c.Queue.Size,
		queueTimeout:    int64(c.Queue.Timeout),
		hashOn:          c.HashOn,
		from:            c,
		hedge:           c.Hedge,
	}
	switch c.Host {
	case config.HostPreserve, "":
	case config.HostBackend:
		p.hostBackend = true
	default:
		p.hostLiteral = []byte(c.Host)
	}
	if c.LoadHeader != "" {
		p.loadHeader, p.orca = []byte(c.LoadHeader), c.LoadHeader == config.LoadHeaderORCA
	}
	if c.Sticky != nil {
		p.sticky = &stickyCookie{cookie: c.Sticky.Cookie, maxAge: int64(c.Sticky.TTL.Seconds())}
	}
	return p
}

func (p *plan) planRoutes(s *Server, c *config.Config) error {
	taken := map[string]bool{}
	var requests, raw []router.Match
	for i := range c.Routes {
		name := routeName(i, &c.Routes[i].Match)
		if taken[name] {
			name = fmt.Sprintf("%s [%d]", name, i)
		}
		taken[name] = true
		r, err := newRoute(&c.Routes[i], name, p.snapshot.pools, s.budget, c)
		if err != nil {
			return fmt.Errorf("routes[%d]: %w", i, err)
		}
		r.stats = s.routeStats(name)
		p.limits = append(p.limits, func() { r.limits = newRouteLimits(&c.Routes[i], s.limitTables(name), loop.Nanotime()) })
		if match := newMatch(&c.Routes[i].Match); r.passesOn() {
			raw = append(raw, match)
			p.snapshot.rawRoutes = append(p.snapshot.rawRoutes, r)
		} else {
			requests = append(requests, match)
			p.snapshot.routes = append(p.snapshot.routes, r)
		}
	}
	var err, rawErr error
	p.snapshot.table, err = router.Build(requests)
	p.snapshot.rawTable, rawErr = router.Build(raw)
	return errors.Join(err, rawErr)
}

// planListeners opens what is new and keeps what stays.
func (p *plan) planListeners(s *Server, c *config.Config) error {
	wanted := map[string]bool{}
	for i := range c.Listeners {
		from := &c.Listeners[i]
		address := string(from.Address)
		wanted[address] = true
		ln := s.listeners[address]
		if ln == nil {
			var err error
			if ln, err = s.listen(address); err != nil {
				return fmt.Errorf("listeners[%d]: %w", i, err)
			}
			p.opened = append(p.opened, ln)
		}
		settings := newListenerSettings(from, portOf(ln))
		var err error
		if settings.tls, err = newListenerTLS(from, s.ticketKeys); err != nil {
			return fmt.Errorf("listeners[%d]: %w", i, err)
		}
		if from.Pool != "" {
			settings.rawTarget = newTarget(p.snapshot.pools[from.Pool], from.Pool, c, nil, s.budget)
		}
		p.listeners = append(p.listeners, listenerPlan{ln, settings})
	}
	for address, ln := range s.listeners {
		if !wanted[address] {
			p.retired = append(p.retired, ln)
		}
	}
	return nil
}

func (p *plan) closeOpened() {
	for _, ln := range p.opened {
		ln.socket.Close(nil)
	}
}

// retirePatience is how long a reload waits for a loop to close old listeners.
const retirePatience = time.Second

// awaitRetired waits until the old listeners are closed, so that whoever reloads
// may open their addresses again.
func (p *plan) awaitRetired() {
	done := make(chan struct{})
	go func() {
		p.retiring.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(retirePatience):
	}
}

// carryOut puts the plan into force: first the pools, so that every pool that a
// route names has its backends, then the listeners' settings, then the one
// store that routes requests by the new snapshot; at last what is gone is retired.
func (p *plan) carryOut(s *Server) {
	fresh := resolveNew(s.resolver, p.pools)
	s.distances.configure(p.snapshot.config, loop.Nanotime())
	for _, each := range p.pools {
		s.pools[each.state.name] = each.state
		each.state.configure(each.config, s.poolSettings(p.snapshot.config, each.config), fresh)
	}
	s.doubt.Configure(doubtSettings, loop.Nanotime())
	for _, each := range p.limits {
		each()
	}
	s.limitHandshakes(p.snapshot.config)
	for _, each := range p.listeners {
		each.listener.settings.Store(each.settings)
	}
	s.generation = p.snapshot.generation
	s.snapshot.Store(p.snapshot)
	for _, ln := range p.opened {
		s.listeners[ln.address] = ln
		ln.socket.Start()
	}
	for _, ln := range p.retired {
		delete(s.listeners, ln.address)
		p.retiring.Add(1)
		ln.retire(p.retiring.Done)
	}
	for name, state := range s.pools {
		if p.snapshot.pools[name] == nil {
			delete(s.pools, name)
			state.close()
		}
	}
	s.forgetUnused(p.snapshot)
}

func newPoolState(s *Server, c *config.Pool) *poolState {
	state := &poolState{
		name:        c.Name,
		server:      s,
		queue:       balancer.NewQueue(c.Queue.Size),
		stats:       make([]poolStats, len(s.workers)),
		hedgeClocks: make([]hedgeClock, len(s.workers)),
		backends:    map[string]*backend{},
		checkers:    map[*backend]*probe.Checker{},
		rand:        balancer.NewRand(randomSeed()),
	}
	state.health = health.NewGroup(healthSettings(c))
	state.health.SetDoubt(s.doubt)
	return state
}

func healthSettings(c *config.Pool) health.Settings {
	s := health.Settings{Ejection: health.EjectionSettings{Off: true}, Probation: true}
	if e := c.Ejection; e != nil {
		s.Ejection = health.EjectionSettings{Failures: e.Failures, Window: e.Window, Time: e.Time, MaxTime: e.MaxTime,
			KeepAtLeast: e.KeepAtLeast, Outliers: outlierSettings(e)}
	}
	if c.HealthCheck != nil {
		s.Check = &newCheckSettings(c.HealthCheck).Timing
	}
	return s
}

// doubtSettings say when the failure of most hosts at once is taken for one of the
// way to them.
var doubtSettings = health.DoubtSettings{Share: 0.5, Hosts: 3}

const (
	sweepInterval   = time.Second // an outlier must not serve for long
	latencyInterval = 250 * time.Millisecond
	outlierFraction = 0.5
	successMargin   = 0.05
	latencyFloor    = 50 * time.Millisecond
)

func outlierSettings(e *config.Ejection) health.OutlierSettings {
	o := health.OutlierSettings{Interval: sweepInterval, Fraction: outlierFraction}
	o.GatewayErrors.InARow = e.GatewayErrors
	if s := e.SuccessRate; s != nil {
		o.SuccessRate = health.SuccessRateSettings{Deviations: s.Stdev, Margin: successMargin, Hosts: s.MinHosts, Requests: s.MinRequests}
	}
	if l := e.Latency; l != nil {
		o.Latency = health.LatencySettings{Factor: l.Factor, Floor: latencyFloor, Interval: latencyInterval, Hosts: l.MinHosts, Requests: l.MinRequests}
	}
	return o
}

// sameAffinity tells whether the tables of a pool can stay.
func sameAffinity(a, b *config.Affinity) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
