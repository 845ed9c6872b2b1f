// Package proxyproto reads and writes the header of the PROXY protocol,
// versions 1 and 2, by which a proxy tells the next one whose connection it
// passes on (doc/proxy-protocol.txt of HAProxy).
//
// Whoever may send a header may claim any address. Which peers may, and that
// those must, is the caller's to decide: nothing here guesses whether there is one.
package proxyproto

import (
	"bytes"
	"net/netip"
)

// MaxLen is the length of the longest header that Parse takes.
const MaxLen = fixedLen + maxVariable

// A Header says between whom the connection was that a proxy passes on.
type Header struct {
	// Source and Destination are the ends of the client's connection, IPv4
	// addresses as such. Both are invalid where the sender could not or would not
	// name them: then those of the connection itself are to be used.
	Source, Destination netip.AddrPort
	// Local: the sender speaks for itself, as health checks do.
	Local bool
	// ServerName is the host name that the client asked for, in TLS its SNI; in any case of letters.
	ServerName string
	// ALPN is the protocol above, as TLS would negotiate it.
	ALPN string
}

// Error says why a header is refused.
type Error string

func (e Error) Error() string { return string(e) }

// What Parse refuses.
const (
	ErrSignature Error = "the connection does not begin with a PROXY protocol header"
	ErrLine      Error = "malformed PROXY protocol line"
	ErrVersion   Error = "unknown version or command of the PROXY protocol"
	ErrFamily    Error = "unknown address family or transport in a PROXY protocol header"
	ErrLength    Error = "a PROXY protocol header has no room for its addresses"
	ErrTooLong   Error = "a PROXY protocol header is too long"
	ErrTLV       Error = "malformed TLV in a PROXY protocol header"
	ErrChecksum  Error = "a PROXY protocol header does not match its checksum"
)

// Parse reads a header from the start of p. n is its length; 0 without an error
// asks for more bytes, of MaxLen at most in all: then call again with the same
// bytes and more. An error is final and an Error, and comes as soon as the
// signature, the fixed part or the end of the line tell. h does not refer to p.
func Parse(p []byte) (h Header, n int, err error) {
	switch {
	case begins(p, prefixV1):
		return parseV1(p)
	case begins(p, signature):
		return parseV2(p)
	}
	return Header{}, 0, ErrSignature
}

// begins tells whether p, perhaps cut short, begins with prefix.
func begins(p []byte, prefix string) bool {
	n := min(len(p), len(prefix))
	return bytes.Equal(p[:n], []byte(prefix[:n]))
}

// ends are the addresses as a header has them: of one family, the IPv6 form of
// an IPv4 address where the other is IPv6.
func ends(source, destination netip.AddrPort) (from, to netip.Addr, ok bool) {
	from, to = source.Addr().Unmap().WithZone(""), destination.Addr().Unmap().WithZone("")
	if from.Is4() != to.Is4() && from.IsValid() && to.IsValid() {
		from, to = netip.AddrFrom16(from.As16()), netip.AddrFrom16(to.As16())
	}
	return from, to, from.IsValid() && to.IsValid()
}

// unmapped is the address of an end of a connection, whichever family it was told in.
func unmapped(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Unmap(), port) }
