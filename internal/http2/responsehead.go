package http2

import (
	"spillway/internal/http1"
)

// sendResponseHead sends the head of an interim or the final answer, given as HTTP/1.1.
func (s *Stream) sendResponseHead(head []byte) error {
	c := s.conn
	r := &c.worker.response
	r.Reset()
	if _, err := r.Parse(head, s.methodForHead(), headLimits); err != nil {
		return s.broken()
	}
	switches := r.Status == 101
	if switches && !s.upgrade {
		return s.broken()
	}
	status := r.Status
	if switches {
		status = 200
	}
	e := c.startBlock()
	c.worker.fields.indexed(e, ":status", statusValues[status])
	lengthSent := false
	for i := range r.Fields {
		f := &r.Fields[i]
		switch {
		case f.Hop:
		case f.ID == http1.ContentLength && (lengthSent || r.Status < 200 || r.Status == 204):
		case switches && isAccept(f.Name):
		default:
			lengthSent = lengthSent || f.ID == http1.ContentLength
			c.worker.fields.add(e, f.Name, f.Value)
		}
	}
	s.phaseBehindAnswer(r)
	s.sendBlock(s.out.phase == complete)
	return nil
}

// phaseBehindAnswer finds what follows a head.
func (s *Stream) phaseBehindAnswer(r *http1.Response) {
	switch {
	case r.Status == 101:
		s.tunnel = true
		s.out.phase = inTunnel
		s.wakeReader()
		return
	case r.Status < 200:
		return
	case r.Framing == http1.Chunked:
		s.out.phase = inChunks
	case r.Framing == http1.UntilClose:
		s.out.phase = inUntilClose
	case r.Framing == http1.Length && r.ContentLength > 0:
		s.out.phase, s.out.left = inLength, r.ContentLength
	default:
		s.out.phase = complete
	}
	if s.upgrade {
		s.refuseTunnel()
	}
}

// refuseTunnel passes over what the client has sent, or will, into a tunnel that is not.
func (s *Stream) refuseTunnel() {
	c := s.conn
	s.discards = true
	c.used(s.bodyLeft)
	s.bodyLeft = 0
	if s.headLeft == 0 {
		s.input.drop(&c.worker.blocks)
	}
	s.wakeReader()
}

// isAccept tells whether the field is Sec-WebSocket-Accept, which HTTP/2 has no use for (RFC 8441 5).
func isAccept(name []byte) bool {
	const accept = "sec-websocket-accept"
	return len(name) == len(accept) && sameHost(string(name), accept)
}
