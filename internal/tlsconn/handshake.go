package tlsconn

import (
	"context"
	"io"

	"spillway/internal/loop"
)

// Handshake makes the connection ready for use, until deadline (0: none), which
// gives [loop.ErrTimeout]. A server's handshake takes its place among the
// others of the loop when its first bytes are here; a client's, that an
// established connection may be waiting for, goes first. io.EOF says that the
// peer ended the connection without a word. After an error, close the connection.
// After success neither deadline of the connection is set.
func (c *Conn) Handshake(t *loop.Task, deadline int64) error {
	switch {
	case c.closed:
		return loop.ErrClosed
	case c.ready:
		return nil
	}
	c.under.SetReadDeadline(deadline)
	c.under.SetWriteDeadline(deadline)
	if !c.isClient {
		if len(c.preread) == 0 {
			if err := c.under.WaitReadable(t); err != nil {
				return err
			}
		}
		if err := c.worker.Handshakes.Acquire(t, deadline); err != nil {
			return err
		}
		defer c.worker.Handshakes.Release()
	}
	if err := c.shakeHands(t, deadline); err != nil {
		return err
	}
	if c.closed {
		return loop.ErrClosed
	}
	c.ready = true
	c.under.SetReadDeadline(0)
	c.under.SetWriteDeadline(0)
	return nil
}

func (c *Conn) shakeHands(t *loop.Task, deadline int64) error {
	c.step = &step{handshakes: &c.worker.Handshakes, task: t, deadline: deadline, urgent: c.isClient}
	defer func() {
		c.step.leave()
		c.step = nil
	}()
	if c.isClient {
		if err := c.step.enter(); err != nil {
			return err
		}
	}
	err := c.tls.HandshakeContext(context.Background())
	switch {
	case err == nil:
		return nil
	case c.readErr == io.ErrUnexpectedEOF && c.taken == 0:
		return io.EOF
	case c.readErr != nil:
		return c.readErr
	}
	return err
}
