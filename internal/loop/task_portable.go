//go:build !linux || portable

package loop

import "runtime"

// An execution is the goroutine that a task runs as.
type execution struct {
	resumed chan struct{} // a task that is parked is to go on
	unblock func()        // ends what a task that waits for a connection is blocked in
	spent   int
}

// turnBudget is how many bytes a task may move by calls that do not wait before others have their turn.
const turnBudget = 512 << 10

// Start runs r on a task of this loop, soon; never before it returns or before
// its caller waits. False: the loop is ending, and r will not be run.
func (l *Loop) Start(r Runner) bool {
	if l.stopping {
		return false
	}
	t := &Task{loop: l, runner: r, state: queued, execution: execution{resumed: make(chan struct{}, 1)}}
	t.sleeper.owner = t
	l.tasks[t] = struct{}{}
	go t.run()
	return true
}

func (t *Task) run() {
	l := t.loop
	l.enter()
	t.state = running
	defer func() {
		t.state = ended
		t.reset()
		delete(l.tasks, t)
		if l.stopping {
			l.rouse()
		}
		l.leave()
	}()
	t.runOnce()
}

// suspend lets others run until resumeLater.
func (t *Task) suspend() {
	t.loop.leave()
	<-t.resumed
	t.loop.enter()
	t.state = running
}

// giveWay lets the others of the loop have their turn.
func (t *Task) giveWay() {
	t.loop.leave()
	t.loop.enter()
	t.state = running
}

// block lets others run while f blocks. It returns with what the task was
// resumed, if it was: then unblock was called, and must have ended f.
func (t *Task) block(f, unblock func()) (resumed bool, err error) {
	if err := t.missed; err != nil {
		t.missed = nil
		return true, err
	}
	t.state, t.unblock = waiting, unblock
	t.loop.leave()
	f()
	t.loop.enter()
	resumed = t.state == queued
	err, t.wake = t.wake, nil
	t.state, t.unblock = running, nil
	return resumed, err
}

// Spend takes a call that moved n bytes from the turn's budget. It is
// for calls that do not wait ([Conn.TryRead], [Conn.TryWrite]), which take
// nothing from it themselves.
func (t *Task) Spend(n int) { t.spent += n }

// Yield lets others run when the task's budget is used up.
func (t *Task) Yield() {
	if t.spent < turnBudget {
		return
	}
	t.spent = 0
	t.loop.leave()
	runtime.Gosched()
	t.loop.enter()
}

// resumeLater has a waiting task go on.
func (t *Task) resumeLater(err error) {
	switch t.state {
	case parked:
		t.wake, t.state = err, queued
		t.resumed <- struct{}{}
	case waiting:
		t.wake, t.state = err, queued
		t.unblock()
	}
}
