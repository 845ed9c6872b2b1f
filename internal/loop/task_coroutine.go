//go:build linux && !portable

package loop

import "iter"

// An execution is the coroutine that a task runs as.
type execution struct {
	next   func() (struct{}, bool)
	yield  func(struct{}) bool
	link   *Task // in a taskList
	budget int
}

const (
	// turnBudget is how many bytes a task may move before others have their turn.
	turnBudget = 512 << 10
	// callCost is what a system call counts beside its bytes, so that small ones end a turn, too.
	callCost = 2 << 10
)

// Start runs r on a task of this loop, in this turn or the next; never before
// it returns. False: the loop is ending, and r will not be run.
func (l *Loop) Start(r Runner) bool {
	if l.stopping {
		return false
	}
	t := l.tasks.take()
	t.runner = r
	t.state = queued
	t.wake = nil
	l.ready.push(t)
	return true
}

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

func (t *Task) suspend() { t.yield(struct{}{}) }

// resumeLater puts a waiting task into the ready list.
func (t *Task) resumeLater(err error) {
	if t.state == queued || t.state == running {
		return
	}
	t.wake = err
	t.state = queued
	t.loop.ready.push(t)
}

// Spend takes a call that moved n bytes from the turn's budget. It is
// for calls that do not wait ([Conn.TryRead], [Conn.TryWrite]), which take
// nothing from it themselves.
func (t *Task) Spend(n int) { t.budget -= n + callCost }

// Yield lets the others of the loop have their turn when the task's budget is
// used up. That is done before more is moved, not after: what follows the last move of an
// exchange must not be late. What interrupts the task meanwhile ends its next wait.
func (t *Task) Yield() {
	if t.budget <= 0 {
		t.giveWay()
	}
}

func (t *Task) giveWay() {
	t.wake = nil
	t.loop.ready.push(t)
	if err := t.wait(queued); err != nil {
		t.missed = err
	}
}

// body is what the coroutine runs: one Runner after the other.
func (t *Task) body(yield func(struct{}) bool) {
	t.yield = yield
	for {
		t.runOnce()
		t.reset()
		if t.loop.tasks.full() {
			t.state = ended
			t.loop.tasks.left(t)
			return
		}
		t.state = free
		yield(struct{}{})
	}
}

func newTask(l *Loop) *Task {
	t := &Task{loop: l}
	t.sleeper.owner = t
	t.next, _ = iter.Pull(t.body)
	return t
}
