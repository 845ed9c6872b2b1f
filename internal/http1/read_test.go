package http1

import (
	"errors"
	"fmt"
)

// A whole is one request, read to the end of its trailer section.
type whole struct {
	head Request
	body []byte
}

var errCut = errors.New("the message is not complete")

// readWhole reads the request at the start of p, which comes in pieces of the given size.
func readWhole(p []byte, piece int) (w *whole, n int, err error) {
	w = &whole{}
	n, err = inPieces(p, piece, func(buf []byte) (int, error) { return w.head.Parse(buf, DefaultLimits) })
	if err != nil {
		return nil, 0, err
	}
	var size int
	w.body, size, err = readBody(p[n:], piece, w.head.Framing, w.head.ContentLength)
	return w, n + size, err
}

// inPieces calls parse with ever more of p, each time in other memory, as long as it asks for more.
func inPieces(p []byte, piece int, parse func(buf []byte) (int, error)) (n int, err error) {
	for end := min(piece, len(p)); ; end = min(end+piece, len(p)) {
		buf := append([]byte(nil), p[:end]...)
		if n, err = parse(buf); n > 0 || err != nil {
			return n, err
		}
		for i := range buf {
			buf[i] = 0xff // what is kept of an earlier piece must not matter
		}
		if end == len(p) {
			return 0, errCut
		}
	}
}

func readBody(p []byte, piece int, framing Framing, length int64) (body []byte, n int, err error) {
	switch framing {
	case Length:
		if int64(len(p)) < length {
			return nil, 0, errCut
		}
		return p[:length], int(length), nil
	case Chunked:
		return readChunks(p, piece)
	case UntilClose:
		return p, len(p), nil
	}
	return nil, 0, nil
}

func readChunks(p []byte, piece int) (body []byte, n int, err error) {
	var c Chunks
	for n < len(p) {
		size, kind, err := c.Next(p[n:min(n+piece, len(p))])
		if err != nil {
			return nil, 0, err
		}
		if size == 0 {
			return nil, 0, fmt.Errorf("nothing taken of %q", p[n:])
		}
		switch kind {
		case Data:
			body = append(body, p[n:n+size]...)
		case Last:
			n += size
			end, err := inPieces(p[n:], piece, func(buf []byte) (int, error) {
				end, _, err := ParseTrailer(buf, nil, DefaultLimits)
				return end, err
			})
			return body, n + end, err
		}
		n += size
	}
	return nil, 0, errCut
}
