package proxyproto

import (
	"encoding/binary"
	"hash/crc32"
	"iter"
	"unicode/utf8"
)

// Type says what a TLV, an optional part of a header of version 2, is about (section 2.2).
type Type byte

// The types that the protocol defines.
const (
	TypeALPN      Type = 0x01
	TypeAuthority Type = 0x02
	TypeCRC32C    Type = 0x03
	TypeNoop      Type = 0x04
	TypeUniqueID  Type = 0x05
	TypeSSL       Type = 0x20
	TypeNetNS     Type = 0x30
)

const (
	tlvHead = 3 // type and length
	// maxName bounds host names (RFC 1035, section 2.3.4) and names of protocols (RFC 7301, section 3.1).
	maxName = 255
)

// TLVs are the TLVs of a header that Parse took, p[:n]; the values point into
// it. There are none in version 1, nor where the addresses are of no family: then
// nothing tells where TLVs would begin.
func TLVs(header []byte) iter.Seq2[Type, []byte] {
	return func(yield func(Type, []byte) bool) {
		for rest := behindAddresses(header); ; {
			kind, value, after, ok := cutTLV(rest)
			if !ok || !yield(kind, value) {
				return
			}
			rest = after
		}
	}
}

// behindAddresses is where the TLVs of a header are.
func behindAddresses(header []byte) []byte {
	if header[0] != signature[0] || isLocal(header) || family(header) == unspecified {
		return nil
	}
	return header[fixedLen+addressLen[family(header)]:]
}

// cutTLV splits off the first TLV; !ok says that there is no whole one.
func cutTLV(p []byte) (kind Type, value, rest []byte, ok bool) {
	if len(p) < tlvHead {
		return 0, nil, p, false
	}
	end := tlvHead + int(binary.BigEndian.Uint16(p[1:]))
	if len(p) < end {
		return 0, nil, p, false
	}
	return Type(p[0]), p[tlvHead:end], p[end:], true
}

// readTLVs checks that TLVs fill the rest of the header and takes from them what h has.
// Of those each may come once: a second one might contradict it. Other TLVs are not looked into.
func (h *Header) readTLVs(header []byte) error {
	seen := [TypeCRC32C + 1]bool{}
	for rest := behindAddresses(header); len(rest) > 0; {
		kind, value, after, ok := cutTLV(rest)
		if !ok {
			return ErrTLV
		}
		if kind >= TypeALPN && kind <= TypeCRC32C {
			if seen[kind] {
				return ErrTLV
			}
			seen[kind] = true
		}
		switch kind {
		case TypeALPN:
			if len(value) > maxName {
				return ErrTLV
			}
			h.ALPN = string(value)
		case TypeAuthority:
			if !validServerName(value) {
				return ErrTLV
			}
			h.ServerName = string(value)
		case TypeCRC32C:
			if len(value) != crc32.Size {
				return ErrTLV
			}
			if checksum(header, len(header)-len(after)) != binary.BigEndian.Uint32(value) {
				return ErrChecksum
			}
		}
		rest = after
	}
	return nil
}

func validServerName(name []byte) bool { return len(name) <= maxName && utf8.Valid(name) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of the header with zeros for the checksum that ends at end (section 2.2.3).
func checksum(header []byte, end int) uint32 {
	sum := crc32.Update(0, castagnoli, header[:end-crc32.Size])
	sum = crc32.Update(sum, castagnoli, make([]byte, crc32.Size))
	return crc32.Update(sum, castagnoli, header[end:])
}

func appendTLV(dst []byte, kind Type, value string) []byte {
	dst = append(dst, byte(kind))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}
