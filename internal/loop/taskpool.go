//go:build linux && !portable

package loop

// A taskList is a queue of tasks, linked through them.
type taskList struct {
	head, tail *Task
	length     int
}

func (q *taskList) empty() bool { return q.head == nil }

func (q *taskList) push(t *Task) {
	t.link = nil
	if q.tail == nil {
		q.head = t
	} else {
		q.tail.link = t
	}
	q.tail = t
	q.length++
}

func (q *taskList) pop() *Task {
	t := q.head
	q.head = t.link
	if q.head == nil {
		q.tail = nil
	}
	t.link = nil
	q.length--
	return t
}

// maxFreeTasks caps the free list: a parked stack is 2 KiB or more.
const maxFreeTasks = 256

// A taskPool keeps the loop's tasks: the last that became free is the first
// to be used again, with its stack warm.
type taskPool struct {
	loop  *Loop
	free  *Task
	count int
	all   map[*Task]struct{} // every living task, so that stop reaches the parked ones
}

func (p *taskPool) take() *Task {
	if t := p.free; t != nil {
		p.free, t.link = t.link, nil
		p.count--
		return t
	}
	t := newTask(p.loop)
	if p.all == nil {
		p.all = make(map[*Task]struct{})
	}
	p.all[t] = struct{}{}
	return t
}

func (p *taskPool) put(t *Task) {
	t.link = p.free
	p.free = t
	p.count++
}

func (p *taskPool) full() bool { return p.count >= maxFreeTasks || p.loop.stopping }

func (p *taskPool) left(t *Task) { delete(p.all, t) }

// stop resumes every parked task with ErrStopped and ends the free ones.
// Those that wait for a connection have been resumed by its closing.
func (p *taskPool) stop() {
	for t := range p.all {
		if t.state == parked || t.state == free {
			t.resumeLater(ErrStopped)
		}
	}
	p.free, p.count = nil, 0
}

func (p *taskPool) ended() bool { return len(p.all) == 0 }
