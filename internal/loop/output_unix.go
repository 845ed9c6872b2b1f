//go:build unix && (!linux || portable)

package loop

import (
	"os"
	"syscall"
)

// writeNow writes what there is room for; os.ErrDeadlineExceeded where there is none.
func (c *Conn) writeNow(p []byte) (n int, err error) {
	waiting := c.raw.Write(func(fd uintptr) bool {
		for {
			n, err = syscall.Write(int(fd), p)
			if err != syscall.EINTR {
				return true
			}
		}
	})
	switch {
	case waiting != nil:
		return 0, waiting
	case err == syscall.EAGAIN:
		return 0, os.ErrDeadlineExceeded
	case err != nil:
		return 0, err
	}
	return n, nil
}
