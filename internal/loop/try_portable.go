//go:build !linux || portable

package loop

import (
	"errors"
	"os"
	"time"
)

// TryRead reads what is known to be there and never waits: ErrWouldBlock says
// that there is nothing, or that nobody has looked ([Conn.WaitReadable] does).
// io.EOF says that the peer has ended its direction. It may be called where no
// task can wait; what it moves is the caller's to [Task.Spend].
func (c *Conn) TryRead(p []byte) (int, error) {
	switch {
	case c.flags&closed != 0:
		return 0, ErrClosed
	case c.end != nil:
		return 0, c.end
	case c.flags&readable == 0 || c.reader != nil:
		return 0, ErrWouldBlock
	}
	c.openReads(false)
	n, err := c.net.Read(p)
	c.flags &^= readable
	if err != nil {
		c.endInput(err)
	}
	if n == 0 && err != nil {
		return 0, c.end
	}
	c.lastRead = c.loop.now
	c.look()
	return n, nil
}

// TryWrite writes what the socket has room for and does not wait: ErrWouldBlock
// says that there is no room, or that a task waits in a write. It may be called
// where no task can wait; what it moves is the caller's to [Task.Spend].
func (c *Conn) TryWrite(p []byte) (int, error) {
	switch {
	case c.flags&closed != 0:
		return 0, ErrClosed
	case c.writer != nil:
		return 0, ErrWouldBlock
	}
	if c.writeCut {
		_ = c.net.SetWriteDeadline(time.Time{})
		c.writeCut = false
	}
	n, err := c.writeNow(p)
	switch {
	case n > 0:
		return n, nil
	case err == nil:
		return 0, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, ErrWouldBlock
	}
	c.hangUp()
	return 0, systemError(err)
}
