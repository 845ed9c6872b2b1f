package http2

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
)

// requestLine begins a request's text: its line, and Host, which the authority
// stands for (RFC 9113 8.3.1).
func (x *headText) requestLine() bool {
	switch {
	case x.method == "":
		return false
	case x.method == "CONNECT" && x.protocol == "":
		return x.path == "" && x.scheme == "" && x.connectLine()
	case x.path == "" || x.scheme == "":
		return false
	case x.path[0] != '/' && !(x.path == "*" && x.method == "OPTIONS"):
		return false // not to be taken for the absolute form
	case x.protocol != "" && x.method != "CONNECT":
		return false
	case x.protocol != "" && x.protocol != "websocket":
		// No other protocol is known here: the proxy says so as of any CONNECT.
		x.protocol = ""
		return x.connectLine()
	}
	if x.protocol != "" {
		x.out = append(x.out, "GET"...)
	} else {
		x.out = append(x.out, x.method...)
	}
	x.out = append(x.out, ' ')
	x.out = append(x.out, x.path...)
	x.out = append(x.out, " HTTP/1.1\r\n"...)
	if x.authority != "" {
		x.field("host", x.authority)
	}
	if x.protocol != "" {
		x.field("connection", "Upgrade")
		x.field("upgrade", x.protocol)
		x.key = newKey()
		x.out = append(x.out, "sec-websocket-key: "...)
		x.out = append(x.out, x.key[:]...)
		x.out = append(x.out, "\r\n"...)
	}
	return true
}

// connectLine is for a CONNECT that is not a WebSocket (RFC 9113 8.5).
func (x *headText) connectLine() bool {
	if x.authority == "" {
		return false
	}
	x.out = append(x.out, "CONNECT "...)
	x.out = append(x.out, x.authority...)
	x.out = append(x.out, " HTTP/1.1\r\n"...)
	x.field("host", x.authority)
	return true
}

// addHost takes a Host field, which must say the same as the authority, and
// stands in for one that is missing.
func (x *headText) addHost(value string) bool {
	if x.authority != "" {
		return sameHost(value, x.authority)
	}
	if x.hostSeen {
		return false
	}
	x.hostSeen = true
	x.field("host", value)
	return true
}

// endRequest ends the text of a request, whose body follows unless the stream
// has ended.
func (x *headText) endRequest(endStream bool) bool {
	bodyFollows := !endStream && x.protocol == "" && x.method != "CONNECT"
	if !x.finish(bodyFollows) || endStream && x.length > 0 || x.length >= 0 && x.protocol != "" {
		return false
	}
	x.out = append(x.out, "\r\n"...)
	return true
}

// keyLen is the length of a Sec-WebSocket-Key (RFC 6455 4.1).
const keyLen = 24

// newKey makes up the key that a WebSocket of HTTP/1.1 begins with. It only
// shows that the backend knows the protocol.
func newKey() (key [keyLen]byte) {
	var nonce [16]byte
	binary.LittleEndian.PutUint64(nonce[:], rand.Uint64())
	binary.LittleEndian.PutUint64(nonce[8:], rand.Uint64())
	base64.StdEncoding.Encode(key[:], nonce[:])
	return key
}

// acceptFor is the answer to a key (RFC 6455 4.2.2).
func acceptFor(key []byte) string {
	sum := sha1.Sum(append(append([]byte(nil), key...), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	return base64.StdEncoding.EncodeToString(sum[:])
}
