package http1

// A Field is one line of a header or trailer section. Its slices point into
// the buffer that was parsed.
type Field struct {
	Name  []byte
	Value []byte // without the white space around it
	// Start and End bound the whole line in the buffer, its CR LF included.
	Start, End int32
	ID         FieldID
	// Hop: the field concerns this connection only and must not be forwarded, by
	// what it is or because Connection names it (RFC 9110 7.6.1).
	Hop bool
	// LookAlike: the field passes for a known one where underscores count as
	// hyphens; its own ID is Unknown.
	LookAlike bool
}

// Limits bound a head or a trailer section. A zero stands for the value of
// DefaultLimits.
type Limits struct {
	Head   int // bytes, from the first to the end of the empty line
	Fields int // lines
	Target int // bytes of a request's target
}

// DefaultLimits leave room for a request line of 8,000 bytes, as RFC 9112 3
// recommends.
var DefaultLimits = Limits{Head: 32 << 10, Fields: 100, Target: 8 << 10}

func (l *Limits) setDefaults() {
	if l.Head == 0 {
		l.Head = DefaultLimits.Head
	}
	if l.Fields == 0 {
		l.Fields = DefaultLimits.Fields
	}
	if l.Target == 0 {
		l.Target = DefaultLimits.Target
	}
}

// lines reads the field lines of one section as they come.
type lines struct {
	fields []Field
	at     int // where the line begins that is being read
	colon  int // where its name ends; 0 while that is not known
	scan   int // up to where it has been read
}

// start makes l ready to read a section that begins at an offset.
func (l *lines) start(at int) {
	l.fields = l.fields[:0]
	l.at, l.scan, l.colon = at, at, 0
}

// read goes on with the section in buf. end is behind the empty line that ends
// it; 0 asks for more bytes.
func (l *lines) read(buf []byte, most int) (end int, f fault) {
	i := l.scan
	for {
		if l.colon == 0 {
			for i < len(buf) && tokenChar[buf[i]] != 0 {
				i++
			}
			if i == len(buf) {
				break
			}
			if buf[i] != ':' || i == l.at {
				if buf[i] != '\r' || i != l.at {
					return 0, nameFault(buf, l.at, i)
				}
				if i+1 == len(buf) {
					break
				}
				if buf[i+1] != '\n' {
					return 0, badLineEnd
				}
				return i + 2, noFault
			}
			if len(l.fields) >= most {
				return 0, manyFields
			}
			l.colon = i
			i++
		}
		i = textEnd(buf, i)
		if i == len(buf) {
			break
		}
		if buf[i] != '\r' {
			return 0, valueFault(buf[i])
		}
		if i+1 == len(buf) {
			break
		}
		if buf[i+1] != '\n' {
			return 0, badLineEnd
		}
		l.add(buf, i)
		i += 2
		l.at, l.colon = i, 0
	}
	l.scan = i
	return 0, noFault
}

// add notes the line that ends at i.
func (l *lines) add(buf []byte, i int) {
	n := len(l.fields)
	if n < cap(l.fields) {
		l.fields = l.fields[:n+1]
	} else {
		l.fields = append(l.fields, Field{})
	}
	f := &l.fields[n]
	f.Start, f.End = int32(l.at), int32(i+2)
	f.Name = buf[l.at:l.colon]
	f.Value = trim(buf[l.colon+1 : i])
	f.identify()
}

func (f *Field) identify() {
	f.ID = fieldID(f.Name)
	f.Hop = knownFields[f.ID].hop
	f.LookAlike = false
	if f.ID == Unknown {
		for _, c := range f.Name {
			if tokenChar[c] == underscore {
				f.LookAlike = looksAlike(f.Name)
				break
			}
		}
	}
}

// rebase makes the fields point into buf, which holds the same bytes as the
// buffers that they were read from.
func (l *lines) rebase(buf []byte) {
	for i := range l.fields {
		f := &l.fields[i]
		line := buf[f.Start : f.End-2]
		n := len(f.Name)
		f.Name, f.Value = line[:n], trim(line[n+1:])
	}
}

// nameFault says what is wrong with the character at i, which ends the name that begins at start.
func nameFault(buf []byte, start, i int) fault {
	switch c := buf[i]; {
	case c == '\n' || c == '\r':
		if i == start {
			return badLineEnd
		}
		return badName
	case isSpace(c) && i == start:
		return foldedLine
	case isSpace(c):
		return spaceBeforeColon
	}
	return badName
}

// valueFault says what is wrong with a control character in a value.
func valueFault(c byte) fault {
	if c == '\n' {
		return badLineEnd
	}
	return badValue
}

func find(fields []Field, id FieldID) *Field {
	for i := range fields {
		if fields[i].ID == id {
			return &fields[i]
		}
	}
	return nil
}

func findName(fields []Field, name string) (value []byte, ok bool) {
	for i := range fields {
		if f := &fields[i]; len(f.Name) == len(name) && sameName(f.Name, name) {
			return f.Value, true
		}
	}
	return nil, false
}
