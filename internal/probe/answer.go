package probe

import (
	"errors"
	"io"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

var limits = http1.Limits{Head: 256 << 10, Fields: 1000}

var (
	errHead    = errors.New("the answer's head is too large")
	errBody    = errors.New("the answer is too large")
	errTrailer = errors.New("malformed trailers")
)

// An answer is what a backend says to a check, as far as it has been read.
type answer struct {
	data    []byte // from the head of the final answer on
	head    http1.Response
	headLen int // 0 until the head is whole
}

// readHead reads up to the end of the final answer's head.
func (a *answer) readHead(t *loop.Task, conn loop.Stream, method []byte) error {
	a.data = make([]byte, 0, 4<<10)
	a.head.Reset()
	for {
		if len(a.data) > 0 {
			n, err := a.head.Parse(a.data, method, limits)
			switch {
			case err != nil:
				return err
			case n > 0 && a.head.Status >= 200:
				a.headLen = n
				return nil
			case n > 0:
				a.data = a.data[n:]
				a.head.Reset()
				continue
			}
		}
		if err := a.more(t, conn); err != nil {
			if err == errBody {
				err = errHead
			}
			return err
		}
	}
}

// more reads what comes next.
func (a *answer) more(t *loop.Task, conn loop.Stream) error {
	if len(a.data) >= maxAnswer {
		return errBody
	}
	if len(a.data) == cap(a.data) {
		larger := make([]byte, len(a.data), 2*cap(a.data)+1<<10)
		copy(larger, a.data)
		a.data = larger
		if a.headLen > 0 { // its slices follow
			a.head.Reset()
			if _, err := a.head.Parse(a.data[:a.headLen], nil, limits); err != nil {
				return err
			}
		}
	}
	n, err := conn.Read(t, a.data[len(a.data):cap(a.data)])
	a.data = a.data[:len(a.data)+n]
	return err
}

// readBody reads the rest of the answer, or as much of it as a check looks at.
func (a *answer) readBody(t *loop.Task, conn loop.Stream) (body []byte, trailers []http1.Field, err error) {
	for {
		body, trailers, whole, err := a.body()
		if whole || err != nil {
			return body, trailers, err
		}
		switch err := a.more(t, conn); {
		case err == errBody, err == io.EOF && a.head.Framing == http1.UntilClose:
			return body, nil, nil
		case err != nil:
			return nil, nil, err
		}
	}
}

// body is what has been read of the body, freed of its framing.
func (a *answer) body() (body []byte, trailers []http1.Field, whole bool, err error) {
	rest := a.data[a.headLen:]
	switch a.head.Framing {
	case http1.NoBody:
		return nil, nil, true, nil
	case http1.Length:
		if int64(len(rest)) >= a.head.ContentLength {
			return rest[:a.head.ContentLength], nil, true, nil
		}
		return rest, nil, false, nil
	case http1.UntilClose:
		return rest, nil, false, nil
	}
	return dechunk(rest)
}

// dechunk takes a chunked body out of its framing; whole: also the trailers are there.
func dechunk(p []byte) (body []byte, trailers []http1.Field, whole bool, err error) {
	var chunks http1.Chunks
	for {
		n, kind, err := chunks.Next(p)
		if err != nil {
			return body, nil, false, err
		}
		switch kind {
		case http1.Data:
			body = append(body, p[:n]...)
		case http1.Last:
			length, fields, err := http1.ParseTrailer(p[n:], nil, limits)
			if err != nil {
				return body, nil, false, errTrailer
			}
			return body, fields, length > 0, nil
		case http1.NeedMore:
			return body, nil, false, nil
		}
		p = p[n:]
	}
}
