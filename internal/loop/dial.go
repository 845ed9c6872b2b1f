package loop

import (
	"errors"
	"syscall"
	"time"
)

// unixRetry is how long to wait for a unix socket's full backlog.
const unixRetry = 5 * time.Millisecond

// Dial connects to an address. It waits until deadline at the longest (0: the
// kernel's own limit), which gives ErrTimeout.
func (l *Loop) Dial(t *Task, to Address, deadline int64) (*Conn, error) {
	for {
		c, err := l.dialOnce(t, to, deadline)
		if err == nil || !errors.Is(err, syscall.EAGAIN) {
			return c, err
		}
		if passed(deadline, l.now) {
			return nil, ErrTimeout
		}
		if err := t.Sleep(unixRetry); err != nil {
			return nil, err
		}
	}
}
