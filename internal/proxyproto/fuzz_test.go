package proxyproto

import (
	"net/netip"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n",
		"PROXY TCP6 ::ffff:10.0.0.1 2001:db8::2 1 2\r\n",
		"PROXY UNKNOWN \xff\r\n",
		"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\n",
		v2(0x20, 0x00),
		v2(0x21, 0x12, ip4, tlv(TypeNoop, "")),
		v2(0x21, 0x21, mapped, tlv(TypeALPN, "h2"), tlv(TypeAuthority, "example.com"), tlv(TypeSSL, "\x01\x00\x00\x00\x00")),
		v2(0x21, 0x31, sockets),
		checksummed(v2(0x21, 0x11, ip4, zeroSum)),
	} {
		f.Add([]byte(seed), uint16(5))
	}
	f.Fuzz(func(t *testing.T, p []byte, cut uint16) {
		h, n, err := Parse(p)
		if err != nil {
			if _, ok := err.(Error); !ok || n != 0 || h != (Header{}) {
				t.Fatalf("%+v, %d, %v", h, n, err)
			}
		}
		if n > len(p) || n > MaxLen || n == 0 && err == nil && len(p) >= MaxLen {
			t.Fatalf("%d of %d bytes", n, len(p))
		}
		checkPieces(t, p[:min(int(cut), len(p))], h, n, err)
		if n == 0 {
			return
		}
		size := 0
		for _, value := range TLVs(p[:n]) {
			size += tlvHead + len(value)
		}
		if size > n-fixedLen && size > 0 {
			t.Fatalf("%d bytes of TLVs in a header of %d", size, n)
		}
		checkAgain(t, h)
	})
}

// checkPieces holds that a beginning is not refused unless the whole is, and
// that what follows a header does not change it.
func checkPieces(t *testing.T, begin []byte, whole Header, n int, wholeErr error) {
	t.Helper()
	h, m, err := Parse(begin)
	switch {
	case err != nil && wholeErr == nil:
		t.Fatalf("the first %d bytes: %v", len(begin), err)
	case m > 0 && (m != n || h != whole):
		t.Fatalf("the first %d bytes: %+v, %d; all: %+v, %d", len(begin), h, m, whole, n)
	case n > 0 && len(begin) >= n && m == 0:
		t.Fatalf("the first %d bytes are not enough for a header of %d", len(begin), n)
	}
}

// checkAgain writes a header that was read, and reads it again.
func checkAgain(t *testing.T, h Header) {
	t.Helper()
	want := h
	if !h.Source.IsValid() {
		want.ServerName, want.ALPN = "", ""
	}
	written := AppendV2(nil, h)
	if again, n, err := Parse(written); again != want || n != len(written) || err != nil {
		t.Fatalf("%+v was written as %q and read as %+v, %d, %v", h, written, again, n, err)
	}
	want = Header{Source: h.Source, Destination: h.Destination}
	written = AppendV1(nil, h.Source, h.Destination)
	if again, n, err := Parse(written); again != want || n != len(written) || err != nil {
		t.Fatalf("%+v was written as %q and read as %+v, %d, %v", h, written, again, n, err)
	}
}

func FuzzAppend(f *testing.F) {
	four, six := addr("10.0.0.1:0").Addr().AsSlice(), addr("[2001:db8::1]:0").Addr().AsSlice()
	f.Add(four, four, uint16(1), uint16(2), "example.com", "h2", false)
	f.Add(four, six, uint16(0), uint16(65535), "", "", false)
	f.Add(six, []byte{}, uint16(1), uint16(2), "\xff", "h2", true)
	f.Fuzz(func(t *testing.T, source, destination []byte, from, to uint16, serverName, alpn string, local bool) {
		a, _ := netip.AddrFromSlice(source)
		b, _ := netip.AddrFromSlice(destination)
		h := Header{Source: netip.AddrPortFrom(a.Unmap(), from), Destination: netip.AddrPortFrom(b.Unmap(), to), ServerName: serverName, ALPN: alpn, Local: local}
		if !a.IsValid() || !b.IsValid() {
			h.Source, h.Destination = netip.AddrPort{}, netip.AddrPort{}
		}
		if len(alpn) > maxName || !validServerName([]byte(serverName)) {
			h.ServerName, h.ALPN = "", ""
		}
		if local {
			h = Header{Local: true}
		}
		checkAgain(t, h)
	})
}
