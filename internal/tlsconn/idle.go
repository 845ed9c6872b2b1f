package tlsconn

import "spillway/internal/loop"

// Idle hands the connection to the loop: w is woken when there is plaintext, or
// its end, or the read deadline passes. It returns false, and leaves the connection
// as it was, when there is something to read already or the connection is closed.
func (c *Conn) Idle(w loop.Waker) bool {
	if c.usable() != nil {
		return false
	}
	for {
		if c.peeked || c.unsure && c.look() {
			return false
		}
		if c.under.Idle((*idleConn)(c)) {
			c.waker = w
			return true
		}
		if c.closed || c.look() {
			return false
		}
	}
}

// An idleConn is woken for ciphertext, and wakes its own waker for plaintext.
type idleConn Conn

// Wake is called by the loop.
func (i *idleConn) Wake(e loop.Event) {
	c := (*Conn)(i)
	w := c.waker
	c.waker = nil
	if e == loop.Readable && !c.look() && c.Idle(w) {
		return // a ticket, a key update, a part of a record
	}
	w.Wake(e)
}

// Busy takes an idle connection back. It returns false when plaintext, or its
// end, has arrived on it already.
func (c *Conn) Busy() bool {
	c.waker = nil
	quiet := c.under.Busy()
	if c.usable() != nil {
		return false
	}
	if quiet && !c.unsure {
		return !c.peeked
	}
	return !c.look()
}

// Quiet asks the kernel whether nothing has arrived that was not read.
func (c *Conn) Quiet() bool {
	switch {
	case c.usable() != nil || c.peeked:
		return false
	case !c.unsure && c.under.Quiet():
		return true
	}
	return !c.look()
}
