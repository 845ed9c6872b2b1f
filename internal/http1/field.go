package http1

import "bytes"

// A Field is one line of a header or trailer section. Its slices point into
// the buffer that was parsed.
type Field struct {
	Start, End  int32 // of the whole line, its CR LF included
	Name, Value []byte
	ID          FieldID
	Hop         bool // concerns this connection only: not to be forwarded
	LookAlike   bool // passes for the field ID where underscores count as hyphens
}

// Limits bound a head.
type Limits struct {
	Head   int // bytes
	Fields int // lines
	Target int // bytes of a request's target
}

// Framing is how the end of a body is found (RFC 9112 6.3).
type Framing uint8

// The framings.
const (
	NoBody Framing = iota
	Length
	Chunked
	UntilClose // responses only
)

// parseFields parses field lines from buf[at:] up to and including the empty
// line. end is 0 when buf ends before it; next is then where the line begins
// that was not complete.
func parseFields(buf []byte, at, most int, fields []Field) (end, next int, _ []Field, err *Error) {
	for {
		line := buf[at:]
		n := bytes.IndexByte(line, '\n')
		if n < 0 {
			return 0, at, fields, incompleteLine(line)
		}
		if n == 0 || line[n-1] != '\r' {
			return 0, at, fields, errLineEnd
		}
		if n == 1 {
			return at + 2, at, fields, nil
		}
		if len(fields) >= most {
			return 0, at, fields, errFieldCount
		}
		fields = append(fields, Field{Start: int32(at), End: int32(at + n + 1)})
		if err := fields[len(fields)-1].parse(line[:n-1]); err != nil {
			return 0, at, fields, err
		}
		at += n + 1
	}
}

// incompleteLine reports what is wrong for certain with the beginning of a line.
func incompleteLine(line []byte) *Error {
	if i := bytes.IndexByte(line, '\r'); i >= 0 && i != len(line)-1 {
		return errLineEnd
	}
	return nil
}

// parse reads one line without its CR LF.
func (f *Field) parse(line []byte) *Error {
	i := 0
	for i < len(line) && tokenChar[line[i]] {
		i++
	}
	if i == 0 || i == len(line) || line[i] != ':' {
		if line[0] == ' ' || line[0] == '\t' {
			return errFold
		}
		return errFieldName
	}
	f.Name = line[:i]
	f.Value = trim(line[i+1:])
	if !validValue(f.Value) {
		return errFieldValue
	}
	f.ID, f.LookAlike = fieldID(f.Name)
	if f.LookAlike {
		f.ID = Unknown
	}
	f.Hop = f.ID.hopByHop()
	return nil
}

// connectionOptions is what the Connection fields of a message say.
type connectionOptions struct {
	close, keepAlive, upgrade, named bool
}

// readConnection reads all Connection fields and marks those that they name.
func readConnection(fields []Field) (o connectionOptions) {
	for i := range fields {
		if fields[i].ID != Connection {
			continue
		}
		for rest := fields[i].Value; len(rest) > 0; {
			var option []byte
			option, rest = nextElement(rest)
			switch {
			case len(option) == 0:
				continue
			case equalFold(option, "close"):
				o.close = true
			case equalFold(option, "keep-alive"):
				o.keepAlive = true
				continue
			case equalFold(option, "upgrade"):
				o.upgrade = true
				continue
			}
			nominate(fields, option)
		}
	}
	return o
}

func nominate(fields []Field, name []byte) {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == len(name) && f.ID.nominable() && bytes.EqualFold(f.Name, name) {
			f.Hop = true
		}
	}
}

// find returns the first field with that ID, or nil.
func find(fields []Field, id FieldID) *Field {
	for i := range fields {
		if fields[i].ID == id {
			return &fields[i]
		}
	}
	return nil
}

// findName returns the value of the first field of that name, in any case of letters.
func findName(fields []Field, name string) (value []byte, ok bool) {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == len(name) && foldName(f.Name, name) {
			return f.Value, true
		}
	}
	return nil, false
}

func foldName(a []byte, b string) bool {
	for i, c := range a {
		d := b[i]
		if c == d {
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if 'A' <= d && d <= 'Z' {
			d |= 0x20
		}
		if c != d {
			return false
		}
	}
	return true
}

// parseLength reads a Content-Length: digits only (RFC 9110 8.6).
func parseLength(p []byte) (int64, bool) {
	if len(p) == 0 || len(p) > 19 {
		return 0, false
	}
	n := int64(0)
	for _, c := range p {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
		if n < 0 {
			return 0, false
		}
	}
	return n, true
}
