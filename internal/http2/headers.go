package http2

import "golang.org/x/net/http2/hpack"

// A headerBlock is a field section on its way in. A section of one frame is
// decoded where it was read; one of several is gathered first.
type headerBlock struct {
	stream    uint32 // 0: there is none
	endStream bool
	selfish   bool // the stream depends on itself (RFC 7540 5.3.1)
	frames    int
	data      []byte
}

func (c *conn) takeHeaders(h frameHeader, p []byte) ErrCode {
	if h.stream == 0 {
		return ProtocolError
	}
	p, ok := unpad(h, p)
	if !ok {
		return ProtocolError
	}
	b := headerBlock{stream: h.stream, endStream: h.has(flagEndStream), frames: 1, data: p}
	if h.has(flagPriority) {
		if len(p) < priorityLen {
			return FrameSizeError
		}
		b.selfish = dependency(p) == h.stream
		b.data = p[priorityLen:]
	}
	if h.has(flagEndHeaders) {
		return c.side.headers(b)
	}
	b.data = append([]byte(nil), b.data...)
	c.block = b
	return NoError
}

func (c *conn) takeContinuation(h frameHeader, p []byte) ErrCode {
	b := &c.block
	if b.stream == 0 {
		return ProtocolError
	}
	b.frames++
	if b.frames > maxContinuations || len(b.data)+len(p) > 2*c.settings.MaxHeaderList {
		return c.abused(ContinuationFlood)
	}
	b.data = append(b.data, p...)
	if !h.has(flagEndHeaders) {
		return NoError
	}
	whole := *b
	*b = headerBlock{}
	return c.side.headers(whole)
}

// decode hands the fields of a block to the worker's text, which has been made ready.
func (c *conn) decode(b headerBlock) ErrCode {
	if c.decoder == nil {
		c.decoder = hpack.NewDecoder(tableAtStart, c.worker.text.add)
		// No string of a block that is taken can be this long, however it is coded.
		c.decoder.SetMaxStringLength(4 * max(c.settings.MaxHeaderList, ownMaxFrame))
	}
	if _, err := c.decoder.Write(b.data); err != nil {
		return CompressionError
	}
	if err := c.decoder.Close(); err != nil {
		return CompressionError
	}
	return NoError
}
