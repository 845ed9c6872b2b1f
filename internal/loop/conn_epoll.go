//go:build linux && !portable

package loop

import (
	"io"
	"net/netip"
	"syscall"
)

// A Conn is a connected stream socket that belongs to one loop, which never
// moves. It is used on its loop only. After Close it may still be held, and
// every method reports ErrClosed.
type Conn struct {
	loop   *Loop
	fd     int32
	slot   int32
	flags  connFlags
	reader *Task
	writer *Task
	// watcher is interrupted when the peer is gone.
	watcher       *Task
	waker         Waker
	readDeadline  int64
	writeDeadline int64
	lastRead      int64
	deadlines     timer
	remote        netip.AddrPort
}

type connFlags uint8

const (
	readable connFlags = 1 << iota // a read may find something
	writable                       // a write may find room
	readEnd                        // the peer has ended its direction: short reads do not mean that all was read
	hungUp                         // both directions are gone
	closed
	accepted // counts as a connection of the loop
)

func newConn(l *Loop, fd int, remote netip.AddrPort, flags connFlags) (*Conn, error) {
	c := &Conn{loop: l, fd: int32(fd), remote: remote, flags: flags}
	c.deadlines.owner = c
	slot, err := l.register(fd, c)
	if err != nil {
		return nil, err
	}
	c.slot = slot
	return c, nil
}

// Loop returns the connection's loop.
func (c *Conn) Loop() *Loop { return c.loop }

// LastRead is when input was last taken from the connection; 0 if never.
func (c *Conn) LastRead() int64 { return c.lastRead }

// RemoteAddr is the peer's address; invalid for a unix socket.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.remote }

// LocalAddr asks the kernel for this side's address; invalid for a unix socket.
func (c *Conn) LocalAddr() netip.AddrPort {
	if c.flags&closed != 0 {
		return netip.AddrPort{}
	}
	address, err := syscall.Getsockname(int(c.fd))
	if err != nil {
		return netip.AddrPort{}
	}
	return fromSockaddr(address)
}

// SetReadDeadline sets when a waiting Read ends with ErrTimeout, and when an
// idle connection is woken with Expired; 0 means never.
func (c *Conn) SetReadDeadline(at int64) {
	c.readDeadline = at
	if at != 0 && (!c.deadlines.armed || at < c.deadlines.at) && c.flags&closed == 0 {
		c.loop.arm(&c.deadlines, at)
	}
}

// SetWriteDeadline sets when a waiting Write ends with ErrTimeout; 0 means never.
func (c *Conn) SetWriteDeadline(at int64) {
	c.writeDeadline = at
	if at != 0 && (!c.deadlines.armed || at < c.deadlines.at) && c.flags&closed == 0 {
		c.loop.arm(&c.deadlines, at)
	}
}

// Read reads what is there, at least one byte, waiting for it if need be.
// io.EOF says that the peer has ended its direction.
func (c *Conn) Read(t *Task, p []byte) (int, error) {
	for {
		if c.flags&readable == 0 || c.flags&closed != 0 {
			if err := c.waitReadable(t); err != nil {
				return 0, err
			}
		}
		n, errno := read(int(c.fd), p)
		switch {
		case errno == syscall.EAGAIN:
			c.flags &^= readable
		case errno == syscall.EINTR:
		case errno != 0:
			return 0, errno
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			if n < len(p) && c.flags&readEnd == 0 {
				c.flags &^= readable
			}
			c.lastRead = c.loop.now
			t.spend(n)
			return n, nil
		}
	}
}

// WaitReadable waits until there is likely something to read, without reading.
// It lets a caller borrow its buffer late; the Read that follows may still wait.
func (c *Conn) WaitReadable(t *Task) error {
	if c.flags&(readable|closed) == readable {
		return nil
	}
	return c.waitReadable(t)
}

func (c *Conn) waitReadable(t *Task) error {
	if c.flags&closed != 0 {
		return ErrClosed
	}
	if c.readDeadline != 0 && c.readDeadline <= c.loop.now {
		return ErrTimeout
	}
	c.reader = t
	err := t.wait(waiting)
	c.reader = nil
	if err == nil && c.flags&closed != 0 {
		return ErrClosed
	}
	return err
}

// waitWritable waits for room in the socket's send buffer, or for a connect to end.
func (c *Conn) waitWritable(t *Task) error {
	if c.flags&closed != 0 {
		return ErrClosed
	}
	if c.writeDeadline != 0 && c.writeDeadline <= c.loop.now {
		return ErrTimeout
	}
	c.writer = t
	err := t.wait(waiting)
	c.writer = nil
	if err == nil && c.flags&closed != 0 {
		return ErrClosed
	}
	return err
}

