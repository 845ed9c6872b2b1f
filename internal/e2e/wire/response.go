package wire

import (
	"bufio"
	"io"
	"strconv"
)

// Response is a response as a strict client sees it.
type Response struct {
	Version  string
	Status   int
	Reason   string
	Fields   Fields
	Body     []byte // without its framing
	Trailers Fields
	Interim  []*Response // the 1xx before it, without 101
	// UntilClose says that only the end of the connection delimits the body.
	UntilClose bool
	framing    framing
}

// ReadResponse reads the final response to a request of that method, and the
// interim ones before it. io.EOF says that no byte came. On an error the
// response holds what was read; Status is 0 when there was no whole head.
func ReadResponse(br *bufio.Reader, method string) (*Response, error) {
	r, err := ReadResponseHead(br)
	if err != nil {
		return r, err
	}
	return r, r.ReadBody(br, method)
}

// ReadResponseHead reads up to the end of the final response's header section.
func ReadResponseHead(br *bufio.Reader) (*Response, error) {
	var interim []*Response
	for {
		r, err := readHead(br)
		if err == io.EOF && len(interim) > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err == nil && r.Status < 200 && r.Status != 101 {
			interim = append(interim, r)
			continue
		}
		r.Interim = interim
		return r, err
	}
}

func readHead(br *bufio.Reader) (*Response, error) {
	line, err := readLine(br)
	if err != nil {
		return new(Response), err
	}
	if len(line) < 13 || line[:7] != "HTTP/1." || line[8] != ' ' || line[12] != ' ' ||
		line[7] != '0' && line[7] != '1' {
		return new(Response), malformed("status line %q", clip([]byte(line)))
	}
	status, err := strconv.ParseUint(line[9:12], 10, 16)
	if err != nil || status < 100 {
		return new(Response), malformed("status line %q", clip([]byte(line)))
	}
	fields, err := readFields(br)
	if err != nil {
		return new(Response), err
	}
	r := &Response{Version: line[:8], Status: int(status), Reason: line[13:], Fields: fields}
	r.framing, err = framingOf(fields)
	return r, err
}

// ReadBody reads the content that the head announces for a request of that
// method; on an error Body holds what came before it.
func (r *Response) ReadBody(br *bufio.Reader, method string) (err error) {
	switch {
	case method == "HEAD" || r.Status < 200 || r.Status == 204 || r.Status == 304:
	case r.framing.chunked:
		r.Body, r.Trailers, err = readChunked(br)
	case r.framing.length >= 0:
		r.Body, err = readLength(br, r.framing.length)
	default:
		r.UntilClose = true
		r.Body, err = io.ReadAll(br)
	}
	return err
}

// KeepsAlive reports whether a further request may follow on the connection.
func (r *Response) KeepsAlive() bool {
	if r.UntilClose || r.Status == 101 || r.Fields.Has("Connection", "close") {
		return false
	}
	return r.Version == "HTTP/1.1" || r.Fields.Has("Connection", "keep-alive")
}
