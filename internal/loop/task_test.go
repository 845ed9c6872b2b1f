package loop

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTaskRunsAfterStartReturned(t *testing.T) {
	l := oneLoop(t)
	var order []string
	done := make(chan struct{})
	l.Post(func() {
		l.Start(runner(func(*Task) {
			order = append(order, "task")
			l.Start(runner(func(*Task) {
				order = append(order, "task of the task")
				close(done)
			}))
			order = append(order, "end of task")
		}))
		order = append(order, "starter")
	})
	await(t, "the second task", done)
	if want := []string{"starter", "task", "end of task", "task of the task"}; !slices.Equal(order, want) {
		t.Errorf("got %q, want %q", order, want)
	}
}

func TestManyTasksAreReused(t *testing.T) {
	l := oneLoop(t)
	const tasks = 3 * 256
	for range 3 {
		var ended sync.WaitGroup
		ended.Add(tasks)
		onLoop(t, l, func() {
			for range tasks {
				l.Start(runner(func(task *Task) {
					defer ended.Done()
					if err := task.Sleep(time.Microsecond); err != nil {
						t.Error(err)
					}
				}))
			}
		})
		all := make(chan struct{})
		go func() { ended.Wait(); close(all) }()
		await(t, "the end of all tasks", all)
	}
}

// The race detector and the count tell when two tasks run at once.
func TestTasksOfALoopNeedNoLock(t *testing.T) {
	l := oneLoop(t)
	count := 0
	const tasks, steps = 50, 40
	var ended sync.WaitGroup
	for range tasks {
		ended.Go(func() {
			<-begin(l, func(task *Task) {
				for i := range steps {
					if i%2 == 0 {
						task.Await(func() {})
					} else if err := task.Sleep(time.Microsecond); err != nil {
						t.Error(err)
					}
					before := count
					runtime.Gosched()
					count = before + 1
				}
			})
		})
	}
	all := make(chan struct{})
	go func() { ended.Wait(); close(all) }()
	await(t, "the end of all tasks", all)
	if count != tasks*steps {
		t.Errorf("counted %d, want %d", count, tasks*steps)
	}
}

