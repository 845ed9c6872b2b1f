package http1

// ChunkKind is what a piece of a chunked body is.
type ChunkKind uint8

// The kinds.
const (
	NeedMore ChunkKind = iota // framing that goes on with the next bytes
	Line                      // the end of a size line or of the line end behind a chunk
	Data                      // payload
	Last                      // the end of the last chunk's line; the trailer section follows
)

// Chunks walks a chunked body (RFC 9112 7.1). Only what the grammar allows
// passes; extensions may stand but their bytes are bounded. The zero value is at
// the start of a body.
type Chunks struct {
	left      int64
	excess    int64 // bytes of extensions that the payload does not make up for
	extension uint16
	digits    uint8
	state     chunkState
}

type chunkState uint8

const (
	sizeStart chunkState = iota
	inSize
	sizeLF // behind the CR of a size line
	inData
	dataCR
	dataLF
	atEnd // behind the last chunk's line
	// From here on, inside of extensions.
	extSpace      // white space in front of ";"
	extName       // behind ";"
	inExtName     //
	extNameSpace  // white space behind a name
	extValue      // behind "="
	inExtToken    //
	inExtQuotes   //
	inExtEscape   // behind a backslash in quotes
	extQuotesEnd  // behind the closing quote
	extValueSpace // white space behind a value
)

const (
	maxSizeDigits = 16
	maxExtension  = 1 << 10  // bytes in one size line
	maxExcess     = 16 << 10 // bytes in a body, above freeExtension and twice the payload
	freeExtension = 16
)

// Remaining is how much payload the current chunk still has.
func (c *Chunks) Remaining() int64 { return c.left }

// Skip passes over n bytes of payload that went another way. It panics if the
// chunk has fewer: the framing would be lost.
func (c *Chunks) Skip(n int64) {
	if n < 0 || n > c.left {
		panic("http1: Skip beyond the chunk")
	}
	c.left -= n
	if c.left == 0 && c.state == inData {
		c.state = dataCR
	}
}

// Next takes n bytes from the start of p, all of one kind. What was taken must
// not be given again. NeedMore says that all of p was taken, or that p is empty. With Line and
// Last, n counts also framing that stands directly in front. Behind Last there is nothing more
// to take: Next returns 0 and Last. The bytes before n are good also with an error,
// which is final.
func (c *Chunks) Next(p []byte) (n int, kind ChunkKind, err error) {
	if c.state == inData {
		n := min(c.left, int64(len(p)))
		if n == 0 {
			return 0, NeedMore, nil
		}
		c.Skip(n)
		return int(n), Data, nil
	}
	for i, b := range p {
		if c.state == atEnd {
			return i, Last, nil
		}
		if f := c.step(b); f != noFault {
			return i, NeedMore, f.inRequest()
		}
		switch c.state {
		case inData:
			return i + 1, Line, nil
		case atEnd:
			return i + 1, Last, nil
		}
	}
	if c.state == atEnd {
		return 0, Last, nil
	}
	return len(p), NeedMore, nil
}

// step takes one byte of framing.
func (c *Chunks) step(b byte) fault {
	switch c.state {
	case sizeStart:
		c.left, c.digits, c.extension = 0, 0, 0
		c.state = inSize
		return c.addDigit(b)
	case inSize:
		if hexChar[b] {
			return c.addDigit(b)
		}
		return c.sizeEnd(b, extSpace)
	case sizeLF:
		if b != '\n' {
			return badChunk
		}
		return c.begin()
	case dataCR:
		c.state = dataLF
		return expect(b == '\r')
	case dataLF:
		c.state = sizeStart
		return expect(b == '\n')
	}
	if c.extension++; c.extension > maxExtension {
		return longExtension
	}
	return c.extend(b)
}

func expect(ok bool) fault {
	if ok {
		return noFault
	}
	return badChunk
}

func (c *Chunks) addDigit(b byte) fault {
	if c.digits++; !hexChar[b] || c.digits > maxSizeDigits || c.left > (1<<63-1)>>4 {
		return badChunk
	}
	v := b - '0'
	if b > '9' {
		v = b | 0x20 - 'a' + 10
	}
	c.left = c.left<<4 | int64(v)
	return noFault
}

// begin is the end of a size line.
func (c *Chunks) begin() fault {
	c.state = inData
	if c.left == 0 {
		c.state = atEnd
	}
	if c.extension > 0 {
		c.excess += int64(c.extension)
		if c.excess > maxExcess {
			return longExtension
		}
	}
	if c.excess > 0 {
		c.excess = max(0, c.excess-freeExtension-2*min(c.left, maxExcess))
	}
	return noFault
}

// sizeEnd takes what may follow a size, or an extension that is complete.
func (c *Chunks) sizeEnd(b byte, space chunkState) fault {
	switch {
	case b == '\r':
		c.state = sizeLF
	case b == ';':
		c.state = extName
	case isSpace(b):
		c.state = space
	default:
		return badChunk
	}
	return noFault
}
