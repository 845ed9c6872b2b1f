//go:build !linux || portable

package loop

import (
	"math"
	"sync"
	"time"
)

// An engine is a mutex that is held by whatever runs on the loop, and a
// goroutine for the timers and the mail. What blocks lets the mutex go.
type engine struct {
	mu         sync.Mutex
	rung       chan struct{} // ends the goroutine's wait
	wakeAt     int64         // when it ends by itself; 0 while it does not wait
	tasks      map[*Task]struct{}
	conns      map[*Conn]struct{}
	listeners  map[*Listener]struct{}
	goroutines int // beside the tasks, those that the loop waits for at its end
}

func newLoop(g *Group, index int) (*Loop, error) {
	l := &Loop{index: index, group: g, now: Nanotime(), engine: engine{
		rung:      make(chan struct{}, 1),
		tasks:     make(map[*Task]struct{}),
		conns:     make(map[*Conn]struct{}),
		listeners: make(map[*Listener]struct{}),
	}}
	l.wheel.tick = l.now >> tickShift
	return l, nil
}

// enter begins to run on the loop.
func (l *Loop) enter() {
	l.mu.Lock()
	l.now = Nanotime()
	l.turnBegan.Store(l.now)
}

// leave lets others run on the loop.
func (l *Loop) leave() {
	l.endTurn()
	l.turnBegan.Store(0)
	l.mu.Unlock()
}

func (l *Loop) run() {
	defer l.refuseMail()
	for {
		wait, finished := l.turn()
		if finished {
			return
		}
		timeout := time.NewTimer(wait)
		select {
		case <-l.rung:
		case <-timeout.C:
		}
		timeout.Stop()
	}
}

// turn serves the timers and the mail, and tells how long there is nothing of the kind.
func (l *Loop) turn() (wait time.Duration, finished bool) {
	l.enter()
	defer l.leave()
	l.wakeAt = 0
	for !l.advance() {
	}
	l.takeMail()
	if l.stopping && len(l.tasks) == 0 && l.goroutines == 0 {
		return 0, true
	}
	wait, l.wakeAt = math.MaxInt64, math.MaxInt64
	if next, ok := l.wheel.next(l.now); ok {
		wait, l.wakeAt = time.Duration(next), l.now+next
	}
	return wait, false
}

// advance returns false when a panic cut it short.
func (l *Loop) advance() (done bool) {
	defer l.recoverPanic()
	l.wheel.advance(l.now)
	return true
}

func (l *Loop) arm(t *timer, at int64) {
	l.wheel.add(t, at)
	if at < l.wakeAt {
		l.rouse()
	}
}

// rouse ends the wait of the loop's goroutine, or its next one.
func (l *Loop) rouse() {
	select {
	case l.rung <- struct{}{}:
	default:
	}
}

// begin counts a goroutine that the loop waits for at its end. What it runs is not on the loop.
func (l *Loop) begin(f func()) {
	l.goroutines++
	go func() {
		defer func() {
			l.enter()
			l.goroutines--
			l.rouse()
			l.leave()
		}()
		f()
	}()
}

// beginStop closes what the loop has, so that its tasks and goroutines end.
func (l *Loop) beginStop() {
	l.stopping = true
	for ln := range l.listeners {
		ln.closeOnLoop()
	}
	for c := range l.conns {
		c.Close()
	}
	for t := range l.tasks {
		t.resumeLater(ErrStopped)
	}
}

func (l *Loop) release() {}
