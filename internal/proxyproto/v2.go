package proxyproto

import (
	"encoding/binary"
	"net/netip"
)

const (
	signature = "\r\n\r\n\x00\r\nQUIT\n"
	// fixedLen is the length of signature, version and command, family and transport, and length.
	fixedLen = len(signature) + 4
	// maxVariable bounds what follows the fixed part: room for a client's certificate.
	maxVariable = 4 << 10
)

// The byte behind the signature: the version and a command.
const (
	localV2 = 0x20
	proxyV2 = 0x21
)

// The byte behind that: an address family and a transport.
const (
	unspecified = 0x0
	inet        = 0x1
	inet6       = 0x2
	unix        = 0x3

	stream   = 0x1
	datagram = 0x2
)

// addressLen is how many bytes the addresses of each family take, ports included.
var addressLen = [...]int{unspecified: 0, inet: 2*4 + 2*2, inet6: 2*16 + 2*2, unix: 2 * 108}

func parseV2(p []byte) (h Header, n int, err error) {
	n, err = lengthV2(p)
	if err != nil || n == 0 || len(p) < n {
		return Header{}, 0, err
	}
	p = p[:n]
	if isLocal(p) {
		return Header{Local: true}, n, nil // whatever else it says (section 2.2)
	}
	switch from := p[fixedLen:]; family(p) {
	case inet:
		h.Source = netip.AddrPortFrom(netip.AddrFrom4([4]byte(from)), binary.BigEndian.Uint16(from[8:]))
		h.Destination = netip.AddrPortFrom(netip.AddrFrom4([4]byte(from[4:])), binary.BigEndian.Uint16(from[10:]))
	case inet6:
		h.Source = unmapped(netip.AddrFrom16([16]byte(from)), binary.BigEndian.Uint16(from[32:]))
		h.Destination = unmapped(netip.AddrFrom16([16]byte(from[16:])), binary.BigEndian.Uint16(from[34:]))
	}
	if err := h.readTLVs(p); err != nil {
		return Header{}, 0, err
	}
	return h, n, nil
}

// lengthV2 checks the fixed part as far as it is there, and returns the
// length of the whole header; 0 while it is not known.
func lengthV2(p []byte) (n int, err error) {
	const command, kind = len(signature), len(signature) + 1
	if len(p) > command && p[command] != localV2 && p[command] != proxyV2 {
		return 0, ErrVersion
	}
	if len(p) > kind && p[command] == proxyV2 && (p[kind]>>4 > unix || p[kind]&0xf > datagram) {
		return 0, ErrFamily
	}
	if len(p) < fixedLen {
		return 0, nil
	}
	switch n = int(binary.BigEndian.Uint16(p[fixedLen-2:])); {
	case n > maxVariable:
		return 0, ErrTooLong
	case !isLocal(p) && n < addressLen[family(p)]:
		return 0, ErrLength
	}
	return fixedLen + n, nil
}

func isLocal(header []byte) bool { return header[len(signature)] == localV2 }

// family is that of the addresses in a header that is not local. Without
// a transport the addresses are to be ignored as they are without a family.
func family(header []byte) byte {
	kind := header[len(signature)+1]
	if kind&0xf == unspecified {
		return unspecified
	}
	return kind >> 4
}

// AppendV2 appends a header of version 2. One that is Local, or that has an
// invalid address, carries neither addresses nor names. A ServerName or ALPN that
// Parse would refuse is left out.
func AppendV2(dst []byte, h Header) []byte {
	start := len(dst)
	dst = append(dst, signature...)
	from, to, ok := ends(h.Source, h.Destination)
	switch {
	case h.Local:
		return append(dst, localV2, unspecified, 0, 0)
	case !ok:
		return append(dst, proxyV2, unspecified, 0, 0)
	case from.Is4():
		dst = append(dst, proxyV2, inet<<4|stream, 0, 0)
	default:
		dst = append(dst, proxyV2, inet6<<4|stream, 0, 0)
	}
	dst = append(append(dst, from.AsSlice()...), to.AsSlice()...)
	dst = binary.BigEndian.AppendUint16(dst, h.Source.Port())
	dst = binary.BigEndian.AppendUint16(dst, h.Destination.Port())
	if h.ALPN != "" && len(h.ALPN) <= maxName {
		dst = appendTLV(dst, TypeALPN, h.ALPN)
	}
	if h.ServerName != "" && validServerName([]byte(h.ServerName)) {
		dst = appendTLV(dst, TypeAuthority, h.ServerName)
	}
	binary.BigEndian.PutUint16(dst[start+fixedLen-2:], uint16(len(dst)-start-fixedLen))
	return dst
}
