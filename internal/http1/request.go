package http1

import "bytes"

// A Request is a parsed request head. Its slices point into the buffer given to
// Parse and its offsets are into that buffer. It may be used again after Reset;
// it is for one goroutine.
type Request struct {
	Method, Target []byte
	Form           TargetForm
	// Host is the effective authority: the target's, where it has one, else the
	// Host field's (RFC 9112 3.2.2); empty for an HTTP/1.0 request without either.
	Host            []byte
	Path, RawQuery  []byte
	Minor           uint8 // of HTTP/1.x; what is above 1 counts as 1
	Fields          []Field
	Framing         Framing
	ContentLength   int64
	KeepAlive       bool   // the client wants, and its version allows, further requests
	Expect100       bool   // it waits for 100 before it sends the body
	Upgrade         []byte // the protocol that it would switch to; nil: none that can be tunnelled
	HeadLen         int
	LineStart       int32 // of the request line, behind empty lines that are passed over
	LineEnd         int32 // behind its CR LF
	head            []byte
	next            int // where the first line begins that was not complete
	fieldsAt        int
	lengths, hosts  int
	codings         int
	expects         int
	noPath          bool
	hostField       *Field
	connectionField bool
}

// Reset makes r ready for the next request; it keeps no bytes of the last one.
func (r *Request) Reset() {
	fields := r.Fields[:0]
	*r = Request{Fields: fields}
}

// Head returns the bytes of the head, the empty line included.
func (r *Request) Head() []byte { return r.head }

// Get returns the first field with that ID, or nil.
func (r *Request) Get(id FieldID) *Field { return find(r.Fields, id) }

// GetName returns the value of the first field of that name, in any case of letters.
func (r *Request) GetName(name string) (value []byte, ok bool) { return findName(r.Fields, name) }

// Parse reads a request head from the start of buf. n is its length; 0 and no
// error ask for more bytes: then call again with the same bytes and more, which
// may stand elsewhere in memory. All calls for one head together take linear
// time. An error is final and an *Error.
func (r *Request) Parse(buf []byte, limits Limits) (n int, err error) {
	if r.next > 0 {
		// This far, only the end of the head is looked for.
		more, err := r.scan(buf)
		if err != nil {
			return 0, err
		}
		if more {
			return r.incomplete(buf, limits)
		}
	}
	if e := r.parse(buf, limits); e != nil {
		return 0, e
	}
	if r.HeadLen == 0 {
		return r.incomplete(buf, limits)
	}
	if r.HeadLen > limits.Head {
		return 0, errHeadSize
	}
	return r.HeadLen, nil
}

func (r *Request) incomplete(buf []byte, limits Limits) (int, error) {
	if len(buf) >= limits.Head {
		return 0, errHeadSize
	}
	return 0, nil
}

// scan passes complete lines; more is true while the empty line is not among them.
func (r *Request) scan(buf []byte) (more bool, err error) {
	for {
		line := buf[r.next:]
		n := bytes.IndexByte(line, '\n')
		if n < 0 {
			if e := incompleteLine(line); e != nil {
				return false, e
			}
			return true, nil
		}
		if n == 0 || line[n-1] != '\r' {
			return false, errLineEnd
		}
		if n == 1 {
			return false, nil
		}
		r.next += n + 1
	}
}

func (r *Request) parse(buf []byte, limits Limits) *Error {
	next := r.next
	fields := r.Fields[:0]
	*r = Request{Fields: fields, next: next}
	at := 0
	for range 2 { // empty lines before the request line (RFC 9112 2.2)
		if len(buf)-at >= 2 && buf[at] == '\r' && buf[at+1] == '\n' {
			at += 2
		}
	}
	r.LineStart = int32(at)
	line := buf[at:]
	end := bytes.IndexByte(line, '\n')
	if end < 0 {
		return r.incompleteRequestLine(line, limits)
	}
	if end == 0 || line[end-1] != '\r' {
		return errLineEnd
	}
	if err := r.parseLine(line[:end-1], limits); err != nil {
		return err
	}
	at += end + 1
	r.LineEnd = int32(at)
	headEnd, next, fields, err := parseFields(buf, at, limits.Fields, fields)
	r.Fields = fields
	if err != nil {
		return err
	}
	if headEnd == 0 {
		r.next = next
		return nil
	}
	if err := r.interpret(); err != nil {
		return err
	}
	r.HeadLen = headEnd
	r.head = buf[:headEnd]
	return nil
}

