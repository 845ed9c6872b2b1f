package http2

import (
	"errors"
	"io"

	"spillway/internal/loop"
)

// A reader is the task that reads a connection and deals with its frames. While
// there is nothing to read there is no task: the loop wakes the connection.
type reader struct{ conn *conn }

// Wake is called by the loop when the idle connection has input or its deadline has passed.
func (r *reader) Wake(e loop.Event) {
	c := r.conn
	switch e {
	case loop.Readable:
		c.startReader()
	case loop.Expired:
		c.expired()
		c.rest()
	default:
		c.lose(loop.ErrClosed)
	}
}

func (c *conn) startReader() {
	if !c.readerRuns {
		c.readerRuns = true
		c.worker.loop.Start(&c.reader)
	}
}

// rest hands the socket to the loop, or goes on reading if there is input.
func (c *conn) rest() {
	if c.dead || c.readerRuns {
		return
	}
	c.arm()
	if !c.socket.Idle(&c.reader) {
		c.startReader()
	}
}

// Run reads until there is nothing to be read.
func (r *reader) Run(t *loop.Task) {
	c := r.conn
	whole := false
	defer func() { c.readerEnded(whole) }()
	for first := true; ; first = false {
		if first && c.in != nil && c.in.start < c.in.end && c.prefaceSeen == 0 && !c.isClient {
			c.takeInput() // what was read before the protocol was known
		} else if !c.readMore(t) {
			break
		}
		c.side.batchEnded()
		c.letOutputShrink(t)
		if c.dead {
			break
		}
		c.releaseInput()
		c.arm()
		if c.socket.Idle(&c.reader) {
			break
		}
	}
	whole = true
}

// readerEnded also comes after a panic, which leaves the connection useless.
func (c *conn) readerEnded(whole bool) {
	c.readerRuns = false
	if !whole {
		c.lose(ErrConnection)
	}
	if c.dead {
		c.worker.blocks.putLarge(c.in)
		c.in = nil
	}
}

// readMore reads once and deals with the frames that are whole.
func (c *conn) readMore(t *loop.Task) (ok bool) {
	if c.in == nil {
		c.in = c.worker.blocks.takeLarge()
	}
	c.in.compact()
	n, err := c.socket.Read(t, c.in.data[c.in.end:])
	if err != nil {
		return c.readFailed(err)
	}
	c.in.end += n
	c.takeInput()
	return !c.dead
}

func (c *conn) readFailed(err error) (goOn bool) {
	switch {
	case errors.Is(err, loop.ErrTimeout):
		c.expired()
		return !c.dead
	case err == io.EOF:
		c.lose(ErrConnection)
	default:
		c.lose(err)
	}
	return false
}

// takeInput deals with what has been read.
func (c *conn) takeInput() {
	if c.ending {
		c.discard()
		return
	}
	if code := c.takeFrames(); code != NoError {
		c.abort(code)
		c.discard()
	}
}

// discard passes over what comes after the end.
func (c *conn) discard() {
	c.credit.discarded += c.in.end - c.in.start
	c.in.start, c.in.end = 0, 0
	if c.credit.discarded > lingerBytes {
		c.lose(ErrConnection)
	}
}

// releaseInput gives the block back when nothing is left in it.
func (c *conn) releaseInput() {
	if c.in != nil && c.in.start == c.in.end {
		c.worker.blocks.putLarge(c.in)
		c.in = nil
	}
}

// letOutputShrink waits while the peer asks for more answers than it takes.
func (c *conn) letOutputShrink(t *loop.Task) {
	for c.out.pending >= controlLimit && !c.dead && !c.lingering {
		c.readerWaits = t
		err := t.Park(0)
		c.readerWaits = nil
		if err != nil {
			c.lose(err)
		}
	}
}

// takeFrames deals with all frames that are whole. It returns what the connection ends with.
func (c *conn) takeFrames() ErrCode {
	if !c.isClient && c.prefaceSeen < len(preface) {
		p := c.in.waiting()
		p = p[:min(len(p), len(preface)-c.prefaceSeen)]
		if string(p) != preface[c.prefaceSeen:c.prefaceSeen+len(p)] {
			return ProtocolError
		}
		c.prefaceSeen += len(p)
		c.in.start += len(p)
	}
	for {
		p := c.in.waiting()
		if len(p) < frameHeaderLen {
			return NoError
		}
		h := parseFrameHeader(p)
		if h.length > ownMaxFrame {
			return FrameSizeError
		}
		if len(p) < frameHeaderLen+h.length {
			return NoError
		}
		c.in.start += frameHeaderLen + h.length
		if code := c.takeFrame(h, p[frameHeaderLen:frameHeaderLen+h.length]); code != NoError || c.ending {
			return code
		}
	}
}
