//go:build linux && !portable

package loop

import "golang.org/x/sys/unix"

// A kernel makes the system calls of a loop that recur with each exchange, and counts them.
type kernel struct {
	calls   Calls
	message unix.Msghdr
}

// Calls are numbers of system calls.
type Calls struct {
	IO    uint64 // that move bytes of connections, or look for them
	Waits uint64 // for events
}

// Calls is how many system calls the loop has made; opening, accepting and closing are not counted.
func (l *Loop) Calls() Calls { return l.calls }