// incompleteRequestLine refuses early what can not become a request line.
func (r *Request) incompleteRequestLine(line []byte, limits Limits) *Error {
	if err := incompleteLine(line); err != nil {
		return err
	}
	method := line
	if space := bytes.IndexByte(line, ' '); space >= 0 {
		method = line[:space]
		if len(line)-space > limits.Target+len(" HTTP/1.1\r")+1 {
			return errTargetSize
		}
	}
	if trimmed := bytes.TrimSuffix(method, []byte{'\r'}); len(trimmed) > 0 && (!all(trimmed, &tokenChar) || len(trimmed) > maxMethod) {
		return errMethod
	}
	return nil
}

// interpret derives from the fields what the message is.
func (r *Request) interpret() *Error {
	for i := range r.Fields {
		if id := r.Fields[i].ID; id != Unknown {
			if err := r.note(&r.Fields[i]); err != nil {
				return err
			}
		}
	}
	if err := r.checkHost(); err != nil {
		return err
	}
	if err := r.frame(); err != nil {
		return err
	}
	var options connectionOptions
	if r.connectionField {
		options = readConnection(r.Fields)
	}
	r.KeepAlive = !options.close && (r.Minor > 0 || options.keepAlive)
	if options.upgrade && r.Minor > 0 && r.Framing == NoBody {
		r.Upgrade = upgradable(r.Fields)
	}
	return nil
}

func (r *Request) note(f *Field) *Error {
	switch f.ID {
	case Host:
		if r.hosts++; r.hosts > 1 {
			return errTwoHosts
		}
		r.hostField = f
	case Connection:
		r.connectionField = true
	case ContentLength:
		if r.lengths++; r.lengths > 1 {
			return errTwoLengths
		}
		n, ok := parseLength(f.Value)
		if !ok {
			return errLength
		}
		r.ContentLength = n
	case TransferEncoding:
		if r.codings++; r.codings > 1 {
			return errCoding
		}
		if r.Minor == 0 {
			return errCodingVersion
		}
		return checkCoding(f.Value)
	case Expect:
		if r.expects++; r.expects > 1 || !equalFold(f.Value, "100-continue") {
			return errExpect
		}
		r.Expect100 = r.Minor > 0
	}
	return nil
}

// checkCoding accepts chunked alone: other codings are known but not supported,
// unless chunked is misplaced among them.
func checkCoding(value []byte) *Error {
	if equalFold(value, "chunked") {
		return nil
	}
	if len(value) == 0 || !validCodings(value) {
		return errCoding
	}
	return errUnknownCoding
}

func validCodings(list []byte) bool {
	for len(list) > 0 {
		var coding []byte
		coding, list = nextElement(list)
		if len(coding) == 0 || !all(coding, &tokenChar) {
			return false
		}
	}
	return true
}

// frame finds the body's framing (RFC 9112 6.3).
func (r *Request) frame() *Error {
	switch {
	case r.codings > 0 && r.lengths > 0:
		return errLengthAndCode
	case r.codings > 0:
		r.Framing = Chunked
	case r.ContentLength > 0:
		r.Framing = Length
	}
	if r.Framing == NoBody {
		r.Expect100 = false
	}
	return nil
}

// upgradable returns the one protocol that the client asks to switch to, if
// bytes can be tunnelled for it: a switch to another HTTP or to TLS would take
// the messages out of the proxy's sight.
func upgradable(fields []Field) []byte {
	var value []byte
	for i := range fields {
		if fields[i].ID != Upgrade {
			continue
		}
		if value != nil {
			return nil
		}
		value = fields[i].Value
	}
	if len(value) == 0 || bytes.IndexByte(value, ',') >= 0 {
		return nil
	}
	name, version, _ := bytes.Cut(value, []byte{'/'})
	if len(name) == 0 || !all(name, &tokenChar) || !all(version, &tokenChar) {
		return nil
	}
	for _, hidden := range [...]string{"http", "h2c", "h2", "h3", "tls"} {
		if equalFold(name, hidden) {
			return nil
		}
	}
	return value
}
