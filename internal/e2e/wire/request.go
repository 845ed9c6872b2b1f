package wire

import (
	"bufio"
	"strings"
)

// Request is a request as a strict server sees it.
type Request struct {
	Method, Target, Version string
	Fields                  Fields
	Body                    []byte // without its framing
	Trailers                Fields
	framing                 framing
}

// ReadRequestHead reads a request line and its header section. io.EOF says
// that no byte came.
func ReadRequestHead(br *bufio.Reader) (*Request, error) {
	r := new(Request)
	line, err := readLine(br)
	if err != nil {
		return r, err
	}
	words := strings.Split(line, " ")
	if len(words) != 3 || !isToken(words[0]) || words[1] == "" {
		return r, malformed("request line %q", clip([]byte(line)))
	}
	r.Method, r.Target, r.Version = words[0], words[1], words[2]
	if r.Version != "HTTP/1.1" && r.Version != "HTTP/1.0" {
		return r, malformed("request line %q", clip([]byte(line)))
	}
	for i := range len(r.Target) {
		if c := r.Target[i]; c < ' ' || c == 0x7f {
			return r, malformed("request target %q", r.Target)
		}
	}
	if r.Fields, err = readFields(br); err != nil {
		return r, err
	}
	if r.framing, err = framingOf(r.Fields); err != nil {
		return r, err
	}
	if r.framing.coded {
		return r, malformed("a request's Transfer-Encoding that does not end in chunked")
	}
	return r, nil
}

// ReadBody reads the content that the head announced; on an error Body holds
// what came before it.
func (r *Request) ReadBody(br *bufio.Reader) (err error) {
	switch {
	case r.framing.chunked:
		r.Body, r.Trailers, err = readChunked(br)
	case r.framing.length > 0:
		r.Body, err = readLength(br, r.framing.length)
	}
	return err
}

// HasBody reports whether the head announces content.
func (r *Request) HasBody() bool { return r.framing.chunked || r.framing.length > 0 }

// WantsClose reports whether the client gives up the connection after this request.
func (r *Request) WantsClose() bool {
	return r.Fields.Has("Connection", "close") ||
		r.Version == "HTTP/1.0" && !r.Fields.Has("Connection", "keep-alive")
}
