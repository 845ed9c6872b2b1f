package proxyproto

import (
	"strings"
	"testing"
)

func TestAppendV1(t *testing.T) {
	for _, c := range []struct{ source, destination, want string }{
		{"192.168.0.1:56324", "192.168.0.11:443", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"},
		{"[2001:db8::1]:1", "[2001:db8::2]:65535", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"},
		{"[::ffff:10.0.0.1]:1", "10.0.0.2:2", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"},
		{"10.0.0.1:1", "[2001:db8::2]:2", "PROXY TCP6 ::ffff:a00:1 2001:db8::2 1 2\r\n"},
		{"[fe80::1%eth0]:1", "[fe80::2%eth0]:2", "PROXY TCP6 fe80::1 fe80::2 1 2\r\n"},
		{"", "10.0.0.2:2", "PROXY UNKNOWN\r\n"},
		{"10.0.0.1:1", "", "PROXY UNKNOWN\r\n"},
	} {
		if got := AppendV1([]byte("before "), addr(c.source), addr(c.destination)); string(got) != "before "+c.want {
			t.Errorf("%s to %s: %q, want %q", c.source, c.destination, got, c.want)
		}
	}
}

func TestAppendV2(t *testing.T) {
	source, destination := addr("10.0.0.1:56324"), addr("10.0.0.2:443")
	for _, c := range []struct {
		name string
		h    Header
		want string
	}{
		{"IPv4", Header{Source: source, Destination: destination}, v2(0x21, 0x11, ip4)},
		{"IPv6", Header{Source: addr("[2001:db8::1]:56324"), Destination: addr("[2001:db8::2]:443")}, v2(0x21, 0x21, ip6)},
		{"both", Header{Source: source, Destination: addr("[2001:db8::2]:443")}, v2(0x21, 0x21, mapped)},
		{"names", Header{Source: source, Destination: destination, ServerName: "example.com", ALPN: "h2"},
			v2(0x21, 0x11, ip4, tlv(TypeALPN, "h2"), tlv(TypeAuthority, "example.com"))},
		{"names that would be refused", Header{Source: source, Destination: destination, ServerName: "\xff", ALPN: strings.Repeat("a", 256)}, v2(0x21, 0x11, ip4)},
		{"no source", Header{Destination: destination, ServerName: "example.com"}, v2(0x21, 0x00)},
		{"local", Header{Local: true, Source: source, Destination: destination, ALPN: "h2"}, v2(0x20, 0x00)},
	} {
		if got := AppendV2([]byte("before "), c.h); string(got) != "before "+c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
