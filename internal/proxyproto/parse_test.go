package proxyproto

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"
)

func addr(s string) netip.AddrPort {
	if s == "" {
		return netip.AddrPort{}
	}
	return netip.MustParseAddrPort(s)
}

func TestParseV1(t *testing.T) {
	for _, c := range []struct{ line, source, destination string }{
		{"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443", "192.168.0.1:56324", "192.168.0.11:443"},
		{"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255:65535", "255.255.255.255:65535"},
		{"PROXY TCP4 0.0.0.0 0.0.0.0 0 0", "0.0.0.0:0", "0.0.0.0:0"},
		{"PROXY TCP6 2001:db8::1 2001:DB8::2 1 2", "[2001:db8::1]:1", "[2001:db8::2]:2"},
		{"PROXY TCP6 :: ::1 1 2", "[::]:1", "[::1]:2"},
		{"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},

		// An IPv4 client of an IPv6 socket, as inet_ntop and as the grammar write it.
		{"PROXY TCP6 ::ffff:10.0.0.1 2001:db8::2 1 2", "10.0.0.1:1", "[2001:db8::2]:2"},
		{"PROXY TCP6 ::ffff:a00:1 ::ffff:a00:2 1 2", "10.0.0.1:1", "10.0.0.2:2"},

		// Nothing behind UNKNOWN means anything.
		{"PROXY UNKNOWN", "", ""},
		{"PROXY UNKNOWN ", "", ""},
		{"PROXY UNKNOWN 10.0.0.1 10.0.0.2 1 2", "", ""},
		{"PROXY UNKNOWN \x00\xff whatever", "", ""},
		{"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535", "", ""},
	} {
		want := Header{Source: addr(c.source), Destination: addr(c.destination)}
		h, n, err := Parse([]byte(c.line + "\r\nGET / HTTP/1.1\r\n"))
		if h != want || n != len(c.line)+2 || err != nil {
			t.Errorf("%q: %+v, %d, %v; want %+v", c.line, h, n, err, want)
		}
	}
}

func TestParseRefusesV1(t *testing.T) {
	for _, c := range []struct {
		bytes string
		want  Error
	}{
		// What begins otherwise is refused at once.
		{"G", ErrSignature},
		{"PROXX", ErrSignature},
		{"PROXY\r", ErrSignature},
		{"PROXY\t", ErrSignature},
		{"proxy ", ErrSignature},
		{" PROXY ", ErrSignature},
		{"\r\n\r\n\x00\r\nQUIT\r", ErrSignature},
		{"\r\nPROXY", ErrSignature},

		// The words.
		{"PROXY \r\n", ErrLine},
		{"PROXY UDP4 10.0.0.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY tcp4 10.0.0.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY UNKNOWNS\r\n", ErrLine},
		{"PROXY unknown\r\n", ErrLine},
		{"PROXY  UNKNOWN\r\n", ErrLine},
		{"PROXY TCP4\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 1\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 1 2 3\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 1 2 \r\n", ErrLine},
		{"PROXY  TCP4 10.0.0.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4  10.0.0.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4\t10.0.0.1 10.0.0.2 1 2\r\n", ErrLine},

		// The addresses.
		{"PROXY TCP4 ::1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4 ::ffff:10.0.0.1 ::ffff:10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP6 10.0.0.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP6 ::1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4 010.0.0.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.256 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1.1 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP4 localhost 10.0.0.2 1 2\r\n", ErrLine},
		{"PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n", ErrLine},
		{"PROXY TCP6 [::1] ::2 1 2\r\n", ErrLine},
		{"PROXY TCP6 1::2::3 ::2 1 2\r\n", ErrLine},
		{"PROXY TCP6 :::1 ::2 1 2\r\n", ErrLine},
		{"PROXY TCP6 1:2:3:4:5:6:7 ::2 1 2\r\n", ErrLine},
		{"PROXY TCP6 1:2:3:4:5:6:7:8:9 ::2 1 2\r\n", ErrLine},
		{"PROXY TCP6 00001::1 ::2 1 2\r\n", ErrLine},
		{"PROXY TCP6 ::g ::2 1 2\r\n", ErrLine},

		// The ports.
		{"PROXY TCP4 10.0.0.1 10.0.0.2 01 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 00 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 65536 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 99999999999999999999 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 -1 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 +1 2\r\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 1 http\r\n", ErrLine},

		// The end of the line.
		{"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\n", ErrLine},
		{"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\r\n", ErrLine},
		{"PROXY UNKNOWN\n\r\n", ErrLine},
		{"PROXY UNKNOWN \r \r\n", ErrLine},
		{"PROXY UNKNOWN " + strings.Repeat("x", maxLine-15) + "\r\n", ErrTooLong},
		{"PROXY " + strings.Repeat("x", maxLine-6), ErrTooLong},
	} {
		if h, n, err := Parse([]byte(c.bytes)); h != (Header{}) || n != 0 || err != c.want {
			t.Errorf("%q: %+v, %d, %v; want %v", c.bytes, h, n, err, c.want)
		}
	}
}

// v2 builds a header of version 2 with a right length.
func v2(command, kind byte, parts ...string) string {
	rest := strings.Join(parts, "")
	return string(binary.BigEndian.AppendUint16([]byte(signature+string([]byte{command, kind})), uint16(len(rest)))) + rest
}

func tlv(kind Type, value string) string { return string(appendTLV(nil, kind, value)) }

// checksummed puts the right sum in place of the TLV's zeros.
func checksummed(header string) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum([]byte(header), crc32.MakeTable(crc32.Castagnoli)))
	return strings.Replace(header, zeroSum, tlv(TypeCRC32C, string(sum)), 1)
}

