//go:build linux && !portable

package loop

import (
	"io"
	"syscall"
)

// TryRead reads what is there and never waits: ErrWouldBlock says that there is
// nothing. io.EOF says that the peer has ended its direction. It may be called
// where no task can wait; what it moves is the caller's to [Task.Spend].
func (c *Conn) TryRead(p []byte) (int, error) {
	for {
		switch {
		case c.flags&closed != 0:
			return 0, ErrClosed
		case c.flags&readable == 0:
			return 0, ErrWouldBlock
		}
		n, errno := c.loop.read(int(c.fd), p)
		switch {
		case errno == syscall.EAGAIN:
			c.flags &^= readable
		case errno == syscall.EINTR:
		case errno != 0:
			return 0, errno
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			if n < len(p) && c.flags&(readEnd|urgent) == 0 {
				c.flags &^= readable
			}
			c.lastRead = c.loop.now
			return n, nil
		}
	}
}

// TryWrite writes what the socket has room for and never waits: ErrWouldBlock
// says that there is no room. It may be called where no task can wait, but not
// while a task waits in a write; what it moves is the caller's to [Task.Spend].
func (c *Conn) TryWrite(p []byte) (int, error) {
	for {
		n, errno := 0, syscall.Errno(0)
		if c.flags&closed == 0 {
			n, errno = c.loop.write(int(c.fd), p)
		}
		wait, err := c.afterWrite(errno)
		switch {
		case err != nil:
			return 0, err
		case wait:
			return 0, ErrWouldBlock
		case errno == 0:
			return n, nil
		}
	}
}
