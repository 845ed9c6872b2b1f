package http1

// extend takes one byte of chunk extensions (RFC 9112 7.1.1): any number of
//
//	BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ]
//
// No white space can stand at the end of the line, and no line end in quotes.
func (c *Chunks) extend(b byte) fault {
	switch c.state {
	case extSpace, extValueSpace:
		if isSpace(b) {
			return noFault
		}
		c.state = extName
		return expect(b == ';')
	case extName:
		if isSpace(b) {
			return noFault
		}
		c.state = inExtName
		return expect(tokenChar[b] != 0)
	case inExtName:
		if tokenChar[b] != 0 {
			return noFault
		}
		if b == '=' {
			c.state = extValue
			return noFault
		}
		return c.sizeEnd(b, extNameSpace)
	case extNameSpace:
		switch {
		case isSpace(b):
		case b == '=':
			c.state = extValue
		case b == ';':
			c.state = extName
		default:
			return badChunk
		}
		return noFault
	case extValue:
		switch {
		case isSpace(b):
		case b == '"':
			c.state = inExtQuotes
		case tokenChar[b] != 0:
			c.state = inExtToken
		default:
			return badChunk
		}
		return noFault
	case inExtToken:
		if tokenChar[b] != 0 {
			return noFault
		}
		return c.sizeEnd(b, extValueSpace)
	case inExtQuotes:
		return c.quoted(b)
	case inExtEscape:
		c.state = inExtQuotes
		return expect(isText(b))
	case extQuotesEnd:
		return c.sizeEnd(b, extValueSpace)
	}
	return badChunk
}

// quoted takes one byte inside of quotes (RFC 9110 5.6.4).
func (c *Chunks) quoted(b byte) fault {
	switch b {
	case '"':
		c.state = extQuotesEnd
	case '\\':
		c.state = inExtEscape
	default:
		return expect(isText(b))
	}
	return noFault
}

func isText(b byte) bool { return b >= ' ' && b != 0x7f || b == '\t' }
