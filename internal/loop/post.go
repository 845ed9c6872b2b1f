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
	closed  bool
}

// work is a function to call, a task to unpark or a connection to adopt.
type work struct {
	call    func()
	task    *Task
	arrival *arrival
}

// put adds w. It tells whether the mailbox was empty before, and whether
// anybody will look into it.
func (m *mailbox) put(w work) (first, taken bool) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false, false
	}
	first = len(m.work) == 0
	m.work = append(m.work, w)
	m.waiting.Store(true)
	m.mu.Unlock()
	return first, true
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

// close returns what nobody took. Nothing comes in any more.
func (m *mailbox) close() []work {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return m.work
}

// Post runs f on the loop, soon. It may be called from any goroutine and never
// blocks. What is posted to a loop that has stopped is not run.
func (l *Loop) Post(f func()) { l.post(work{call: f}) }

// Unpark lets a task that waits in [Task.Park] go on, or its next Park return
// at once. It may be called from any goroutine.
func (t *Task) Unpark() { t.loop.post(work{task: t}) }

// post tells whether the loop will look at w.
func (l *Loop) post(w work) bool {
	first, taken := l.mailbox.put(w)
	if first {
		l.rouse()
	}
	return taken
}

func (l *Loop) takeMail() {
	if l.mailbox.empty() {
		return
	}
	got := l.mailbox.take()
	for _, w := range got {
		switch {
		case w.task != nil:
			w.task.unpark()
		case w.arrival != nil:
			w.arrival.adopt(l)
		default:
			l.call(w.call)
		}
	}
	l.mailbox.give(got)
}

// refuseMail closes the mailbox of a loop that has ended.
func (l *Loop) refuseMail() {
	for _, w := range l.mailbox.close() {
		if w.arrival != nil {
			w.arrival.refuse(l)
		}
	}
}