func TestUnparkFromAnotherGoroutine(t *testing.T) {
	l := oneLoop(t)
	const rounds = 2000
	var turn atomic.Int64
	ready := make(chan *Task, 1)
	done := begin(l, func(task *Task) {
		ready <- task
		for i := range int64(rounds) {
			for turn.Load() <= i {
				if err := task.Park(0); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	task := <-ready
	for range rounds {
		turn.Add(1)
		task.Unpark()
	}
	await(t, "the end of a task that was unparked each time", done)
}

func TestUnparkBeforeParkIsKept(t *testing.T) {
	onTask(t, oneLoop(t), func(task *Task) {
		task.Resume()
		if err := task.Park(0); err != nil {
			t.Errorf("Park: %v", err)
		}
		if err := task.Park(in(task.Loop(), time.Millisecond)); err != ErrTimeout {
			t.Errorf("second Park: %v; want one Unpark to serve one Park", err)
		}
	})
}

func TestUnparkDuringSleepAndAwaitIsKept(t *testing.T) {
	l := oneLoop(t)
	for name, wait := range map[string]func(*Task){
		"sleep": func(task *Task) { _ = task.Sleep(20 * time.Millisecond) },
		"await": func(task *Task) { task.Await(func() { time.Sleep(20 * time.Millisecond) }) },
	} {
		onTask(t, l, func(task *Task) {
			l.Post(task.Resume)
			wait(task)
			if err := task.Park(in(l, 10*time.Second)); err != nil {
				t.Errorf("%s: Park: %v", name, err)
			}
		})
	}
}

func TestSleepIsNeverShort(t *testing.T) {
	onTask(t, oneLoop(t), func(task *Task) {
		for _, d := range []time.Duration{-1, 0, 1, time.Millisecond, 5 * time.Millisecond, 30 * time.Millisecond} {
			before := task.Loop().Now()
			if err := task.Sleep(d); err != nil {
				t.Error(err)
			}
			if slept := task.Loop().Now() - before; slept < int64(d) {
				t.Errorf("slept %v instead of %v", time.Duration(slept), d)
			}
		}
	})
}

func TestParkTimesOutAtItsDeadline(t *testing.T) {
	onTask(t, oneLoop(t), func(task *Task) {
		deadline := in(task.Loop(), 10*time.Millisecond)
		if err := task.Park(deadline); err != ErrTimeout || task.Loop().Now() < deadline {
			t.Errorf("Park: %v, %v before the deadline", err, time.Duration(deadline-task.Loop().Now()))
		}
		if err := task.Park(task.Loop().Now()); err != ErrTimeout {
			t.Errorf("Park until now: %v", err)
		}
	})
}

func TestAwaitLeavesTheLoopToOthers(t *testing.T) {
	l := oneLoop(t)
	release := make(chan struct{})
	result := ""
	waiting := begin(l, func(task *Task) {
		task.Await(func() {
			<-release
			result = "resolved"
		})
		if result != "resolved" {
			t.Error("Await returned before its function had")
		}
	})
	onTask(t, l, func(task *Task) {
		if err := task.Sleep(time.Millisecond); err != nil {
			t.Error(err)
		}
	})
	close(release)
	await(t, "the end of Await", waiting)
}

func TestInterruptEndsAWait(t *testing.T) {
	l := oneLoop(t)
	errStop := errors.New("enough")
	c, _ := connected(t, l)
	for name, wait := range map[string]func(*Task) error{
		"park":          func(task *Task) error { return task.Park(0) },
		"sleep":         func(task *Task) error { return task.Sleep(time.Hour) },
		"read":          func(task *Task) error { _, err := c.Read(task, make([]byte, 1)); return err },
		"wait readable": func(task *Task) error { return c.WaitReadable(task) },
		"write": func(task *Task) error {
			_, err := c.Write(task, tooMuch)
			return err
		},
		"park after await": func(task *Task) error {
			task.Await(func() { time.Sleep(10 * time.Millisecond) })
			return task.Park(0)
		},
	} {
		var task *Task
		var got error
		started := make(chan struct{})
		done := begin(l, func(self *Task) {
			task = self
			close(started)
			got = wait(self)
		})
		await(t, name, started)
		eventually(t, l, name+" waits", func() bool { return task.state == waiting || task.state == parked })
		l.Post(func() { task.Interrupt(errStop) })
		await(t, "the end of "+name, done)
		if got != errStop {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestInterruptReachesATaskWhoseTurnComesAnyway(t *testing.T) {
	l := oneLoop(t)
	errStop := errors.New("enough")
	var task *Task
	var got error
	started := make(chan struct{})
	done := begin(l, func(self *Task) {
		task = self
		close(started)
		got = self.Park(0)
	})
	await(t, "the task", started)
	onLoop(t, l, func() {
		task.Resume()
		task.Interrupt(errStop)
	})
	await(t, "the end of the task", done)
	if got != errStop {
		t.Errorf("Park: %v", got)
	}
}

func TestInterruptionOfOneRunDoesNotReachTheNext(t *testing.T) {
	l := oneLoop(t)
	onTask(t, l, func(task *Task) {
		l.Post(func() { task.Interrupt(errors.New("late")) })
		task.Await(func() { time.Sleep(10 * time.Millisecond) })
	})
	onTask(t, l, func(task *Task) {
		if err := task.Sleep(time.Millisecond); err != nil {
			t.Errorf("Sleep: %v", err)
		}
	})
}

func TestPanicEndsOnlyWhatPanicked(t *testing.T) {
	type panicked struct {
		value any
		stack string
	}
	reports := make(chan panicked, 16)
	g := newGroupWith(t, Options{Loops: 1, OnPanic: func(v any, stack []byte) { reports <- panicked{v, string(stack)} }})
	l := g.Loops()[0]
	c, peer := connected(t, l)
	for i, source := range []struct {
		name string
		boom func()
	}{
		{"task", func() { begin(l, func(*Task) { panicHere() }) }},
		{"task after a wait", func() {
			begin(l, func(task *Task) { _ = task.Sleep(time.Millisecond); panicHere() })
		}},
		{"awaited function", func() { begin(l, func(task *Task) { task.Await(panicHere) }) }},
		{"posted function", func() { l.Post(panicHere) }},
		{"timer", func() {
			l.Post(func() { l.NewTimer(func(int64) { panicHere() }).Set(l.Now()) })
		}},
		{"waker", func() {
			onLoop(t, l, func() { c.Idle(waker(func(Event) { panicHere() })) })
			send(t, peer, "x")
		}},
	} {
		source.boom()
		select {
		case got := <-reports:
			if got.value != "boom" || !strings.Contains(got.stack, "panicHere") {
				t.Errorf("%s: reported %v with stack\n%s", source.name, got.value, got.stack)
			}
		case <-time.After(patience):
			t.Fatalf("%s: no report", source.name)
		}
		if got := g.Panics(); got != uint64(i+1) {
			t.Errorf("%s: %d panics counted, want %d", source.name, got, i+1)
		}
		onTask(t, l, func(task *Task) {
			if err := task.Sleep(time.Millisecond); err != nil {
				t.Errorf("after a panic in a %s: %v", source.name, err)
			}
		})
	}
	expectEOF(t, peer) // the connection whose waker panicked has no owner
}

func panicHere() { panic("boom") }

func TestEachReachesEveryLoop(t *testing.T) {
	g := newGroup(t, 3)
	var seen [3]atomic.Int32
	if !g.Each(patience, func(l *Loop) { seen[l.Index()].Add(1) }) {
		t.Fatal("not all loops answered")
	}
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("loop %d was visited %d times", i, n)
		}
	}
	for _, f := range []func(*Loop){func(*Loop) { panic("each") }, func(*Loop) {}} {
		if !g.Each(patience, f) {
			t.Error("a panic kept Each from its end")
		}
	}
	if g.Panics() != 3 {
		t.Errorf("%d panics counted, want 3", g.Panics())
	}
}

func TestEndOfTurnIsCalled(t *testing.T) {
	l := oneLoop(t)
	turns := make(chan struct{}, 1)
	onLoop(t, l, func() {
		l.AtEndOfTurn(func() { panic("first of two") })
		l.AtEndOfTurn(func() {
			select {
			case turns <- struct{}{}:
			default:
			}
		})
	})
	await(t, "the end of a turn", turns)
}

func TestTimerRingsOnceAndNotEarly(t *testing.T) {
	l := oneLoop(t)
	rang := make(chan int64, 4)
	var due int64
	onLoop(t, l, func() {
		timer := l.NewTimer(func(now int64) { rang <- now })
		timer.Set(in(l, time.Hour))
		due = in(l, 20*time.Millisecond)
		timer.Set(due)
		never := l.NewTimer(func(int64) { t.Error("a stopped timer rang") })
		never.Set(in(l, time.Millisecond))
		never.Stop()
	})
	if now := <-rang; now < due {
		t.Errorf("rang %v early", time.Duration(due-now))
	}
	onTask(t, l, func(task *Task) { _ = task.Sleep(20 * time.Millisecond) })
	if len(rang) != 0 {
		t.Error("rang twice")
	}
}

func TestTaskThatWaitsForAnotherLetsItEnd(t *testing.T) {
	g, err := NewGroup(Options{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	l := g.Loops()[0]
	parked := make(chan struct{})
	begin(l, func(first *Task) {
		ended := false
		l.Start(runner(func(second *Task) {
			close(parked)
			for second.Park(0) == nil {
			}
			ended = true
		}))
		for !ended {
			_ = first.Park(0)
		}
	})
	<-parked
	g.Stop() // hangs where the first task never lets the second one run
}
