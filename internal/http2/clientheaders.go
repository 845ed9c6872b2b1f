package http2

// headers takes the head of a response, an interim one's, or a trailer section.
func (c *ClientConn) headers(b headerBlock) ErrCode {
	if c.idle(b.stream) {
		return ProtocolError
	}
	s := c.find(b.stream)
	text := &c.worker.text
	if s == nil || s.ended() || !s.headSeen {
		text.begin(responseText, c.settings.MaxHeaderList)
		if s != nil {
			text.accept = s.accept
		}
	} else {
		text.begin(trailerText, c.settings.MaxHeaderList)
	}
	if code := c.decode(b); code != NoError {
		return code
	}
	switch {
	case s == nil || s.ended():
		return NoError // it may have been under way when the stream ended
	case s.remoteEnded:
		return c.streamError(b.stream, StreamClosed)
	case s.headSeen:
		return c.trailers(s, b)
	}
	return c.response(s, b)
}

// maxInterim bounds the heads that wait to be read, in heads of the largest size.
const maxInterim = 4

// response takes a head that has been decoded.
func (c *ClientConn) response(s *Stream, b headerBlock) ErrCode {
	text := &c.worker.text
	text.trailing = text.trailing && !b.endStream
	bodiless := s.asksHead || text.interim() || text.status == "204" || text.status == "304"
	if s.headLeft > maxInterim*c.settings.MaxHeaderList {
		return c.streamError(b.stream, EnhanceYourCalm)
	}
	good := !text.tooLarge() && text.endResponse(bodiless) && !(text.interim() && b.endStream)
	if good && b.endStream && text.length > 0 && !bodiless {
		good = false
	}
	if !good {
		c.worker.stats.Malformed++
		return c.streamError(b.stream, ProtocolError)
	}
	if !text.interim() {
		s.headSeen = true
		s.bodiless = bodiless
		s.declared = text.length
		s.tunnel = text.switches()
		s.chunked = text.chunked
		s.upgrade = false
		s.remoteEnded = b.endStream
		if s.tunnel {
			s.declared = -1
		}
	}
	s.addHead(text.out)
	c.worker.trim()
	return NoError
}
