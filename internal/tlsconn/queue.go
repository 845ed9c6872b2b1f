package tlsconn

import "spillway/internal/loop"

// A queue is tasks that wait to be admitted, first come, first served.
type queue struct {
	head, tail *waiter
	length     int
}

type waiter struct {
	task     *loop.Task
	next     *waiter
	admitted bool
}

func (q *queue) empty() bool { return q.head == nil }

// wait parks t until it is admitted, or until deadline (0: none). Where t was
// admitted but its wait ended with an error, pass hands the admission on.
func (q *queue) wait(t *loop.Task, deadline int64, pass func()) error {
	w := &waiter{task: t}
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
	q.length++
	for !w.admitted {
		if err := t.Park(deadline); err != nil {
			if w.admitted {
				pass()
			} else {
				q.remove(w)
			}
			return err
		}
	}
	return nil
}

// admit lets the first go on; false where nobody waits.
func (q *queue) admit() bool {
	w := q.head
	if w == nil {
		return false
	}
	q.remove(w)
	w.admitted = true
	w.task.Resume()
	return true
}

func (q *queue) remove(gone *waiter) {
	var before *waiter
	for w := q.head; w != gone; w = w.next {
		before = w
	}
	if before == nil {
		q.head = gone.next
	} else {
		before.next = gone.next
	}
	if gone.next == nil {
		q.tail = before
	}
	q.length--
}
