package http1

// A Message is what the heads of requests and of responses have in common.
type Message struct {
	Fields  []Field
	HeadLen int

	head    []byte
	lines   lines
	stage   stage
	scan    int  // up to where the first line has been read
	resumed bool // it took more than one call
}

// Head returns the bytes of the head, from the first to the end of the empty line.
func (m *Message) Head() []byte { return m.head }

// Get returns the first field with that ID, or nil.
func (m *Message) Get(id FieldID) *Field { return find(m.Fields, id) }

// GetName returns the value of the first field of that name, in any case of letters.
func (m *Message) GetName(name string) (value []byte, ok bool) { return findName(m.Fields, name) }

// Nominates tells whether Connection names the field. Among the fields of the
// head, Hop says it; trailer fields of that name are not to be forwarded either
// (RFC 9110 7.6.1).
func (m *Message) Nominates(name []byte) bool { return nominated(m.Fields, name) }

// take notes the head that ends at end.
func (m *Message) take(buf []byte, end int) {
	if m.resumed {
		m.lines.rebase(buf)
	}
	m.Fields, m.head, m.HeadLen = m.lines.fields, buf[:end], end
}
