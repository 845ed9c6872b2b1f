package http2

import (
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

type textKind uint8

const (
	requestText textKind = iota
	responseText
	trailerText
)

// A headText makes HTTP/1.1 text of a field section as it is decoded, and judges
// what HTTP/1 could not: the pseudo-fields, and what the text would hide (RFC 9113
// 8.2, 8.3). Whatever passes is judged again by the HTTP/1 parser that reads the text.
type headText struct {
	kind   textKind
	limit  int // of size
	size   int // as RFC 9113 6.5.2 counts
	out    []byte
	broken bool // malformed
	lined  bool // a regular field has been seen, or is not to be awaited

	method, path, scheme, authority, protocol string
	status                                    string
	cookies                                   []byte // all crumbs (RFC 9113 8.2.3)
	length                                    int64  // of content-length; -1 without one
	hostSeen                                  bool
	trailing                                  bool // trailers may follow the body
	chunked                                   bool // the body comes as chunks
	urgency                                   uint8
	key                                       [keyLen]byte // of a request that becomes a WebSocket's
	accept                                    string       // what a WebSocket's request is answered with; empty for any other
}

// begin makes the text ready for a section, whose limit is in bytes.
func (x *headText) begin(kind textKind, limit int) {
	*x = headText{kind: kind, limit: limit, out: x.out[:0], cookies: x.cookies[:0], length: -1, urgency: plainUrgency}
}

func (x *headText) tooLarge() bool { return x.size > x.limit }

// add takes the next field. It is what the decoder emits to.
func (x *headText) add(f hpack.HeaderField) {
	x.size += len(f.Name) + len(f.Value) + 32
	if x.broken || x.tooLarge() {
		return
	}
	if len(f.Name) > 0 && f.Name[0] == ':' {
		x.broken = x.lined || !x.addPseudo(f.Name, f.Value)
		return
	}
	if !x.lined {
		x.lined = true
		if x.broken = !x.line(); x.broken {
			return
		}
	}
	x.broken = !validName(f.Name) || !validValue(f.Value) || !x.addField(f.Name, f.Value)
}

// once sets a pseudo-field that may neither be repeated nor be empty.
func once(field *string, value string) bool {
	if *field != "" || value == "" {
		return false
	}
	*field = value
	return true
}

func (x *headText) addPseudo(name, value string) bool {
	switch x.kind {
	case requestText:
		switch name {
		case ":method":
			return validMethod(value) && once(&x.method, value)
		case ":path":
			return validTarget(value) && once(&x.path, value)
		case ":scheme":
			return (value == "http" || value == "https") && once(&x.scheme, value)
		case ":authority":
			return validTarget(value) && once(&x.authority, value)
		case ":protocol":
			return validName(value) && once(&x.protocol, value)
		}
	case responseText:
		return name == ":status" && validStatus(value) && once(&x.status, value)
	}
	return false
}

// addField adds a regular field to the text, or keeps it for the end.
func (x *headText) addField(name, value string) bool {
	switch name {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings":
		return false
	case "te":
		if value != "trailers" || x.kind != requestText {
			return false
		}
	case "content-length":
		return x.addLength(value)
	case "host":
		if x.kind == requestText {
			return x.addHost(value)
		}
	case "trailer":
		x.trailing = true
	case "content-type":
		// gRPC's status comes in trailers that nobody announces.
		x.trailing = x.trailing || x.kind == responseText && strings.HasPrefix(value, "application/grpc")
	case "cookie":
		if x.kind == requestText {
			if len(x.cookies) > 0 {
				x.cookies = append(x.cookies, "; "...)
			}
			x.cookies = append(x.cookies, value...)
			return true
		}
	case "priority":
		if x.kind == requestText {
			x.urgency = urgencyOf(value)
		}
	case "sec-websocket-key":
		if x.protocol != "" {
			return true // the text has one of its own
		}
	}
	x.field(name, value)
	return true
}

func (x *headText) field(name, value string) {
	x.out = append(x.out, name...)
	x.out = append(x.out, ": "...)
	x.out = append(x.out, value...)
	x.out = append(x.out, "\r\n"...)
}

// addLength takes a content-length, whose repetition must be the same. A trailer must not have one.
func (x *headText) addLength(value string) bool {
	if len(value) > 18 {
		return false
	}
	n := int64(0)
	for _, c := range []byte(value) {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int64(c-'0')
	}
	if value == "" || x.kind == trailerText || x.length >= 0 && x.length != n {
		return false
	}
	x.length = n
	return true
}

// line begins the text once the pseudo-fields are complete.
func (x *headText) line() bool {
	switch x.kind {
	case requestText:
		return x.requestLine()
	case responseText:
		return x.statusLine()
	}
	return true
}

// finish ends the fields; the empty line is not there yet. It tells whether the
// section is good. A body that trailers may follow comes as chunks even if its
// length is known: HTTP/1.1 has no other place for them.
func (x *headText) finish(bodyFollows bool) bool {
	if !x.lined && !x.broken {
		x.lined = true
		x.broken = !x.line()
	}
	if len(x.cookies) > 0 {
		x.out = append(x.out, "cookie: "...)
		x.out = append(x.out, x.cookies...)
		x.out = append(x.out, "\r\n"...)
	}
	x.chunked = bodyFollows && (x.length < 0 || x.trailing)
	switch {
	case x.chunked:
		x.out = append(x.out, "transfer-encoding: chunked\r\n"...)
	case x.length >= 0:
		x.out = append(x.out, "content-length: "...)
		x.out = strconv.AppendInt(x.out, x.length, 10)
		x.out = append(x.out, "\r\n"...)
	}
	return !x.broken
}

const plainUrgency = 3

// urgencyOf finds the parameter u of a Priority field (RFC 9218 4.1). What is
// not understood is plain.
func urgencyOf(value string) uint8 {
	for i := 0; i+2 < len(value); i++ {
		if value[i] == 'u' && value[i+1] == '=' && (i == 0 || value[i-1] == ' ' || value[i-1] == ',') {
			if u := value[i+2]; '0' <= u && u <= '7' && (i+3 == len(value) || value[i+3] == ',' || value[i+3] == ' ') {
				return u - '0'
			}
		}
	}
	return plainUrgency
}
