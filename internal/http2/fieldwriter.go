package http2

import (
	"hash/maphash"
	"unsafe"

	"golang.org/x/net/http2/hpack"
)

// A fieldWriter makes header blocks out of fields that stand in a caller's
// bytes. A field that comes again and again goes through the encoder's dynamic
// table, whose strings have to be allocated; one that is seen for the first time
// is a literal, which costs no memory and does not drive others out of the table.
type fieldWriter struct {
	block []byte
	name  []byte // in lower case
	seen  [512]seenField
	seed  maphash.Seed
}

// A seenField is a place for the fields of one hash: what came last, and the
// field itself when it has come twice.
type seenField struct {
	hash        uint64
	name, value string
}

type encoder = *hpack.Encoder

// maxSeen bounds the length of what is remembered.
const maxSeen = 256

// Write takes what the encoder has made.
func (w *fieldWriter) Write(p []byte) (int, error) {
	w.block = append(w.block, p...)
	return len(p), nil
}

// indexed adds a field by strings that may be kept.
func (w *fieldWriter) indexed(e encoder, name, value string) {
	_ = e.WriteField(hpack.HeaderField{Name: name, Value: value}) // Write never fails
}

// add adds a field whose name may be in any case of letters.
func (w *fieldWriter) add(e encoder, name, value []byte) {
	w.name = w.name[:0]
	for _, c := range name {
		w.name = append(w.name, lower(c))
	}
	w.addLower(e, w.name, value)
}

// addPseudo adds a pseudo-field.
func (w *fieldWriter) addPseudo(e encoder, name string, value []byte) {
	w.name = append(w.name[:0], name...)
	w.addLower(e, w.name, value)
}

// addLower adds a field whose name is in lower case.
func (w *fieldWriter) addLower(e encoder, name, value []byte) {
	if secret(name) {
		w.literal(neverIndexed, name, value)
		return
	}
	if len(name)+len(value) > maxSeen {
		w.literal(withoutIndexing, name, value)
		return
	}
	hash := maphash.Bytes(w.seed, name)*31 + maphash.Bytes(w.seed, value)
	s := &w.seen[hash%uint64(len(w.seen))]
	switch {
	case s.hash != hash:
		*s = seenField{hash: hash}
	case s.name == "":
		s.name, s.value = string(name), string(value)
		w.indexed(e, s.name, s.value)
		return
	case s.name == string(name) && s.value == string(value):
		w.indexed(e, s.name, s.value)
		return
	}
	w.literal(withoutIndexing, name, value)
}

// secret tells whether a field's value must not be guessed by what it compresses
// to, nor be remembered by anybody (RFC 7541 7.1.3).
func secret(name []byte) bool {
	switch string(name) {
	case "authorization", "cookie", "set-cookie":
		return true
	}
	return false
}

// The representations of a literal (RFC 7541 6.2).
const (
	withoutIndexing = 0x00
	neverIndexed    = 0x10
)

// literal appends a field that no table remembers.
func (w *fieldWriter) literal(kind byte, name, value []byte) {
	start := len(w.block)
	index := staticNames[string(name)]
	w.block = appendInteger(w.block, 4, uint64(index))
	w.block[start] |= kind
	if index == 0 {
		w.block = appendString(w.block, name)
	}
	w.block = appendString(w.block, value)
}

// appendInteger is RFC 7541 5.1.
func appendInteger(dst []byte, bits uint8, n uint64) []byte {
	most := uint64(1)<<bits - 1
	if n < most {
		return append(dst, byte(n))
	}
	dst = append(dst, byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}

// appendString is RFC 7541 5.2, in the shorter of both codings.
func appendString(dst, p []byte) []byte {
	s := unsafe.String(unsafe.SliceData(p), len(p)) // not kept by what it is given to
	n := hpack.HuffmanEncodeLength(s)
	if n >= uint64(len(p)) {
		return append(appendInteger(dst, 7, uint64(len(p))), p...)
	}
	start := len(dst)
	dst = appendInteger(dst, 7, n)
	dst[start] |= 0x80
	return hpack.AppendHuffmanString(dst, s)
}

// staticNames are the first indices of the names in the static table (RFC 7541
// appendix A).
var staticNames = map[string]uint8{
	":authority": 1, ":method": 2, ":path": 4, ":scheme": 6, ":status": 8,
	"accept-charset": 15, "accept-encoding": 16, "accept-language": 17, "accept-ranges": 18, "accept": 19,
	"access-control-allow-origin": 20, "age": 21, "allow": 22, "authorization": 23, "cache-control": 24,
	"content-disposition": 25, "content-encoding": 26, "content-language": 27, "content-length": 28,
	"content-location": 29, "content-range": 30, "content-type": 31, "cookie": 32, "date": 33, "etag": 34,
	"expect": 35, "expires": 36, "from": 37, "host": 38, "if-match": 39, "if-modified-since": 40,
	"if-none-match": 41, "if-range": 42, "if-unmodified-since": 43, "last-modified": 44, "link": 45,
	"location": 46, "max-forwards": 47, "proxy-authenticate": 48, "proxy-authorization": 49, "range": 50,
	"referer": 51, "refresh": 52, "retry-after": 53, "server": 54, "set-cookie": 55,
	"strict-transport-security": 56, "transfer-encoding": 57, "user-agent": 58, "vary": 59, "via": 60,
	"www-authenticate": 61,
}

// statusValues are the values of :status.
var statusValues = func() (values [600]string) {
	for i := 100; i < len(values); i++ {
		values[i] = string([]byte{byte('0' + i/100), byte('0' + i/10%10), byte('0' + i%10)})
	}
	return values
}()

// startBlock begins a header block of the connection. A new size of the table
// has to be said at its very start (RFC 7541 4.2), but the encoder says so only in
// front of a field: it is given one that is a single byte and is taken off again.
func (c *conn) startBlock() encoder {
	w := &c.worker.fields
	w.block = w.block[:0]
	e := c.encoderFor()
	if c.resized {
		c.resized = false
		w.indexed(e, ":method", "GET")
		w.block = w.block[:len(w.block)-1]
	}
	return e
}

func (c *conn) encoderFor() encoder {
	if c.encoder == nil {
		c.encoder = hpack.NewEncoder(&c.worker.fields)
	}
	return c.encoder
}

// resizeTable obeys the peer's limit of the dynamic table. The encoder takes no more than
// it starts with.
func (c *conn) resizeTable(size uint32) {
	c.encoderFor().SetMaxDynamicTableSize(size)
	c.resized = true
}
