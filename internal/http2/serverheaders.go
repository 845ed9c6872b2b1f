package http2

// headers takes a request's head or its trailer section.
func (c *ServerConn) headers(b headerBlock) ErrCode {
	if b.stream%2 == 0 {
		return ProtocolError
	}
	text := &c.worker.text
	if b.stream > c.lastID {
		text.begin(requestText, c.settings.MaxHeaderList)
		if code := c.decode(b); code != NoError {
			return code
		}
		return c.open(b)
	}
	text.begin(trailerText, c.settings.MaxHeaderList)
	if code := c.decode(b); code != NoError {
		return code
	}
	s := c.find(b.stream)
	switch {
	case s == nil && c.usedIDs.passedOver(b.stream, c.lastID):
		return ProtocolError
	case (s == nil || s.ended()) && c.underWay(s, b.stream):
		return NoError
	case s == nil:
		return StreamClosed
	case s.remoteEnded, s.ended():
		return c.streamError(b.stream, StreamClosed)
	}
	return c.trailers(s, b)
}

// open begins a stream with the head that has been decoded.
func (c *ServerConn) open(b headerBlock) ErrCode {
	if c.drain == drainBegun {
		c.lateID = b.stream
		return NoError // the client has been told that it is not processed
	}
	c.usedIDs.used(b.stream, c.lastID)
	c.resets.opened(b.stream, c.lastID)
	c.lastID = b.stream
	text := &c.worker.text
	switch {
	case b.selfish:
		return c.streamError(b.stream, ProtocolError)
	case len(c.streams) >= c.maxStreams:
		c.worker.stats.Refused++
		c.sendReset(b.stream, RefusedStream)
		return c.spend(Overload)
	case text.tooLarge():
		return c.refuseHead(b)
	case !text.endRequest(b.endStream):
		c.worker.stats.Malformed++
		return c.streamError(b.stream, ProtocolError)
	}
	s := c.newStream(b.stream)
	s.headSeen = true
	s.declared = text.length
	s.asksHead = text.method == "HEAD"
	s.https = text.scheme != "http"
	s.upgrade = text.protocol != ""
	s.discards = text.method == "CONNECT" && !s.upgrade
	s.chunked = text.chunked
	s.urgency = text.urgency
	s.remoteEnded = b.endStream
	s.addHead(text.out)
	c.add(s)
	c.fresh = append(c.fresh, s)
	c.worker.trim()
	return NoError
}

func (c *conn) newStream(id uint32) *Stream {
	s := &Stream{conn: c, id: id, declared: -1, window: c.peer.window, lastFrame: -1, urgency: plainUrgency}
	s.credit.left = int64(c.settings.StreamWindow)
	return s
}

// refuseHead answers a head above the limit. The stream ends with it.
func (c *ServerConn) refuseHead(b headerBlock) ErrCode {
	c.worker.stats.HeadTooLarge++
	e := c.startBlock()
	c.worker.fields.indexed(e, ":status", statusValues[431])
	c.worker.fields.indexed(e, "content-length", "0")
	c.out.headers(b.stream, c.worker.fields.block, true)
	c.flush()
	if !b.endStream {
		c.sendReset(b.stream, NoError)
	}
	return c.spend(RapidReset)
}

// trailers takes the fields behind a body (RFC 9113 8.1).
func (c *conn) trailers(s *Stream, b headerBlock) ErrCode {
	text := &c.worker.text
	if !b.endStream || b.selfish || text.tooLarge() || !text.endTrailer() || s.tunnel ||
		s.declared >= 0 && s.received != s.declared && !s.bodiless {
		c.worker.stats.Malformed++
		return c.streamError(b.stream, ProtocolError)
	}
	s.addTrailer(text.out)
	return NoError
}
