package http2

import "encoding/binary"

// takeFrame deals with one frame (RFC 9113 6). It returns what the connection ends with.
func (c *conn) takeFrame(h frameHeader, p []byte) ErrCode {
	if c.block.stream != 0 && (h.kind != continuationFrame || h.stream != c.block.stream) {
		return ProtocolError
	}
	if !c.settled && (h.kind != settingsFrame || h.has(flagAck)) {
		return ProtocolError
	}
	switch h.kind {
	case dataFrame:
		return c.takeData(h, p)
	case headersFrame:
		return c.takeHeaders(h, p)
	case continuationFrame:
		return c.takeContinuation(h, p)
	case priorityFrame:
		return c.takePriority(h, p)
	case resetFrame:
		return c.takeReset(h, p)
	case settingsFrame:
		return c.takeSettings(h, p)
	case pingFrame:
		return c.takePing(h, p)
	case goAwayFrame:
		return c.takeGoAway(h, p)
	case windowUpdateFrame:
		return c.takeWindowUpdate(h, p)
	case pushPromiseFrame:
		return ProtocolError // nobody may push to this side
	case priorityUpdateFrame:
		return c.spend(PriorityFlood)
	}
	return c.spend(UnknownFlood)
}

// idle tells whether no frame but the first HEADERS may come for the stream.
func (c *conn) idle(id uint32) bool { return id%2 == 0 || id > max(c.lastID, c.lateID) }

func (c *conn) takePriority(h frameHeader, p []byte) ErrCode {
	switch {
	case h.stream == 0:
		return ProtocolError
	case h.length != priorityLen && c.idle(h.stream):
		return FrameSizeError
	case h.length != priorityLen:
		return c.streamError(h.stream, FrameSizeError)
	case dependency(p) == h.stream:
		return ProtocolError
	}
	return c.spend(PriorityFlood)
}

func dependency(p []byte) uint32 { return binary.BigEndian.Uint32(p) & maxStreamID }

func (c *conn) takeReset(h frameHeader, p []byte) ErrCode {
	switch {
	case h.stream == 0:
		return ProtocolError
	case h.length != resetLen:
		return FrameSizeError
	case c.idle(h.stream):
		return ProtocolError
	}
	c.worker.stats.ResetsReceived++
	code := ErrCode(binary.BigEndian.Uint32(p))
	s := c.find(h.stream)
	if s == nil {
		return c.spend(UnknownFlood)
	}
	unanswered := !s.answered()
	s.resetByPeer(code)
	if c.isClient {
		return NoError
	}
	if !s.handed {
		s.Close() // the handler never sees it
		c.worker.stats.Cancelled++
	}
	if unanswered {
		return c.spend(RapidReset)
	}
	return NoError
}

func (c *conn) takePing(h frameHeader, p []byte) ErrCode {
	switch {
	case h.stream != 0:
		return ProtocolError
	case h.length != pingLen:
		return FrameSizeError
	case h.has(flagAck):
		c.side.pong(p)
		return c.spend(PingFlood)
	}
	c.sendPing(flagAck, p)
	return c.spend(PingFlood)
}

func (c *conn) takeGoAway(h frameHeader, p []byte) ErrCode {
	switch {
	case h.stream != 0:
		return ProtocolError
	case h.length < goAwayLen:
		return FrameSizeError
	}
	c.worker.stats.GoAwaysReceived++
	c.side.goAway(binary.BigEndian.Uint32(p)&maxStreamID, ErrCode(binary.BigEndian.Uint32(p[4:])))
	return c.spend(UnknownFlood)
}

// takeData brings a body on (RFC 9113 6.1).
func (c *conn) takeData(h frameHeader, p []byte) ErrCode {
	if h.stream == 0 {
		return ProtocolError
	}
	data, ok := unpad(h, p)
	if !ok || c.idle(h.stream) {
		return ProtocolError
	}
	if c.credit.left -= int64(h.length); c.credit.left < 0 {
		return FlowControlError
	}
	if !h.has(flagEndStream) && len(data) <= tiny {
		kind := TinyFlood
		if len(data) == 0 {
			kind = EmptyFlood
		}
		if code := c.spend(kind); code != NoError {
			return code
		}
	}
	s := c.find(h.stream)
	if s == nil || s.ended() {
		c.used(h.length)
		if c.underWay(s, h.stream) {
			return NoError
		}
		return c.streamError(h.stream, StreamClosed)
	}
	return s.takeData(h, data)
}

// underWay tells whether a frame for a stream that is not open may have been
// sent before the peer knew of the end: it means nothing, then.
func (c *conn) underWay(s *Stream, id uint32) bool {
	return s != nil && !s.peerReset || id > c.lastID || c.resets.has(id, c.lastID)
}

// takeData takes the payload of a DATA frame that is h.length with its padding.
func (s *Stream) takeData(h frameHeader, data []byte) ErrCode {
	c := s.conn
	code := NoError
	s.credit.left -= int64(h.length)
	s.received += int64(len(data))
	switch {
	case s.remoteEnded:
		code = StreamClosed
	case s.credit.left < 0:
		code = FlowControlError
	case !s.headSeen || s.bodiless && len(data) > 0,
		s.declared >= 0 && s.received > s.declared,
		s.declared >= 0 && h.has(flagEndStream) && s.received < s.declared && !s.bodiless:
		code = ProtocolError
	}
	if code != NoError {
		c.used(h.length)
		return c.streamError(s.id, code)
	}
	if s.discards {
		c.used(h.length)
		s.used(h.length)
	} else {
		c.used(h.length - len(data))
		s.used(h.length - len(data))
		s.input.push(&c.worker.blocks, data)
		s.bodyLeft += len(data)
	}
	if h.has(flagEndStream) {
		s.remoteEnded = true
	}
	s.wakeReader()
	return NoError
}

// streamError ends one stream because of what the peer sent for it.
func (c *conn) streamError(id uint32, code ErrCode) ErrCode {
	c.sendReset(id, code)
	if s := c.find(id); s != nil {
		s.end(&ResetError{Code: code})
	}
	if c.isClient {
		return NoError
	}
	return c.spend(RapidReset)
}
