//go:build linux && !portable

package loop

import (
	"net/netip"
	"syscall"
)

// A descriptor is what epoll knows a Conn by.
type descriptor struct {
	fd   int32
	slot int32
}

func newConn(l *Loop, fd int, remote netip.AddrPort, flags connFlags) (*Conn, error) {
	c := &Conn{loop: l, descriptor: descriptor{fd: int32(fd)}, remote: remote, flags: flags}
	c.deadlines.owner = c
	slot, err := l.register(fd, c)
	if err != nil {
		return nil, err
	}
	c.slot = slot
	return c, nil
}

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

// Read reads what is there, at least one byte, waiting for it if need be.
// io.EOF says that the peer has ended its direction.
func (c *Conn) Read(t *Task, p []byte) (int, error) {
	t.Yield()
	for {
		n, err := c.TryRead(p)
		if err == nil {
			t.Spend(n)
		}
		if err != ErrWouldBlock {
			return n, err
		}
		if err := c.waitReadable(t); err != nil {
			return 0, err
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

func (c *Conn) waitReadable(t *Task) error { return c.wait(t, &c.reader, c.readDeadline) }

// waitWritable waits for room in the socket's send buffer, or for a connect to end.
func (c *Conn) waitWritable(t *Task) error { return c.wait(t, &c.writer, c.writeDeadline) }

// wait has t wait as the connection's reader or writer.
func (c *Conn) wait(t *Task, role **Task, deadline int64) error {
	if c.flags&closed != 0 {
		return ErrClosed
	}
	if passed(deadline, c.loop.now) {
		return ErrTimeout
	}
	*role = t
	err := t.wait(waiting)
	*role = nil
	if err == nil && c.flags&closed != 0 {
		return ErrClosed
	}
	return err
}

// inputWaits tells whether a read would return at once, and corrects the flag if not.
func (c *Conn) inputWaits() bool {
	if c.flags&readable == 0 {
		return false
	}
	var one [1]byte
	if c.loop.peekByte(int(c.fd), &one) == syscall.EAGAIN {
		c.flags &^= readable
		return false
	}
	return true
}

// A connection that waits for nobody needs nothing: epoll knows it already.

func (c *Conn) beginIdle() {}
func (c *Conn) endIdle()   {}
func (c *Conn) look()      {}

// onEvent is told by epoll. The connection may be closed by any code it runs.
func (c *Conn) onEvent(mask uint32) {
	if mask&syscall.EPOLLPRI != 0 {
		c.flags |= urgent
	}
	if mask&(syscall.EPOLLIN|syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		c.onReadable(mask)
	}
	if mask&(syscall.EPOLLOUT|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 && c.flags&closed == 0 {
		c.flags |= writable
		if t := c.writer; t != nil && t.state == waiting {
			t.resume(nil)
		}
	}
	if c.flags&(hungUp|closed) == hungUp {
		if t := c.watcher; t != nil {
			t.Interrupt(ErrHangup)
		}
	}
}

func (c *Conn) onReadable(mask uint32) {
	c.flags |= readable
	if mask&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		c.flags |= readEnd
	}
	if mask&(syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		c.flags |= hungUp
	}
	if w := c.waker; w != nil {
		c.waker = nil
		c.tell(w, Readable)
	} else if t := c.reader; t != nil && t.state == waiting {
		t.resume(nil)
	}
}

func (c *Conn) closeDescriptor() {
	c.loop.forget(c.slot)
	_ = syscall.Close(int(c.fd))
}

func (c *Conn) discardOnClose() {
	_ = syscall.SetsockoptLinger(int(c.fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
}

// CloseWrite ends this side's direction; the other one goes on.
func (c *Conn) CloseWrite(*Task) error {
	if c.flags&closed != 0 {
		return ErrClosed
	}
	return syscall.Shutdown(int(c.fd), syscall.SHUT_WR)
}

// Quiet asks the kernel whether nothing has arrived that was not read, not even
// the end of input. It says more than [Conn.Busy], for a system call.
func (c *Conn) Quiet() bool {
	c.flags |= readable
	return c.flags&closed == 0 && !c.inputWaits()
}
