package tlsconn

import (
	"slices"
	"testing"

	"spillway/internal/loop"
)

// work is longer than a turn has for handshakes.
func work() {
	for began := loop.Nanotime(); loop.Nanotime()-began < 2*leastShare; {
	}
}

func TestStepsThatFindNoTimeWaitTheirTurn(t *testing.T) {
	const steps = 50
	b := newBench(t)
	h := &b.worker.Handshakes
	turns := 0
	b.onLoop(func() { b.loop.AtEndOfTurn(func() { turns++ }) })
	var order []int
	var all []<-chan struct{}
	b.onLoop(func() { // all in one turn
		for i := range steps {
			done := make(chan struct{})
			all = append(all, done)
			b.loop.Start(runner(func(task *loop.Task) {
				defer close(done)
				s := &step{handshakes: h, task: task}
				if err := s.enter(); err != nil {
					t.Error(err)
				}
				if err := s.enter(); err != nil { // is in already
					t.Error(err)
				}
				order = append(order, i)
				work()
				s.leave()
				s.leave()
			}))
		}
	})
	for _, done := range all {
		await(t, "a step", done)
	}
	if len(order) != steps {
		t.Errorf("%d of %d steps", len(order), steps)
	}
	b.onLoop(func() {
		// A turn has at most one step more than the turn before.
		if turns < 9 {
			t.Errorf("%d steps in %d turns", steps, turns)
		}
		if h.steps.length != 0 {
			t.Error("somebody waits")
		}
	})
}

func TestAStepGivesUpAtItsDeadline(t *testing.T) {
	b := newBench(t)
	h := &b.worker.Handshakes
	b.onTask(func(task *loop.Task) {
		hog := &step{handshakes: h, task: task}
		if err := hog.enter(); err != nil {
			t.Error(err)
		}
		work()
		hog.leave()
		late := &step{handshakes: h, task: task, deadline: b.loop.Now()}
		if err := late.enter(); err != loop.ErrTimeout {
			t.Errorf("late: %v", err)
		}
		urgent := &step{handshakes: h, task: task, deadline: b.loop.Now(), urgent: true}
		if err := urgent.enter(); err != nil {
			t.Errorf("urgent: %v", err)
		}
		urgent.leave()
		if !h.steps.empty() {
			t.Error("the late one still waits")
		}
	})
}

func TestQueueAdmitsInOrderAndPassesOn(t *testing.T) {
	b := newBench(t)
	var q queue
	var order []int
	var tasks []*loop.Task
	var all []<-chan struct{}
	passed := 0
	for i := range 5 {
		all = append(all, b.begin(func(task *loop.Task) {
			tasks = append(tasks, task)
			if err := q.wait(task, 0, func() { passed++; q.admit() }); err == nil {
				order = append(order, i)
			}
		}))
		b.eventually("it waits", func() bool { return q.length == i+1 })
	}
	b.onLoop(func() {
		tasks[2].Interrupt(loop.ErrHangup) // leaves the middle
		tasks[4].Interrupt(loop.ErrHangup) // and the end
	})
	await(t, "an end", all[2])
	await(t, "an end", all[4])
	b.onLoop(func() {
		tasks[0].Interrupt(loop.ErrHangup) // has its turn already when it is admitted
		q.admit()
	})
	await(t, "an end", all[0])
	await(t, "the one that was passed to", all[1])
	b.onLoop(func() { q.admit() })
	await(t, "the last", all[3])
	if !slices.Equal(order, []int{1, 3}) || passed != 1 || q.admit() || !q.empty() {
		t.Errorf("admitted %v, passed on %d", order, passed)
	}
}