// peek tells whether a read would return at once, and corrects the flag if not.
func (c *Conn) peek() bool {
	var one [1]byte
	err := peekByte(int(c.fd), &one)
	if err == syscall.EAGAIN {
		c.flags &^= readable
		return false
	}
	return true
}

// Idle hands the connection to the loop: w is woken when there is something to
// read or the read deadline passes. It returns false, and leaves the connection
// as it was, when there is already something to read or the connection is closed.
func (c *Conn) Idle(w Waker) bool {
	if c.flags&closed != 0 || (c.flags&readable != 0 && c.peek()) {
		return false
	}
	c.waker = w
	return true
}

// Busy takes an idle connection back. It returns false when something has
// already arrived on it (surplus bytes, or its end): it can not be trusted.
func (c *Conn) Busy() bool {
	c.waker = nil
	return c.flags&(readable|closed) == 0
}

// Watch has t interrupted with ErrHangup, wherever it waits, when the peer
// resets the connection or ends both directions; nil ends it. A mere half-close
// is not a hang-up.
func (c *Conn) Watch(t *Task) { c.watcher = t }

// HungUp tells whether the peer has reset the connection or ended both directions.
func (c *Conn) HungUp() bool { return c.flags&hungUp != 0 }

// onEvent is told by epoll. The connection may be closed by any code it runs.
func (c *Conn) onEvent(mask uint32) {
	if mask&(syscall.EPOLLIN|syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		c.flags |= readable
		if mask&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
			c.flags |= readEnd
		}
		if mask&(syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
			c.flags |= hungUp
		}
		if w := c.waker; w != nil {
			c.waker = nil
			w.Wake(c, Readable)
		} else if t := c.reader; t != nil && t.state == waiting {
			t.resume(nil)
		}
	}
	if mask&(syscall.EPOLLOUT|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 && c.flags&closed == 0 {
		c.flags |= writable
		if t := c.writer; t != nil && t.state == waiting {
			t.resume(nil)
		}
	}
	if c.flags&(hungUp|closed) == hungUp {
		if t := c.watcher; t != nil {
			t.interrupt(ErrHangup)
		}
	}
}

// expire is told by the wheel: some deadline may have passed.
func (c *Conn) expire(now int64) {
	if c.readDeadline != 0 && c.readDeadline <= now {
		if w := c.waker; w != nil {
			c.waker = nil
			c.readDeadline = 0
			w.Wake(c, Expired)
		} else if t := c.reader; t != nil && t.state == waiting {
			t.resume(ErrTimeout)
		}
	}
	if c.writeDeadline != 0 && c.writeDeadline <= now {
		if t := c.writer; t != nil && t.state == waiting {
			t.resume(ErrTimeout)
		}
	}
	if at := earliestAfter(now, c.readDeadline, c.writeDeadline); at != 0 && c.flags&closed == 0 {
		if !c.deadlines.armed || at < c.deadlines.at {
			c.loop.arm(&c.deadlines, at)
		}
	}
}

func earliestAfter(now, a, b int64) int64 {
	if a <= now {
		a = 0
	}
	if b <= now {
		b = 0
	}
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}

// Close closes the connection. Tasks that wait for it go on with ErrClosed, an
// idle one's waker hears Closed. Closing twice is fine.
func (c *Conn) Close() {
	if c.flags&closed != 0 {
		return
	}
	c.flags |= closed
	c.loop.wheel.remove(&c.deadlines)
	c.loop.forget(c.slot)
	_ = syscall.Close(int(c.fd))
	if c.flags&accepted != 0 {
		c.loop.connections.Add(-1)
	}
	c.watcher = nil
	for _, t := range [...]*Task{c.reader, c.writer} {
		if t != nil && t.state == waiting {
			t.resumeLater(ErrClosed)
		}
	}
	if w := c.waker; w != nil {
		c.waker = nil
		w.Wake(c, Closed)
	}
}

// Reset closes the connection so that the peer sees a reset, not an orderly end.
func (c *Conn) Reset() {
	if c.flags&closed == 0 {
		_ = syscall.SetsockoptLinger(int(c.fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	}
	c.Close()
}

// CloseWrite ends this side's direction; the other one goes on.
func (c *Conn) CloseWrite() error {
	if c.flags&closed != 0 {
		return ErrClosed
	}
	return syscall.Shutdown(int(c.fd), syscall.SHUT_WR)
}
