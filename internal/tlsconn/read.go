package tlsconn

import (
	"cmp"
	"io"

	"spillway/internal/loop"
)

// Read reads plaintext that is there, at least one byte, waiting for it if need be.
func (c *Conn) Read(t *loop.Task, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, c.usable()
	}
	for {
		t.Yield()
		if err := c.waitIfEmpty(t); err != nil {
			return 0, err
		}
		n, err := c.tryRead(p)
		if taken := c.taken; taken > 0 {
			c.taken = 0
			t.Spend(taken)
		}
		if n > 0 {
			return n, nil
		}
		if err != nil && err != wouldBlock {
			return 0, err
		}
	}
}

// waitIfEmpty waits for ciphertext where crypto/tls is known to hold nothing.
func (c *Conn) waitIfEmpty(t *loop.Task) error {
	if c.peeked || c.unsure || c.usable() != nil {
		return nil
	}
	c.tryFlush()
	return c.under.WaitReadable(t)
}

// WaitReadable waits until there is likely something to read, without reading.
func (c *Conn) WaitReadable(t *loop.Task) error {
	if err := c.usable(); err != nil {
		return err
	}
	if c.unsure && c.look() {
		return nil
	}
	return c.waitIfEmpty(t)
}

// tryRead reads what is there. The error, if any, is for n == 0 only: wouldBlock
// or what every further read returns.
func (c *Conn) tryRead(p []byte) (n int, err error) {
	if err := c.usable(); err != nil {
		return 0, err
	}
	if c.inputErr != nil && !c.peeked {
		return 0, c.inputErr
	}
	if c.peeked {
		c.peeked = false
		p[0] = c.peek[0]
		n = 1
		if p = p[1:]; len(p) == 0 || !c.unsure {
			return n, nil
		}
	}
	more, err := c.tls.Read(p)
	switch {
	case more > 0:
		// Nothing is left of one whole record that filled less than p.
		c.unsure = more == len(p) || !c.records.one()
		if !c.unsure {
			c.records.reset()
		}
	case err == wouldBlock:
		c.unsure = false
		c.records.reset()
		c.tryFlush()
	default:
		c.unsure = true
		c.tryFlush()
		c.inputErr = c.readError(err)
		err = c.inputErr
	}
	if c.writeErr == errDeaf {
		c.inputErr, c.unsure = errDeaf, true
	}
	if n += more; n > 0 {
		return n, nil
	}
	return 0, cmp.Or(c.inputErr, err)
}

// readError prefers what happened to the connection over what crypto/tls made of it.
func (c *Conn) readError(err error) error {
	if c.readErr != nil && err != io.EOF {
		return c.readErr
	}
	return err
}

// look tells whether plaintext, or its end, is there. It has crypto/tls process
// what is neither: tickets, key updates.
func (c *Conn) look() bool {
	if c.peeked {
		return true
	}
	n, err := c.tryRead(c.peek[:])
	c.peeked = n > 0
	return err != wouldBlock
}
