package http2

import "encoding/binary"

// A credit is what a peer may still send, and what of it has to be given anew.
type credit struct {
	left      int64
	used      int // taken by the reader, and not given to the peer again yet
	discarded int // bytes read behind the end of the connection
}

// used gives the peer n bytes of the connection's window again, in portions.
func (c *conn) used(n int) {
	c.credit.used += n
	if c.credit.used >= c.settings.ConnWindow/2 && !c.ending {
		c.credit.left += int64(c.credit.used)
		c.sendWindowUpdate(0, c.credit.used)
		c.credit.used = 0
	}
}

// used gives the peer n bytes of the stream's window again, in portions.
func (s *Stream) used(n int) {
	s.credit.used += n
	if s.credit.used >= s.conn.settings.StreamWindow/2 && !s.remoteEnded && !s.ended() {
		s.credit.left += int64(s.credit.used)
		s.conn.sendWindowUpdate(s.id, s.credit.used)
		s.credit.used = 0
	}
}

func (c *conn) takeWindowUpdate(h frameHeader, p []byte) ErrCode {
	if h.length != windowLen {
		return FrameSizeError
	}
	n := int64(binary.BigEndian.Uint32(p) & maxWindow)
	if h.stream == 0 {
		if n == 0 {
			return ProtocolError
		}
		if c.window += n; c.window > maxWindow {
			return FlowControlError
		}
		c.grant()
		return c.spend(WindowFlood)
	}
	if c.idle(h.stream) {
		return ProtocolError
	}
	s := c.find(h.stream)
	if s == nil || s.ended() {
		return c.spend(WindowFlood)
	}
	if n == 0 {
		return c.streamError(h.stream, ProtocolError)
	}
	if s.window += n; s.window > maxWindow {
		return c.streamError(h.stream, FlowControlError)
	}
	s.windowMoved()
	return c.spend(WindowFlood)
}

// windowMoved lets a writer go on that waits for the stream's own window.
func (s *Stream) windowMoved() {
	if s.window > 0 && s.writer != nil && !s.queued {
		s.writer.Resume()
	}
}

// mayPass is how often a stream may be overtaken by more urgent ones while it waits.
const mayPass = 8

// enqueue has the stream wait for its turn: behind those that came before, except
// for less urgent ones (RFC 9218 4.1), none of which waits for ever.
func (c *conn) enqueue(s *Stream) {
	s.queued, s.passed = true, 0
	at := len(c.queue)
	for at > 0 && c.queue[at-1].urgency > s.urgency && c.queue[at-1].passed < mayPass {
		at--
		c.queue[at].passed++
	}
	c.queue = append(c.queue, nil)
	copy(c.queue[at+1:], c.queue[at:])
	c.queue[at] = s
}

func (c *conn) dequeue(s *Stream) {
	if !s.queued {
		return
	}
	s.queued = false
	for i, each := range c.queue {
		if each == s {
			copy(c.queue[i:], c.queue[i+1:])
			c.queue[len(c.queue)-1] = nil
			c.queue = c.queue[:len(c.queue)-1]
			return
		}
	}
}

// roomFor tells whether what s waits to send may be sent now, as far as the
// connection goes: heads wait for room in the output only.
func (c *conn) roomFor(s *Stream) bool {
	if s.sendsHead {
		return c.out.pending < headLimit
	}
	return c.window > 0 && c.out.room() > 0
}

// grant gives the turn to the first stream that waits for it and can use it.
// Only one has the turn at a time; when it has sent, it calls grant again.
func (c *conn) grant() {
	if c.granted != nil {
		return
	}
	for _, s := range c.queue {
		if c.roomFor(s) {
			c.dequeue(s)
			c.granted = s
			if s.writer != nil {
				s.writer.Resume()
			}
			return
		}
	}
}

// hasSent passes the turn on behind a frame of s, which takes its place among
// those that wait if it has more to send.
func (c *conn) hasSent(s *Stream, more bool) {
	if c.granted == s {
		c.granted = nil
	}
	if more && len(c.queue) > 0 && s.window > 0 {
		c.enqueue(s)
	}
	c.grant()
}

// giveTurn passes the turn on, if s has it.
func (c *conn) giveTurn(s *Stream) {
	if c.granted == s {
		c.granted = nil
		c.grant()
	}
}
