//go:build !linux || portable

package loop

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// A descriptor is what package net knows a Conn by.
type descriptor struct {
	net     net.Conn
	raw     syscall.RawConn
	end     error      // what ended the input; reads return it from then on
	lookout chan error // from the goroutine that waits for input while no task reads; nil without one
	// A deadline of the socket is set, to end what is blocked in it.
	readCut, writeCut bool
	scratch           net.Buffers
}

// longAgo as a deadline ends what is blocked at once.
var longAgo = time.Unix(1, 0)

// grace is the time in which package net finds out whether it must wait.
const grace = time.Millisecond

func newConn(l *Loop, conn net.Conn, remote netip.AddrPort, flags connFlags) (*Conn, error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{loop: l, descriptor: descriptor{net: conn, raw: raw}, remote: remote, flags: flags}
	c.deadlines.owner = c
	l.conns[c] = struct{}{}
	return c, nil
}

// LocalAddr is this side's address; invalid for a unix socket.
func (c *Conn) LocalAddr() netip.AddrPort {
	if c.flags&closed != 0 {
		return netip.AddrPort{}
	}
	return addrPort(c.net.LocalAddr())
}

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		ip := tcp.AddrPort()
		return netip.AddrPortFrom(ip.Addr().Unmap(), ip.Port())
	}
	return netip.AddrPort{}
}

// Read reads what is there, at least one byte, waiting for it if need be.
// io.EOF says that the peer has ended its direction.
func (c *Conn) Read(t *Task, p []byte) (int, error) {
	n := 0
	err := c.input(t, func() (err error) {
		n, err = c.net.Read(p)
		return err
	})
	c.flags &^= readable
	if n > 0 {
		c.lastRead = c.loop.now
		t.keep(err)
		err = nil
	}
	c.look()
	return n, err
}

// WaitReadable waits until there is likely something to read, without reading.
// It lets a caller borrow its buffer late; the Read that follows may still wait.
func (c *Conn) WaitReadable(t *Task) error {
	if c.flags&closed == 0 && c.inputWaits() {
		return nil
	}
	err := c.input(t, func() error { return waitInput(c.raw) })
	if err == nil || c.end != nil {
		c.flags |= readable
		return nil
	}
	return err
}

// input runs f, which blocks until there is input. An error of the socket is kept.
func (c *Conn) input(t *Task, f func() error) error {
	c.endIdle()
	for {
		switch {
		case c.flags&closed != 0:
			return ErrClosed
		case c.end != nil:
			return c.end
		}
		late := passed(c.readDeadline, c.loop.now)
		c.openReads(late)
		var err error
		c.reader = t
		resumed, why := t.block(func() { err = f() }, c.cutRead)
		c.reader = nil
		switch {
		case err == nil || why != nil:
			return why
		case c.flags&closed != 0:
			return ErrClosed
		case late && errors.Is(err, os.ErrDeadlineExceeded):
			return ErrTimeout
		case !resumed:
			c.endInput(err)
		}
	}
}

// keep lets a task's next wait end with an interruption that came too late for this one.
func (t *Task) keep(err error) {
	if err != nil && err != ErrTimeout && err != ErrClosed {
		t.missed = err
	}
}

// endInput keeps what ended the input. An error other than the end means that the peer is gone.
func (c *Conn) endInput(err error) {
	c.end = systemError(err)
	c.flags |= readEnd
	if err != io.EOF {
		c.hangUp()
	}
}

func (c *Conn) hangUp() {
	c.flags |= hungUp
	if t := c.watcher; t != nil && t.state != running {
		t.Interrupt(ErrHangup)
	}
}

// systemError is the error number, where there is one.
func systemError(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

func (c *Conn) cutRead() {
	c.readCut = true
	_ = c.net.SetReadDeadline(longAgo)
}

// openReads makes reads possible again after cutRead. One that is late finds
// what is there, and does not wait for more.
func (c *Conn) openReads(late bool) {
	if c.readCut || late {
		_ = c.net.SetReadDeadline(unlessLate(late))
		c.readCut = late
	}
}

func unlessLate(late bool) time.Time {
	if late {
		return time.Now().Add(grace)
	}
	return time.Time{}
}

func (c *Conn) inputWaits() bool { return c.flags&readable != 0 || c.end != nil }

// look has a goroutine wait for input where nobody else does and somebody wants to know.
func (c *Conn) look() {
	wanted := c.waker != nil || c.watcher != nil
	if wanted && c.reader == nil && c.lookout == nil && c.flags&closed == 0 && !c.inputWaits() {
		c.openReads(false)
		seen := make(chan error, 1)
		c.lookout = seen
		c.loop.begin(func() {
			seen <- waitInput(c.raw)
			c.loop.enter()
			defer c.loop.leave()
			if c.lookout == seen {
				c.endLookout()
				c.wake()
			}
		})
	}
}

func (c *Conn) wake() {
	if w := c.waker; w != nil {
		c.waker = nil
		c.tell(w, Readable)
	}
}

func (c *Conn) beginIdle() { c.look() }

// endIdle ends what look began.
func (c *Conn) endIdle() {
	if c.lookout != nil {
		c.cutRead()
		c.endLookout()
	}
}

// endLookout notes what the goroutine has seen.
func (c *Conn) endLookout() {
	err := <-c.lookout
	c.lookout = nil
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return
	case err != nil:
		c.endInput(err)
	}
	c.flags |= readable
}

func (c *Conn) closeDescriptor() {
	delete(c.loop.conns, c)
	c.lookout = nil
	_ = c.net.Close()
}

func (c *Conn) discardOnClose() {
	if tcp, ok := c.net.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// CloseWrite ends this side's direction; the other one goes on.
func (c *Conn) CloseWrite(*Task) error {
	if c.flags&closed != 0 {
		return ErrClosed
	}
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Quiet tells whether nothing is known to have arrived that was not read.
func (c *Conn) Quiet() bool { return c.flags&(readable|closed) == 0 }
