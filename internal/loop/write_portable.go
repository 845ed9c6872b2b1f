//go:build !linux || portable

package loop

import (
	"errors"
	"net"
	"os"
)

// Write writes all of p, waiting where the socket is full. The count is what
// was taken, also on an error.
func (c *Conn) Write(t *Task, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.WriteBuffers(t, [][]byte{p})
	return int(n), err
}

// WriteBuffers writes all the slices, in order, in as few system calls as the
// socket's room allows. The slices and what they point to stay the caller's and
// are not changed.
func (c *Conn) WriteBuffers(t *Task, buffers [][]byte) (int64, error) {
	done, all := int64(0), int64(0)
	for _, b := range buffers {
		all += int64(len(b))
	}
	c.scratch = append(c.scratch[:0], buffers...)
	defer clear(c.scratch)
	left := c.scratch
	for done < all {
		n, err := c.writeSocket(t, &left)
		done += n
		if err != nil && done < all {
			return done, err
		}
	}
	return done, nil
}

// writeSocket writes until it fails or is resumed without cause.
func (c *Conn) writeSocket(t *Task, buffers *net.Buffers) (int64, error) {
	if c.flags&closed != 0 {
		return 0, ErrClosed
	}
	late := passed(c.writeDeadline, c.loop.now)
	if c.writeCut || late {
		_ = c.net.SetWriteDeadline(unlessLate(late))
		c.writeCut = late
	}
	var n int64
	var err error
	tried := false
	c.writer = t
	resumed, why := t.block(func() {
		tried = true
		n, err = buffers.WriteTo(c.net)
	}, c.cutWrite)
	c.writer = nil
	switch {
	case !tried:
		return 0, why // the interruption came before
	case err == nil:
		t.keep(why)
		return n, nil
	case why != nil:
		return n, why
	case c.flags&closed != 0:
		return n, ErrClosed
	case late && errors.Is(err, os.ErrDeadlineExceeded):
		return n, ErrTimeout
	case resumed:
		return n, nil
	}
	c.hangUp()
	return n, systemError(err)
}

func (c *Conn) cutWrite() {
	c.writeCut = true
	_ = c.net.SetWriteDeadline(longAgo)
}

// canSplice tells whether [Conn.SpliceTo] moves bytes without copying them.
const canSplice = false

func (c *Conn) spliceReady(*Task, *Conn, int64) (moved int64, readErr, writeErr error) {
	return 0, ErrNoSplice, nil
}

func (c *Conn) hold(*Conn) {}

// SpliceTo moves nothing here: it returns ErrNoSplice as readErr.
func (c *Conn) SpliceTo(t *Task, dst *Conn, n, readTimeout, writeTimeout int64) (moved int64, readErr, writeErr error) {
	return 0, ErrNoSplice, nil
}
