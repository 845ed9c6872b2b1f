package http1

import "bytes"

// Framing is how the end of a body is found (RFC 9112 6.3).
type Framing uint8

// The framings.
const (
	NoBody     Framing = iota // the message ends with its head
	Length                    // ContentLength bytes follow
	Chunked                   // chunks follow, read by [Chunks], and a trailer section
	UntilClose                // of responses: whatever comes until the connection is closed
)

// framingFields collects what the fields of a message say of its body.
type framingFields struct {
	length       []byte // of Content-Length; nil without one
	value        int64
	chunked      bool // Transfer-Encoding ends with chunked, so far
	otherCodings bool
	coded        bool // there is a Transfer-Encoding
}

// addLength takes a Content-Length. A list is refused although it could be
// repaired, as is any repetition that is not the same to the byte; so what is
// forwarded of them has the one meaning (RFC 9110 8.6).
func (b *framingFields) addLength(value []byte) fault {
	n, ok := parseLength(value)
	if !ok {
		return badLength
	}
	if b.length != nil && !bytes.Equal(b.length, value) {
		return manyLengths
	}
	b.length, b.value = value, n
	return noFault
}

// addCodings takes a Transfer-Encoding. Its lines are one list, in which no
// element may be empty or have parameters, and nothing may come after chunked
// (RFC 9112 6.1, 7).
func (b *framingFields) addCodings(list []byte) fault {
	b.coded = true
	for more := true; more; {
		var coding []byte
		more = bytes.IndexByte(list, ',') >= 0
		coding, list = nextElement(list)
		if b.chunked || !isToken(coding) {
			return badCoding
		}
		if equalFold(coding, "chunked") {
			b.chunked = true
		} else {
			b.otherCodings = true
		}
	}
	return noFault
}

// check says whether the message can be framed.
func (b *framingFields) check(minor uint8) fault {
	switch {
	case !b.coded:
		return noFault
	case b.length != nil:
		return lengthAndCoding
	case minor == 0:
		return oldCoding
	case !b.chunked:
		return badCoding
	case b.otherCodings:
		return otherCoding
	}
	return noFault
}

// maxLengthDigits leaves room for leading zeros, which the grammar allows.
const maxLengthDigits = 32

// parseLength reads 1*DIGIT up to the largest int64.
func parseLength(p []byte) (n int64, ok bool) {
	if len(p) == 0 || len(p) > maxLengthDigits {
		return 0, false
	}
	const most = 1<<63 - 1
	for _, c := range p {
		if !isDigit(c) || n > most/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
		if n < 0 {
			return 0, false
		}
	}
	return n, true
}
