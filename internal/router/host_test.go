package router

import (
	"strings"
	"testing"
)

func TestNormalizeHost(t *testing.T) {
	label := strings.Repeat("a", 61)
	longest := label + "." + label + "." + label + "." + label + ".bc.de"
	for _, c := range []struct{ authority, want string }{
		{"example.com", "example.com"},
		{"EXAMPLE.Com", "example.com"},
		{"example.com.", "example.com"},
		{"example.com:80", "example.com"},
		{"example.com.:80", "example.com"},
		{"example.com:", "example.com"},
		{"localhost", "localhost"},
		{"xn--BCHER-kva.example", "xn--bcher-kva.example"},
		{"_dmarc.example.com", "_dmarc.example.com"},
		{"192.0.2.1:8080", "192.0.2.1"},
		{"[2001:DB8::1]", "[2001:db8::1]"},
		{"[2001:db8::1]:443", "[2001:db8::1]"},
		{"[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"},
		{longest, longest},
		{longest + ".:443", longest},

		// No names.
		{"", ""},
		{".", ""},
		{":80", ""},
		{".example.com", ""},
		{"a..example.com", ""},
		{"example.com..", ""},
		{"example.com:80:80", ""},
		{"example.com:http", ""},
		{"example.com:-1", ""},
		{"2001:db8::1", ""},
		{"[::1", ""},
		{"[::1]a", ""},
		{"[::1]:x", ""},
		{"[::1]]", ""},
		{"[fe80::1%25eth0]", ""},
		{"user@example.com", ""},
		{"user:secret@example.com", ""},
		{"example.com/a", ""},
		{"example.com\\a", ""},
		{"example.com?a", ""},
		{"example.com#a", ""},
		{"example.com, other.example", ""},
		{" example.com", ""},
		{"example.com\t", ""},
		{"example.com\x00", ""},
		{"ex%61mple.com", ""},
		{"*.example.com", ""},
		{longest + "f", ""},
		{"[" + strings.Repeat(":", 300) + "]", ""},

		// Letters that lose to an ASCII one when folded by Unicode's rules: the
		// Kelvin sign, the long s, full-width letters, the ideographic full stop.
		{"\u212Aube.example", ""},
		{"te\u017Ft.example", ""},
		{"\uFF45xample.com", ""},
		{"example\u3002com", ""},
		{"b\u00FCcher.example", ""},
	} {
		var buf [maxHost]byte
		if got := normalizeHost(&buf, []byte(c.authority)); string(got) != c.want {
			t.Errorf("%q: got %q, want %q", c.authority, got, c.want)
		}
	}
}

func TestHostRoutes(t *testing.T) {
	table := mustBuild(t,
		Match{Host: "API.example.com."},
		Match{Host: "*.Example.com"},
		Match{Host: "*.a.example.com"},
		Match{Host: "[2001:DB8:0::1]"},
		Match{Host: "*.org"},
		Match{},
	)
	for _, c := range []struct {
		host string
		want int
	}{
		{"api.example.com", 0},
		{"API.EXAMPLE.COM.:8443", 0},
		{"b.example.com", 1},
		{"c.b.example.com", 1},
		{"x.api.example.com", 1},
		{"b.a.example.com", 1}, // the first in the file, not the longest
		{"example.com", 5},     // a wildcard is not the apex
		{".example.com", 5},
		{"badexample.com", 5},
		{"api.example.com.evil.net", 5},
		{"api.example.com@evil.net", 5},
		{"evil.net@x.example.com", 5},
		{"[2001:db8::1]:8080", 3},
		{"[2001:db8::2]", 5},
		{"a.org", 4},
		{"a.b.c.d.e.f.org", 4},
		{"org", 5},
		{"", 5},
		{strings.Repeat("a.", 126) + "c", 5},
	} {
		got, ok := table.Find(&Request{Host: []byte(c.host), Path: []byte("/")})
		if got != c.want || !ok {
			t.Errorf("%q: got %d, %v; want %d", c.host, got, ok, c.want)
		}
	}
}