const (
	ip4     = "\x0a\x00\x00\x01\x0a\x00\x00\x02\xdc\x04\x01\xbb"
	ip6     = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\xdc\x04\x01\xbb"
	mapped  = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x00\x00\x01" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\xdc\x04\x01\xbb"
	zeroSum = "\x03\x00\x04\x00\x00\x00\x00"
)

var sockets = strings.Repeat("/run/a\x00\x00\x00", 24)

func TestParseV2(t *testing.T) {
	between := Header{Source: addr("10.0.0.1:56324"), Destination: addr("10.0.0.2:443")}
	named := between
	named.ServerName, named.ALPN = "example.com", "h2"
	onlyNamed := Header{ServerName: "example.com"}
	names := tlv(TypeALPN, "h2") + tlv(TypeAuthority, "example.com")
	for _, c := range []struct {
		name, bytes string
		want        Header
	}{
		{"TCP over IPv4", v2(0x21, 0x11, ip4), between},
		{"UDP over IPv4", v2(0x21, 0x12, ip4), between},
		{"TCP over IPv6", v2(0x21, 0x21, ip6), Header{Source: addr("[2001:db8::1]:56324"), Destination: addr("[2001:db8::2]:443")}},
		{"an IPv4 client of an IPv6 socket", v2(0x21, 0x21, mapped), Header{Source: addr("10.0.0.1:56324"), Destination: addr("[2001:db8::2]:443")}},
		{"a unix stream", v2(0x21, 0x31, sockets), Header{}},
		{"a unix stream with names", v2(0x21, 0x31, sockets, tlv(TypeAuthority, "example.com")), onlyNamed},
		{"unspecified", v2(0x21, 0x00), Header{}},
		{"unspecified, with whatever follows", v2(0x21, 0x00, "\x02\xff"), Header{}},
		{"no family", v2(0x21, 0x01, ip4), Header{}},
		{"no transport", v2(0x21, 0x10, ip4), Header{}},
		{"no transport and no addresses", v2(0x21, 0x10), Header{}},
		{"local", v2(0x20, 0x00), Header{Local: true}},
		{"local with a family but no address", v2(0x20, 0x11), Header{Local: true}},
		{"local with addresses and names", v2(0x20, 0x11, ip4, names), Header{Local: true}},
		{"local with an unknown family", v2(0x20, 0xff, "\x01"), Header{Local: true}},

		{"names", v2(0x21, 0x11, ip4, names), named},
		{"names that are empty", v2(0x21, 0x11, ip4, tlv(TypeALPN, ""), tlv(TypeAuthority, "")), between},
		{"among other TLVs", v2(0x21, 0x11, ip4, tlv(TypeNoop, ""), tlv(0xea, "vpce-1"), names, tlv(TypeNoop, "\x00\x00"), tlv(TypeSSL, "\x01\x00\x00\x00\x00")), named},
		{"the same type twice, of those that may", v2(0x21, 0x11, ip4, tlv(0x00, ""), tlv(0x00, ""), tlv(0xe0, "a"), tlv(0xe0, "b")), between},
		{"a checksum at the end", checksummed(v2(0x21, 0x11, ip4, names, zeroSum)), named},
		{"a checksum amid", checksummed(v2(0x21, 0x11, ip4, zeroSum, names)), named},
		{"the longest", v2(0x21, 0x11, ip4, tlv(TypeNoop, strings.Repeat("x", maxVariable-len(ip4)-tlvHead))), between},
	} {
		h, n, err := Parse([]byte(c.bytes + "\r\n\r\n\x00\r\nQUIT\n"))
		if h != c.want || n != len(c.bytes) || err != nil {
			t.Errorf("%s: %+v, %d, %v; want %+v, %d", c.name, h, n, err, c.want, len(c.bytes))
		}
	}
}

