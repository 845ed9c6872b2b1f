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

// A descriptor is what package net knows a Conn by. The flag readable stands
// for input, or its end, that was taken from the socket and not yet read.
type descriptor struct {
	net   net.Conn
	input [1]byte
	end   error            // what a read returned in place of a byte; the next ones return it too
	idle  chan arrivedByte // from the goroutine that reads for an idle connection
	// A deadline of the socket is set, to end what is blocked in it.
	readCut, writeCut bool
	scratch           net.Buffers
}

// An arrivedByte is the outcome of a read of one byte.
type arrivedByte struct {
	b   byte
	err error
}

// longAgo as a deadline ends what is blocked at once.
var longAgo = time.Unix(1, 0)

func newConn(l *Loop, conn net.Conn, remote netip.AddrPort, flags connFlags) *Conn {
	c := &Conn{loop: l, descriptor: descriptor{net: conn}, remote: remote, flags: flags}
	c.deadlines.owner = c
	l.conns[c] = struct{}{}
	return c
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
	switch {
	case c.flags&closed != 0:
		return 0, ErrClosed
	case c.end != nil:
		return 0, c.end
	case len(p) == 0:
		return 0, nil
	case c.flags&readable != 0:
		c.flags &^= readable
		p[0] = c.input[0]
		c.lastRead = c.loop.now
		return 1, nil
	}
	n, err := c.readSocket(t, p)
	if n > 0 {
		c.lastRead = c.loop.now
	}
	return n, err
}

// WaitReadable waits until there is likely something to read, without reading.
// It lets a caller borrow its buffer late; the Read that follows may still wait.
func (c *Conn) WaitReadable(t *Task) error {
	switch {
	case c.flags&closed != 0:
		return ErrClosed
	case c.inputWaits():
		return nil
	}
	n, err := c.readSocket(t, c.input[:])
	if n > 0 || c.end != nil {
		c.flags |= readable
		return nil
	}
	return err
}

// readSocket waits for input. An error of the socket is kept.
func (c *Conn) readSocket(t *Task, p []byte) (int, error) {
	for {
		if c.flags&closed != 0 {
			return 0, ErrClosed
		}
		late := passed(c.readDeadline, c.loop.now)
		c.openReads(late)
		var n int
		var err error
		c.reader = t
		resumed, why := t.block(func() { n, err = c.net.Read(p) }, c.cutRead)
		c.reader = nil
		switch {
		case n > 0:
			t.keep(why)
			return n, nil
		case why != nil:
			return 0, why
		case c.flags&closed != 0:
			return 0, ErrClosed
		case late && errors.Is(err, os.ErrDeadlineExceeded):
			return 0, ErrTimeout
		case resumed:
		case err != nil:
			c.fail(err)
			return 0, c.end
		}
	}
}

// keep lets a task's next wait end with an interruption that came too late for this one.
func (t *Task) keep(err error) {
	if err != nil && err != ErrTimeout && err != ErrClosed {
		t.missed = err
	}
}

// fail keeps what ended the input. An error other than the end means that the peer is gone.
func (c *Conn) fail(err error) {
	c.end = withoutContext(err)
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

// withoutContext is the system's own error, where there is one.
func withoutContext(err error) error {
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

func (c *Conn) inputWaits() bool { return c.flags&readable != 0 || c.end != nil }

// openReads makes reads possible again after cutRead. One that is late finds
// what is there, and does not wait for more.
func (c *Conn) openReads(late bool) {
	if c.readCut || late {
		_ = c.net.SetReadDeadline(unlessLate(late))
		c.readCut = late
	}
}

// grace is the time in which package net looks whether there is anything at all.
const grace = time.Millisecond

func unlessLate(late bool) time.Time {
	if late {
		return time.Now().Add(grace)
	}
	return time.Time{}
}

// beginIdle has a goroutine read one byte for the connection.
func (c *Conn) beginIdle() {
	c.openReads(false)
	arrived := make(chan arrivedByte, 1)
	c.idle = arrived
	socket, l := c.net, c.loop
	l.begin(func() {
		var one [1]byte
		_, err := socket.Read(one[:])
		arrived <- arrivedByte{one[0], err}
		l.enter()
		defer l.leave()
		if c.idle == arrived {
			c.endWait()
			if w := c.waker; w != nil {
				c.waker = nil
				c.tell(w, Readable)
			}
		}
	})
}

// endIdle takes the connection back from the goroutine.
func (c *Conn) endIdle() {
	if c.idle != nil {
		c.cutRead()
		c.endWait()
	}
}

// endWait keeps what the goroutine has read.
func (c *Conn) endWait() {
	got := <-c.idle
	c.idle = nil
	switch {
	case got.err == nil:
		c.input[0] = got.b
		c.flags |= readable
	case !errors.Is(got.err, os.ErrDeadlineExceeded):
		c.fail(got.err)
		c.flags |= readable
	}
}

func (c *Conn) closeDescriptor() {
	delete(c.loop.conns, c)
	_ = c.net.Close()
	c.idle = nil
}

func (c *Conn) discardOnClose() {
	if tcp, ok := c.net.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// CloseWrite ends this side's direction; the other one goes on.
func (c *Conn) CloseWrite() error {
	if c.flags&closed != 0 {
		return ErrClosed
	}
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
