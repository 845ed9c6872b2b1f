package loop

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a Group. The zero value is usable.
type Options struct {
	// Loops is how many loops run; 0 means one per usable CPU.
	Loops int
	// OnPanic is told of a panic in code on a loop, with the stack where it
	// happened. It runs where the panic did: on the loop, or on a goroutine of
	// [Task.Await]. Nil: the panic is counted only.
	OnPanic func(value any, stack []byte)
	// OnStall is told that a loop has not come round for StallAfter, with the
	// stacks of all goroutines. It runs on a goroutine of the group, once a stall.
	OnStall func(loop int, since time.Duration, stacks []byte)
	// StallAfter is how long one turn of a loop may take; 0 means one second.
	StallAfter time.Duration
}

// A Group is the set of loops of a process. Its methods may be called from any goroutine.
type Group struct {
	options Options
	loops   []*Loop
	panics  atomic.Uint64
	stalls  atomic.Uint64
	awaited atomic.Int64 // goroutines that tasks wait for
	stop    chan struct{}
	stopped sync.WaitGroup
	once    sync.Once
}

// NewGroup starts the loops. Unless the environment sets GOMAXPROCS, it is
// raised to one above their number: a loop never blocks, and what runs beside
// the loops needs a processor of its own to be punctual.
func NewGroup(o Options) (*Group, error) {
	if o.StallAfter == 0 {
		o.StallAfter = time.Second
	}
	if o.Loops <= 0 {
		o.Loops = usableCPUs()
	}
	leaveProcessorFor(o.Loops)
	g := &Group{options: o, stop: make(chan struct{})}
	for i := range o.Loops {
		l, err := newLoop(g, i)
		if err != nil {
			for _, l := range g.loops {
				l.release()
			}
			return nil, fmt.Errorf("loop %d: %w", i, err)
		}
		g.loops = append(g.loops, l)
	}
	for _, l := range g.loops {
		g.stopped.Go(l.run)
	}
	g.stopped.Go(g.watch)
	return g, nil
}

// Loops returns the loops, by index. The slice must not be changed.
func (g *Group) Loops() []*Loop { return g.loops }

// Panics returns how many panics were recovered on loops.
func (g *Group) Panics() uint64 { return g.panics.Load() }

// Stalls returns how often a loop failed to come round in time.
func (g *Group) Stalls() uint64 { return g.stalls.Load() }

// Stop ends all loops: connections are closed, waiting tasks resume with an
// error and end. It returns when they have. It must not be called on a loop.
func (g *Group) Stop() {
	g.once.Do(func() {
		close(g.stop)
		for _, l := range g.loops {
			l.Post(l.beginStop)
		}
	})
	g.stopped.Wait()
}

// Each runs f once on every loop and returns when all have run, or when the
// wait has passed (a stalled loop): the result says whether all have. It must
// not be called on a loop.
func (g *Group) Each(wait time.Duration, f func(*Loop)) bool {
	done := make(chan struct{}, len(g.loops))
	for _, l := range g.loops {
		l.Post(func() {
			defer func() { done <- struct{}{} }()
			f(l)
		})
	}
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for range g.loops {
		select {
		case <-done:
		case <-timeout.C:
			return false
		case <-g.stop:
			return false
		}
	}
	return true
}

// emptiest chooses the loop for a new connection: the fewest connections
// count, but a loop that is behind is passed over while the others have no
// more than a tenth more.
func (g *Group) emptiest() *Loop {
	now := Nanotime()
	var best, punctual *Loop
	for _, l := range g.loops {
		if best == nil || l.connections.Load() < best.connections.Load() {
			best = l
		}
		if l.behind(now) {
			continue
		}
		if punctual == nil || l.connections.Load() < punctual.connections.Load() {
			punctual = l
		}
	}
	if punctual == nil {
		return best
	}
	if fewest := best.connections.Load(); punctual.connections.Load() > fewest+fewest/10 {
		return best
	}
	return punctual
}

func (g *Group) reportPanic(value any) {
	g.panics.Add(1)
	if g.options.OnPanic != nil {
		g.options.OnPanic(value, debug.Stack())
	}
}

// watch is the heartbeat seen from outside: it reports each loop whose turn does not end.
func (g *Group) watch() {
	every := time.NewTicker(g.options.StallAfter / 4)
	defer every.Stop()
	reported := make([]int64, len(g.loops))
	for {
		select {
		case <-g.stop:
			return
		case <-every.C:
		}
		now := Nanotime()
		for i, l := range g.loops {
			began := l.turnBegan.Load()
			if began == 0 || began == reported[i] || now-began < int64(g.options.StallAfter) {
				continue
			}
			reported[i] = began
			g.stalls.Add(1)
			if g.options.OnStall != nil {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				g.options.OnStall(i, time.Duration(now-began), stacks)
			}
		}
	}
}

// lag is how long a turn may take before new connections go elsewhere.
const lag = int64(10 * time.Millisecond)

func (l *Loop) behind(now int64) bool {
	began := l.turnBegan.Load()
	return began != 0 && now-began > lag
}
