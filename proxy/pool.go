package proxy

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/http1"
	"spillway/internal/loop"
	"spillway/internal/probe"
)

// A pool is what one snapshot says of a pool, with the state that outlives it.
type pool struct {
	*poolState
	hostLiteral     []byte // nil: see hostBackend
	hostBackend     bool   // backends see their own address as Host, else what the client sent
	requestBuffer   int64
	connectTimeout  int64 // nanoseconds, like all that follow; 0: none
	responseTimeout int64
	idleTimeout     int64
	tunnelTimeout   int64
	queueSize       int
	queueTimeout    int64
	sticky          *stickyCookie
	hedge           *config.Hedge // nil: none
	loadHeader      []byte        // by which backends tell of their load; nil: none do
	orca            bool          // in the words of Open Request Cost Aggregation
	hashOn          []config.HashKey
	from            *config.Pool
}

type stickyCookie struct {
	cookie string
	maxAge int64 // seconds; 0: a session cookie
}

// poolState is a pool's life over reloads. Its members and settings are changed
// under mu, each change ending in a new view; everything else may be used by any loop.
type poolState struct {
	name        string
	server      *Server
	view        atomic.Pointer[balancer.View]
	health      *health.Group
	queue       *balancer.Queue
	shedder     balancer.Shedder
	affinity    atomic.Pointer[[]*balancer.Affinity] // by loop; nil: none
	stats       []poolStats                          // by loop
	hedgeClocks []hedgeClock                         // by loop

	mu             sync.Mutex
	settings       balancer.Settings
	members        []balancer.Member
	backends       map[string]*backend // by id
	rand           *balancer.Rand
	config         *config.Pool
	check          *probe.Settings // nil: none
	checkers       map[*backend]*probe.Checker
	names          map[string]*followedName
	affinityConfig *config.Affinity
	closed         bool
	nameFailures   atomic.Uint64
	weighTimer     *loop.Timer // on the first loop, like tick
	tick           *loop.Timer // ends ejections; on the first loop
	transitions    [8]uint64   // by the state entered
}

// rebuild makes the view that fits the members' availability now and puts it in force.
func (p *poolState) rebuild() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rebuildLocked()
}

func (p *poolState) rebuildLocked() {
	for i := range p.members {
		m := &p.members[i]
		b := m.Data.(*backend)
		m.Available = b.tracker.Available()
		m.Probation = b.tracker.Probation()
		m.Drained = b.tracker.State() == health.Draining
		m.Refused = b.tracker.Refused() || m.Drained
	}
	view := balancer.NewView(p.settings, p.members, p.view.Load())
	p.server.evacuations.Limit(p.name, view, loop.Nanotime())
	was := p.view.Swap(view)
	if view.Panic() && (was == nil || !was.Panic()) && was != nil {
		p.server.log.Warn("no backend is available: all are tried", "pool", p.name)
	}
	p.queue.Serve(view, &balancer.Request{Now: loop.Nanotime(), Rand: p.rand})
}

// apply puts a change of a backend's health into force: one line, one count, one view.
func (p *poolState) apply(transitions ...health.Transition) {
	rebuild := false
	for _, t := range transitions {
		if t.ProbationEnded {
			rebuild = true
		}
		if !t.Changed() {
			continue
		}
		level := slog.LevelWarn
		if t.To == health.Healthy {
			level = slog.LevelInfo
		}
		p.server.log.Log(context.Background(), level, "backend is "+t.To.String(), "pool", p.name, "backend", t.ID, "was", t.From.String(), "reason", t.Reason)
		p.mu.Lock()
		p.transitions[t.To]++
		p.welcome(t)
		p.mu.Unlock()
		rebuild = rebuild || t.AvailabilityChanged()
	}
	if rebuild {
		p.rebuild()
		p.scheduleTick()
	}
}

// welcome begins the slow start of a backend that is new or back, unless there is
// nobody else who could take the load meanwhile. The caller holds mu.
func (p *poolState) welcome(t health.Transition) {
	if b := p.backends[t.ID]; b != nil && t.To == health.Healthy && p.health.Available() > 1 {
		b.balance.Warm(loop.Nanotime())
		b.load.Reset()
	}
}

// scheduleTick sets the timer for the next change that time alone brings.
func (p *poolState) scheduleTick() {
	p.server.workers[0].loop.Post(func() {
		if at, ok := p.health.NextDeadline(); ok {
			p.tick.Set(at)
		} else {
			p.tick.Stop()
		}
	})
}

func (p *poolState) onTick(now int64) {
	p.apply(p.health.Tick(now, p.server.workers[0].dice())...)
	p.scheduleTick()
}

// affinityOf is the worker's table of keys in use; nil where the pool keeps none.
func (p *poolState) affinityOf(w *worker) *balancer.Affinity {
	if tables := p.affinity.Load(); tables != nil {
		return (*tables)[w.index]
	}
	return nil
}

// release gives a slot back; a request that waits for one gets it at once.
func (p *poolState) release(m *balancer.Member, now int64) {
	p.queue.Release(m, p.view.Load(), now)
}

// idleMargin is how much earlier than the backend spillway ends an idle connection.
const idleMargin = int64(time.Second)

// idlePatience is how long a connection may be kept: shorter than the backend
// says that it will keep it.
func (p *pool) idlePatience(r *http1.Response) int64 {
	if r.KeepAliveTimeout <= 0 {
		return p.idleTimeout
	}
	theirs := int64(r.KeepAliveTimeout) * int64(time.Second)
	return min(p.idleTimeout, max(theirs-idleMargin, theirs/2))
}
