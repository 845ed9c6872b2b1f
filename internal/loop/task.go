package loop

import "time"

// A Runner is what a task runs. Passing a pointer keeps starting a task free of
// allocation.
type Runner interface {
	// Run is called once, on the loop. When it returns, the task may be given
	// other work: it must not be kept.
	Run(t *Task)
}

// A Task is straight-line code on one loop. Its methods are called by the code
// that it runs, except Unpark, Resume and Interrupt.
type Task struct {
	execution
	loop    *Loop
	runner  Runner
	wake    error // what ends the present wait
	missed  error // an interruption that came outside of a wait it could end
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
	queued            // to run soon
	ended
)

// Loop returns the loop that the task belongs to.
func (t *Task) Loop() *Loop { return t.loop }

// wait gives the loop to others until the task is resumed, and returns with what.
func (t *Task) wait(s taskState) error {
	if err := t.missed; err != nil && s != queued {
		t.missed = nil
		return err
	}
	t.state = s
	t.suspend()
	err := t.wake
	t.wake = nil
	return err
}

// Interrupt ends another task's wait with err, for callers on the task's own
// loop. A wait that can not be cut short (the task has its next turn already,
// or is in [Task.Await]) goes on, and the wait after it ends with err. A task
// that does not wait is not disturbed.
func (t *Task) Interrupt(err error) {
	switch t.state {
	case waiting, parked:
		t.resumeLater(err)
	case queued:
		if t.wake == nil {
			t.wake = err
		}
	}
}

// Forget drops an interruption by err that has not ended a wait yet, for the
// task itself: what it was interrupted for is over.
func (t *Task) Forget(err error) {
	if t.missed == err {
		t.missed = nil
	}
}

// Park waits until Unpark, or until deadline (0: none), which gives ErrTimeout.
// It may return early without cause: the caller looks at its condition again.
func (t *Task) Park(deadline int64) error {
	if t.loop.stopping {
		t.giveWay() // or a caller that waits for another task would never let it end
		return ErrStopped
	}
	if t.token && t.missed == nil {
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

// expire is told by the wheel: Park's deadline has passed.
func (t *Task) expire(int64) {
	if t.state == parked {
		t.resumeLater(ErrTimeout)
	}
}

// Sleep waits for d. An interruption or the end of the loop (ErrStopped) cuts it short.
func (t *Task) Sleep(d time.Duration) error {
	until := t.loop.now + int64(d)
	unparked := false
	defer func() { t.token = t.token || unparked }()
	for {
		switch err := t.Park(until); err {
		case nil:
			unparked = true
		case ErrTimeout:
			return nil
		default:
			return err
		}
	}
}

// Await runs f on a goroutine of its own and waits for its end, which may be
// long: the loop goes on meanwhile. f must not touch what belongs to the loop.
// A panic in f is counted as one on the loop. Nothing cuts the wait short.
func (t *Task) Await(f func()) {
	done := false
	t.loop.group.awaited.Add(1)
	go func() {
		defer t.loop.group.awaited.Add(-1)
		defer t.loop.Post(func() {
			done = true
			if t.state == parked {
				t.resumeLater(nil)
			} else if t.wake == nil {
				t.token = true // an Unpark was first
			}
		})
		defer t.loop.recoverPanic()
		f()
	}()
	var missed error
	unparked := false
	for !done {
		err := t.wait(parked)
		if err != nil && missed == nil {
			missed = err
		}
		unparked = unparked || (err == nil && !done)
	}
	t.missed = missed
	t.token = t.token || unparked
}

// runOnce runs the task's Runner; a task without one was called to end.
func (t *Task) runOnce() {
	defer t.loop.recoverPanic()
	if t.runner == nil {
		return
	}
	t.wake = nil
	t.runner.Run(t)
}

// reset makes the task fit for another Runner.
func (t *Task) reset() { t.runner, t.missed, t.token = nil, nil, false }