func TestParseRefusesV2(t *testing.T) {
	cut := func(s string, n int) string { return s[:n] }
	long := strings.Repeat("a", maxName+1)
	for _, c := range []struct {
		name, bytes string
		want        Error
	}{
		// As soon as its byte is there.
		{"version 1 in binary", signature + "\x11", ErrVersion},
		{"version 3", signature + "\x31", ErrVersion},
		{"an unassigned command", signature + "\x22", ErrVersion},
		{"an unassigned family", signature + "\x21\x41", ErrFamily},
		{"an unassigned transport", signature + "\x21\x13", ErrFamily},
		{"a length beyond the bound", signature + "\x21\x11\x10\x01", ErrTooLong},
		{"a local one's length beyond the bound", signature + "\x20\x00\xff\xff", ErrTooLong},
		{"no room for IPv4", signature + "\x21\x11\x00\x0b", ErrLength},
		{"no room for IPv6", signature + "\x21\x21\x00\x23", ErrLength},
		{"no room for unix", signature + "\x21\x31\x00\xd7", ErrLength},

		{"a TLV of one byte", v2(0x21, 0x11, ip4, "\x04"), ErrTLV},
		{"a TLV without its length", v2(0x21, 0x11, ip4, "\x04\x00"), ErrTLV},
		{"a TLV longer than the header", v2(0x21, 0x11, ip4, "\x04\x00\x01"), ErrTLV},
		{"a TLV that reaches into the next bytes", v2(0x21, 0x11, ip4, cut(tlv(TypeAuthority, "example.com"), 9)), ErrTLV},
		{"one after a whole one", v2(0x21, 0x31, sockets, tlv(TypeNoop, "x"), "\x04\xff\xff"), ErrTLV},
		{"a server name that is no text", v2(0x21, 0x11, ip4, tlv(TypeAuthority, "\xff")), ErrTLV},
		{"a server name longer than any", v2(0x21, 0x11, ip4, tlv(TypeAuthority, long)), ErrTLV},
		{"an ALPN longer than any", v2(0x21, 0x11, ip4, tlv(TypeALPN, long)), ErrTLV},
		{"two server names", v2(0x21, 0x11, ip4, tlv(TypeAuthority, "a"), tlv(TypeAuthority, "b")), ErrTLV},
		{"two ALPNs", v2(0x21, 0x11, ip4, tlv(TypeALPN, "h2"), tlv(TypeALPN, "h2")), ErrTLV},
		{"two checksums", checksummed(v2(0x21, 0x11, ip4, zeroSum, tlv(TypeCRC32C, "abcd"))), ErrTLV},
		{"a checksum of three bytes", v2(0x21, 0x11, ip4, tlv(TypeCRC32C, "abc")), ErrTLV},
		{"a checksum of five bytes", v2(0x21, 0x11, ip4, tlv(TypeCRC32C, "abcde")), ErrTLV},
		{"a checksum of zeros", v2(0x21, 0x11, ip4, zeroSum), ErrChecksum},
		{"another address under a checksum", strings.Replace(checksummed(v2(0x21, 0x11, ip4, zeroSum)), "\x0a\x00\x00\x01", "\x0a\x00\x00\x03", 1), ErrChecksum},
	} {
		if h, n, err := Parse([]byte(c.bytes)); h != (Header{}) || n != 0 || err != c.want {
			t.Errorf("%s: %+v, %d, %v; want %v", c.name, h, n, err, c.want)
		}
	}
}

// The check value of CRC-32C (RFC 3720, B.4) holds the tests' sum and the package's alike.
func TestChecksum(t *testing.T) {
	zeros := string(make([]byte, 28)) + "\xde\xad\xbe\xef"
	if sum := checksum([]byte(zeros), len(zeros)); sum != 0x8a9136aa {
		t.Errorf("%#x", sum)
	}
}

func TestTLVs(t *testing.T) {
	list := func(header string) (all []string) {
		for kind, value := range TLVs([]byte(header)) {
			all = append(all, string(append([]byte{byte(kind)}, value...)))
		}
		return all
	}
	if got := list(v2(0x21, 0x11, ip4, tlv(TypeNoop, ""), tlv(TypeUniqueID, "7"), tlv(0xea, "vpce"))); strings.Join(got, ",") != "\x04,\x057,\xeavpce" {
		t.Errorf("%q", got)
	}
	for _, none := range []string{"PROXY UNKNOWN\r\n", v2(0x21, 0x11, ip4), v2(0x21, 0x00, tlv(TypeUniqueID, "7")), v2(0x20, 0x11, ip4, tlv(TypeUniqueID, "7"))} {
		if got := list(none); got != nil {
			t.Errorf("%q has the TLVs %q", none, got)
		}
	}
	for range TLVs([]byte(v2(0x21, 0x11, ip4, tlv(TypeNoop, ""), tlv(TypeNoop, "")))) {
		break
	}
}

// A header that comes in pieces is asked for until it is whole.
func TestParseIsIncremental(t *testing.T) {
	for _, whole := range []string{
		"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
		"PROXY UNKNOWN\r\n",
		v2(0x20, 0x00),
		checksummed(v2(0x21, 0x21, ip6, tlv(TypeAuthority, "example.com"), zeroSum)),
	} {
		for n := range whole {
			if h, length, err := Parse([]byte(whole[:n])); h != (Header{}) || length != 0 || err != nil {
				t.Errorf("%d bytes of %q: %+v, %d, %v", n, whole, h, length, err)
			}
		}
		if _, n, err := Parse([]byte(whole)); n != len(whole) || err != nil {
			t.Errorf("%q: %d, %v", whole, n, err)
		}
	}
}
