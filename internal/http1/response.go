package http1

import "bytes"

// A Response is a parsed response head. Its slices point into the buffer given
// to Parse. It may be used again after Reset; it is for one goroutine.
type Response struct {
	Status           int
	Minor            uint8
	Reason           []byte
	Fields           []Field
	Framing          Framing
	ContentLength    int64 // with Length
	KeepAlive        bool  // the backend will take another request on the connection
	KeepAliveTimeout int   // seconds that it says it will wait for one; 0: it does not say
	Upgrade          []byte
	HeadLen          int
	head             []byte
	next             int
	lengths, codings int
	connectionField  bool
	mustClose        bool
}

// Reset makes r ready for the next response.
func (r *Response) Reset() {
	fields := r.Fields[:0]
	*r = Response{Fields: fields}
}

// Head returns the bytes of the head, the empty line included.
func (r *Response) Head() []byte { return r.head }

// Get returns the first field with that ID, or nil.
func (r *Response) Get(id FieldID) *Field { return find(r.Fields, id) }

// GetName returns the value of the first field of that name, in any case of letters.
func (r *Response) GetName(name string) (value []byte, ok bool) { return findName(r.Fields, name) }

// Parse reads a response head to a request with the given method from the start
// of buf; n and err are as of [Request.Parse].
func (r *Response) Parse(buf, method []byte, limits Limits) (n int, err error) {
	if r.next > 0 {
		scanner := Request{next: r.next}
		more, err := scanner.scan(buf)
		r.next = scanner.next
		if err != nil {
			return 0, errBadResponse
		}
		if more {
			return r.incomplete(buf, limits)
		}
	}
	if e := r.parse(buf, method, limits); e != nil {
		if e.Status != 502 {
			e = errBadResponse
		}
		return 0, e
	}
	if r.HeadLen == 0 {
		return r.incomplete(buf, limits)
	}
	return r.HeadLen, nil
}

func (r *Response) incomplete(buf []byte, limits Limits) (int, error) {
	if len(buf) >= limits.Head {
		return 0, errResponseSize
	}
	return 0, nil
}

func (r *Response) parse(buf, method []byte, limits Limits) *Error {
	next := r.next
	*r = Response{Fields: r.Fields[:0], next: next}
	end := bytes.IndexByte(buf, '\n')
	if end < 0 {
		return incompleteStatusLine(buf)
	}
	if end == 0 || buf[end-1] != '\r' {
		return errBadStatusLine
	}
	if err := r.parseLine(buf[:end-1]); err != nil {
		return err
	}
	headEnd, next, fields, err := parseFields(buf, end+1, limits.Fields, r.Fields)
	r.Fields = fields
	if err != nil {
		return err
	}
	if headEnd == 0 {
		r.next = next
		return nil
	}
	if err := r.interpret(method); err != nil {
		return err
	}
	r.HeadLen = headEnd
	r.head = buf[:headEnd]
	return nil
}

const statusLineStart = "HTTP/1."

// incompleteStatusLine refuses early what can not become a status line: a peer
// of another protocol may wait for us.
func incompleteStatusLine(p []byte) *Error {
	n := min(len(p), len(statusLineStart))
	if string(p[:n]) != statusLineStart[:n] {
		return errBadStatusLine
	}
	return nil
}

// parseLine reads a status line without its CR LF (RFC 9112 4). The space in
// front of an empty reason may be missing, as it is with some servers.
func (r *Response) parseLine(line []byte) *Error {
	const code = len("HTTP/1.1 ")
	if len(line) < code+3 || string(line[:7]) != statusLineStart || !digit(line[7]) || line[8] != ' ' {
		return errBadStatusLine
	}
	for _, c := range line[code : code+3] {
		if !digit(c) {
			return errBadStatusLine
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	if r.Status < 100 || r.Status > 599 {
		return errBadStatusLine
	}
	r.Minor = min(line[7]-'0', 1)
	if rest := line[code+3:]; len(rest) > 0 {
		if rest[0] != ' ' || !validValue(rest) {
			return errBadStatusLine
		}
		r.Reason = rest[1:]
	}
	return nil
}

func (r *Response) interpret(method []byte) *Error {
	for i := range r.Fields {
		if err := r.note(&r.Fields[i]); err != nil {
			return err
		}
	}
	if r.codings > 0 && r.lengths > 0 {
		return errResponseLength
	}
	var options connectionOptions
	if r.connectionField {
		options = readConnection(r.Fields)
	}
	r.KeepAlive = !options.close && (r.Minor > 0 || options.keepAlive)
	if options.upgrade {
		if f := find(r.Fields, Upgrade); f != nil {
			r.Upgrade = f.Value
		}
	}
	r.frame(method)
	return nil
}

func (r *Response) note(f *Field) *Error {
	switch f.ID {
	case Connection:
		r.connectionField = true
	case ContentLength:
		n, ok := parseLength(f.Value)
		if r.lengths++; !ok || r.lengths > 1 {
			return errResponseLength
		}
		r.ContentLength = n
	case TransferEncoding:
		if r.codings++; r.codings > 1 || r.Minor == 0 || !equalFold(f.Value, "chunked") {
			return errResponseLength
		}
	case KeepAlive:
		r.KeepAliveTimeout = keepAliveTimeout(f.Value)
	}
	return nil
}

// frame finds the body's framing (RFC 9112 6.3).
func (r *Response) frame(method []byte) {
	switch {
	case string(method) == "HEAD" || r.Status < 200 || r.Status == 204 || r.Status == 304:
		r.Framing = NoBody
	case r.codings > 0:
		r.Framing = Chunked
	case r.lengths > 0:
		r.Framing = Length
	default:
		r.Framing = UntilClose
		r.KeepAlive = false
	}
}

// keepAliveTimeout reads timeout=N of a Keep-Alive field.
func keepAliveTimeout(list []byte) int {
	for len(list) > 0 {
		var parameter []byte
		parameter, list = nextElement(list)
		name, value, ok := bytes.Cut(parameter, []byte{'='})
		if !ok || !equalFold(trim(name), "timeout") {
			continue
		}
		if n, ok := parseLength(trim(value)); ok && n < 1<<20 {
			return int(n)
		}
	}
	return 0
}
