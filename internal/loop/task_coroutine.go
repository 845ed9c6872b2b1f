//go:build linux && !portable

package loop

import (
	"iter"
	"time"
)

// A Runner is what a task runs. Passing a pointer keeps starting a task free of
// allocation.
type Runner interface {
	// Run is called once, on the loop. When it returns, the task may be given
	// other work: it must not be kept.
	Run(t *Task)
}

// A Task is a coroutine on one loop. Its methods are called by the code that it
// runs, except Unpark.
type Task struct {
	loop    *Loop
	runner  Runner
	next    func() (struct{}, bool)
	yield   func(struct{}) bool
	link    *Task // in a taskList
	wake    error // what the next resume brings
	budget  int
	state   taskState
	token   bool // Unpark came before Park
	sleeper timer
}

type taskState uint8

const (
	free    taskState = iota
	running           // on the loop now
	waiting           // for a connection
	parked            // in Park
	queued            // in the loop's ready list
	ended
)

// turnBudget is how many bytes a task may move before others have their turn.
const turnBudget = 512 << 10

// Start runs r on a task of this loop, now if the caller is not itself a task,
// else in this turn or the next.
func (l *Loop) Start(r Runner) {
	t := l.tasks.take()
	t.runner = r
	t.state = queued
	t.wake = nil
	if l.stopping {
		t.wake = ErrStopped
	}
	l.ready.push(t)
}

// startNow is Start for the loop's own handlers: the task runs at once.
func (l *Loop) startNow(r Runner) {
	t := l.tasks.take()
	t.runner = r
	t.resume(nil)
}

// Loop returns the loop that the task belongs to.
func (t *Task) Loop() *Loop { return t.loop }

// resume switches to the task until it waits or is done. Only the loop calls it.
func (t *Task) resume(err error) {
	t.wake = err
	t.state = running
	t.budget = turnBudget
	t.next()
	if t.state == free {
		t.loop.tasks.put(t)
	}
}

// wait gives the loop its turn and returns what resume brought.
func (t *Task) wait(s taskState) error {
	t.state = s
	t.yield(struct{}{})
	err := t.wake
	t.wake = nil
	return err
}

// resumeLater puts a waiting task into the ready list.
func (t *Task) resumeLater(err error) {
	if t.state == queued || t.state == running {
		return
	}
	t.wake = err
	t.state = queued
	t.loop.ready.push(t)
}

// interrupt resumes a task that waits for whatever it may be.
func (t *Task) interrupt(err error) {
	if t.state == waiting || t.state == parked {
		t.resume(err)
	}
}

// Interrupt ends another task's wait with err, for callers on the task's own
// loop. A task that does not wait is not disturbed.
func (t *Task) Interrupt(err error) {
	if t.state == waiting || t.state == parked {
		t.resumeLater(err)
	}
}

// spend takes n bytes from the turn's budget and lets others run when it is used up.
func (t *Task) spend(n int) {
	if t.budget -= n; t.budget <= 0 {
		t.wake = nil
		t.loop.ready.push(t)
		t.wait(queued)
	}
}

// Park waits until Unpark, or until deadline (0: none), which gives ErrTimeout.
// It may return early without cause: the caller looks at its condition again.
func (t *Task) Park(deadline int64) error {
	if t.loop.stopping {
		return ErrStopped
	}
	if t.token {
		t.token = false
		return nil
	}
	if deadline != 0 {
		if deadline <= t.loop.now {
			return ErrTimeout
		}
		t.loop.arm(&t.sleeper, deadline)
	}
	err := t.wait(parked)
	t.loop.wheel.remove(&t.sleeper)
	return err
}

// unpark is Unpark on the loop.
func (t *Task) unpark() {
	if t.state == parked {
		t.resumeLater(nil)
		return
	}
	t.token = true
}

// Resume is Unpark for callers on the task's own loop.
func (t *Task) Resume() { t.unpark() }

func (t *Task) expire(int64) {
	if t.state == parked {
		t.resume(ErrTimeout)
	}
}

// Sleep waits for d. The error is ErrStopped when the loop ends.
func (t *Task) Sleep(d time.Duration) error {
	until := t.loop.now + int64(d)
	for {
		switch err := t.Park(until); err {
		case nil:
		case ErrTimeout:
			return nil
		default:
			return err
		}
	}
}

// Await runs f on a goroutine of its own and waits for its end, which may be
// long: the loop goes on meanwhile. f must not touch what belongs to the loop.
func (t *Task) Await(f func()) {
	done := false
	go func() {
		defer t.loop.Post(func() {
			done = true
			t.unpark()
		})
		defer t.loop.recoverPanic()
		f()
	}()
	for !done {
		t.wait(parked)
	}
}

// body is what the coroutine runs: one Runner after the other.
func (t *Task) body(yield func(struct{}) bool) {
	t.yield = yield
	for t.state != ended {
		t.runOnce()
		t.runner, t.token = nil, false
		if t.loop.tasks.full() {
			t.state = ended
			t.loop.tasks.left(t)
			return
		}
		t.state = free
		yield(struct{}{})
	}
}

func (t *Task) runOnce() {
	defer t.loop.recoverPanic()
	if t.wake == ErrStopped {
		return
	}
	t.wake = nil
	t.runner.Run(t)
}

func newTask(l *Loop) *Task {
	t := &Task{loop: l}
	t.sleeper.owner = t
	t.next, _ = iter.Pull(t.body)
	return t
}
