package loop

import "net/netip"

// Event says why an idle connection was woken.
type Event uint8

const (
	// Readable: there is input, or the end of it.
	Readable Event = iota
	// Expired: the read deadline has passed.
	Expired
	// Closed: the connection was closed on this side, by the end of its loop or by Close.
	Closed
)

// A Waker is told when something happens on an idle connection.
type Waker interface {
	// Wake is called on the loop, once for each successful [Conn.Idle]. It must not wait; it
	// may start a task. The connection is no longer idle. If Wake panics, the connection is closed.
	Wake(e Event)
}

// An Acceptor is given the connections of a listener.
type Acceptor interface {
	// Accepted is called on the loop that owns c from now on. It must not wait. If it panics, c is closed.
	Accepted(c *Conn)
}

// A Conn is a connected stream socket that belongs to one loop, which never
// moves. It is used on its loop only. After Close it may still be held, and
// every method reports ErrClosed.
type Conn struct {
	descriptor
	loop   *Loop
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
	flags         connFlags
}

type connFlags uint8

const (
	readable connFlags = 1 << iota // a read may find something
	writable                       // a write may find room
	readEnd                        // the peer has ended its direction: short reads do not mean that all was read
	hungUp                         // both directions are gone
	closed
	accepted // counts as a connection of the loop
	held     // the kernel may keep back an unfilled segment
	urgent   // input has had an urgent mark, at which reads are cut short and splices end
)

// Loop returns the connection's loop.
func (c *Conn) Loop() *Loop { return c.loop }

// LastRead is when input was last taken from the connection; 0 if never.
func (c *Conn) LastRead() int64 { return c.lastRead }

// RemoteAddr is the peer's address; invalid for a unix socket.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.remote }

// SetReadDeadline sets when a waiting Read ends with ErrTimeout, and when an
// idle connection is woken with Expired; 0 means never.
func (c *Conn) SetReadDeadline(at int64) {
	c.readDeadline = at
	c.armDeadlines(at)
}

// SetWriteDeadline sets when a waiting Write ends with ErrTimeout; 0 means never.
func (c *Conn) SetWriteDeadline(at int64) {
	c.writeDeadline = at
	c.armDeadlines(at)
}

// armDeadlines has the wheel call at the latest when at is due. A deadline that
// moves away is looked at when its old time comes.
func (c *Conn) armDeadlines(at int64) {
	if at != 0 && (!c.deadlines.armed || at < c.deadlines.at) && c.flags&closed == 0 {
		c.loop.arm(&c.deadlines, at)
	}
}

// expire is told by the wheel: some deadline may have passed.
func (c *Conn) expire(now int64) {
	if passed(c.readDeadline, now) {
		if w := c.waker; w != nil {
			c.readDeadline = 0
			c.wakeExpired(w)
		} else if t := c.reader; t != nil && t.state == waiting {
			t.resumeLater(ErrTimeout)
		}
	}
	if passed(c.writeDeadline, now) {
		if t := c.writer; t != nil && t.state == waiting {
			t.resumeLater(ErrTimeout)
		}
	}
	for _, at := range [...]int64{c.readDeadline, c.writeDeadline} {
		if at > now {
			c.armDeadlines(at)
		}
	}
}

func (c *Conn) wakeExpired(w Waker) {
	c.waker = nil
	c.endIdle()
	if c.flags&readable != 0 {
		c.tell(w, Readable)
		return
	}
	c.tell(w, Expired)
}

func passed(deadline, now int64) bool { return deadline != 0 && deadline <= now }

// Idle hands the connection to the loop: w is woken when there is something to
// read or the read deadline passes. It returns false, and leaves the connection
// as it was, when there is already something to read or the connection is closed.
func (c *Conn) Idle(w Waker) bool {
	if c.flags&closed != 0 || c.inputWaits() {
		return false
	}
	c.waker = w
	c.armDeadlines(c.readDeadline)
	c.beginIdle()
	return true
}

// Busy takes an idle connection back. It returns false when something has
// already arrived on it (surplus bytes, or its end): it can not be trusted.
func (c *Conn) Busy() bool {
	c.waker = nil
	c.endIdle()
	return c.flags&(readable|closed) == 0
}

// Watch has t interrupted with ErrHangup, wherever it waits, when the peer
// resets the connection or ends both directions; nil ends it. A mere half-close
// is not a hang-up. What has happened before ends t's next wait.
func (c *Conn) Watch(t *Task) {
	if old := c.watcher; old != nil && old.missed == ErrHangup {
		old.missed = nil
	}
	c.watcher = t
	c.look()
	switch {
	case t == nil || c.flags&(hungUp|closed) != hungUp:
	case t.state == running:
		t.missed = ErrHangup
	default:
		t.Interrupt(ErrHangup)
	}
}

// HungUp tells whether the peer has reset the connection or ended both directions.
func (c *Conn) HungUp() bool { return c.flags&hungUp != 0 }

// tell wakes w for an idle connection.
func (c *Conn) tell(w Waker, e Event) {
	defer c.closeAfterPanic()
	w.Wake(e)
}

func (c *Conn) tellAccepted(a Acceptor) {
	defer c.closeAfterPanic()
	a.Accepted(c)
}

// closeAfterPanic is deferred around code to which the connection was entrusted:
// nobody else knows of it.
func (c *Conn) closeAfterPanic() {
	if v := recover(); v != nil {
		c.loop.group.reportPanic(v)
		c.Close()
	}
}

// Close closes the connection. Tasks that wait for it go on with ErrClosed, an
// idle one's waker hears Closed. Closing twice is fine.
func (c *Conn) Close() {
	if c.flags&closed != 0 {
		return
	}
	c.flags |= closed
	c.loop.wheel.remove(&c.deadlines)
	c.closeDescriptor()
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
		c.tell(w, Closed)
	}
}

// Reset closes the connection so that the peer sees a reset, not an orderly end.
func (c *Conn) Reset() {
	if c.flags&closed == 0 {
		c.discardOnClose()
	}
	c.Close()
}
