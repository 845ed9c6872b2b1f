package http1

// ChunkKind is what a piece of a chunked body is.
type ChunkKind uint8

// The kinds.
const (
	NeedMore ChunkKind = iota // framing that is not complete yet
	Line                      // a size line, or the line end behind a chunk
	Data                      // payload
	Last                      // the end of the last chunk's line; the trailer section follows
)

// Chunks walks a chunked body (RFC 9112 7.1). Only what the grammar allows
// passes; extensions may stand but are bounded. The zero value is at the start.
type Chunks struct {
	left   int64
	state  chunkState
	digits uint8
	ext    uint16 // bytes of this chunk's extensions
}

type chunkState uint8

const (
	sizeStart chunkState = iota
	sizeDigits
	extStart     // white space in front of ";"
	extName      // behind ";"
	extNameRest  // inside a name
	extNameEnd   // white space behind a name
	extValue     // behind "="
	extToken     // inside a token value
	extQuoted    // inside a quoted value
	extEscaped   // behind a backslash in one
	extValueEnd  // behind a value
	sizeLineFeed // behind the CR of a size line
	data
	dataReturn
	dataLineFeed
)

const (
	maxSizeDigits = 16
	maxExtensions = 1024
)

// Remaining is how much payload the current chunk still has.
func (c *Chunks) Remaining() int64 { return c.left }

// Skip passes n bytes of payload, at most Remaining, that went another way.
func (c *Chunks) Skip(n int64) {
	if c.left -= n; c.left == 0 && n > 0 {
		c.state = dataReturn
	}
}

// Next takes bytes from the start of p, all of one kind. The state goes on from
// call to call: what was taken must not be given again. NeedMore says that all
// of p was taken.
func (c *Chunks) Next(p []byte) (n int, kind ChunkKind, err error) {
	if c.state == data {
		n := min(c.left, int64(len(p)))
		c.Skip(n)
		return int(n), Data, nil
	}
	for i, b := range p {
		done, ok := c.step(b)
		if !ok {
			return i, Line, errChunk
		}
		if !done {
			continue
		}
		if c.state == data && c.left == 0 {
			return i + 1, Last, nil
		}
		return i + 1, Line, nil
	}
	return len(p), NeedMore, nil
}

// step takes one byte of framing; done at the end of a line.
func (c *Chunks) step(b byte) (done, ok bool) {
	switch c.state {
	case sizeStart:
		c.left, c.digits, c.ext = 0, 0, 0
		c.state = sizeDigits
		return false, c.addDigit(b)
	case sizeDigits:
		if hexValue(b) >= 0 {
			return false, c.addDigit(b)
		}
		return false, c.afterSize(b)
	case sizeLineFeed:
		c.state = data
		return true, b == '\n'
	case dataReturn:
		c.state = dataLineFeed
		return false, b == '\r'
	case dataLineFeed:
		c.state = sizeStart
		return true, b == '\n'
	}
	if c.ext++; c.ext > maxExtensions {
		return false, false
	}
	return false, c.extension(b)
}

func (c *Chunks) addDigit(b byte) bool {
	v := hexValue(b)
	if c.digits++; v < 0 || c.digits > maxSizeDigits || c.left > (1<<63-1)>>4 {
		return false
	}
	c.left = c.left<<4 | int64(v)
	return true
}

// afterSize takes what may follow a size, or an extension that is complete.
func (c *Chunks) afterSize(b byte) bool {
	switch b {
	case '\r':
		c.state = sizeLineFeed
	case ';':
		c.state = extName
	case ' ', '\t':
		c.state = extStart
	default:
		return false
	}
	return true
}

// extension follows chunk-ext: ";" name ["=" value], white space around each.
func (c *Chunks) extension(b byte) bool {
	space := b == ' ' || b == '\t'
	switch c.state {
	case extStart, extValueEnd:
		if space {
			return true
		}
		if b == ';' || b == '\r' && c.state == extValueEnd {
			return c.afterSize(b)
		}
		return false
	case extName:
		if space {
			return true
		}
		c.state = extNameRest
		return tokenChar[b]
	case extNameRest:
		if tokenChar[b] {
			return true
		}
		c.state = extNameEnd
		return c.afterName(b, space)
	case extNameEnd:
		return c.afterName(b, space)
	case extValue:
		switch {
		case space:
		case b == '"':
			c.state = extQuoted
		default:
			c.state = extToken
			return tokenChar[b]
		}
		return true
	case extToken:
		if tokenChar[b] {
			return true
		}
		return c.afterSizeOrSpace(b, space)
	case extQuoted:
		switch b {
		case '"':
			c.state = extValueEnd
		case '\\':
			c.state = extEscaped
		}
		return b >= ' ' && b != 0x7f || b == '\t'
	case extEscaped:
		c.state = extQuoted
		return b >= ' ' && b != 0x7f || b == '\t'
	}
	return false
}

func (c *Chunks) afterName(b byte, space bool) bool {
	if b == '=' {
		c.state = extValue
		return true
	}
	if space {
		return true
	}
	return c.afterSize(b)
}

func (c *Chunks) afterSizeOrSpace(b byte, space bool) bool {
	if space {
		c.state = extValueEnd
		return true
	}
	return c.afterSize(b)
}

func hexValue(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return int(b|0x20-'a') + 10
	}
	return -1
}
