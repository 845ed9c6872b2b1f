package loop

import (
	"sync"
	"sync/atomic"
)

// A mailbox takes work for a loop from any goroutine.
type mailbox struct {
	mu      sync.Mutex
	work    []work
	spare   []work
	waiting atomic.Bool
}

// work is a function to call or a task to unpark.
type work struct {
	call func()
	task *Task
}

// put adds w and tells whether the mailbox was empty before.
func (m *mailbox) put(w work) (first bool) {
	m.mu.Lock()
	first = len(m.work) == 0
	m.work = append(m.work, w)
	m.waiting.Store(true)
	m.mu.Unlock()
	return first
}

func (m *mailbox) empty() bool { return !m.waiting.Load() }

// take returns what has come in. The slice is valid until give.
func (m *mailbox) take() []work {
	m.mu.Lock()
	got := m.work
	m.work, m.spare = m.spare[:0], nil
	m.waiting.Store(false)
	m.mu.Unlock()
	return got
}

// give returns the slice of take for reuse.
func (m *mailbox) give(done []work) {
	clear(done)
	if cap(done) <= 4096 {
		m.mu.Lock()
		m.spare = done[:0]
		m.mu.Unlock()
	}
}

// Post runs f on the loop, soon. It may be called from any goroutine and never
// blocks. What is posted to a loop that has stopped is not run.
func (l *Loop) Post(f func()) { l.post(work{call: f}) }

// Unpark lets a task that waits in [Task.Park] go on, or its next Park return
// at once. It may be called from any goroutine.
func (t *Task) Unpark() { t.loop.post(work{task: t}) }
