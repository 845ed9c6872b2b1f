package router

import (
	"strings"
	"testing"
)

func TestStripPrefix(t *testing.T) {
	for _, c := range []struct{ prefix, path, want string }{
		{"/old", "/old/x", "/x"},
		{"/old", "/old/x/", "/x/"},
		{"/old", "/old/", "/"},
		{"/old", "/old", "/"},
		{"/old/", "/old/x", "/x"},
		{"/old/", "/old", "/"},
		{"/a/b", "/a/b/c", "/c"},
		{"/", "/x", "/x"},
		{"/", "/", "/"},
		{"/old", "/old%20/x", "/old%20/x"},
		// Not at a boundary: stripping would make "../x" of it.
		{"/old", "/old../x", "/old../x"},
		{"/old", "/older", "/older"},
		{"/old", "/OLD/x", "/OLD/x"},
		{"/old", "/x", "/x"},
		{"/old", "*", "*"},
		{"/", "*", "*"},
		{"/old", "", ""},
		// As routes look at it, and what is left as it was.
		{"/old", "//old/x", "/x"},
		{"/a/b", "/a//b///c//d", "/c//d"},
		{"/old", "/old/https://x", "/https://x"},
		{"/old", "//older", "//older"},
		{"/old/x", "//old", "//old"},
		// Never an authority.
		{"/old", "/old//evil.example/x", "/evil.example/x"},
		{"/old", "/old///", "/"},
		{"/", "//evil.example", "/evil.example"},
	} {
		if got := StripPrefix(c.prefix, []byte(c.path)); string(got) != c.want {
			t.Errorf("%q from %q: got %q, want %q", c.prefix, c.path, got, c.want)
		}
	}
}

// The prefix is found through escapes because the path was normalised first.
func TestStripPrefixThroughEscapes(t *testing.T) {
	for _, c := range []struct{ prefix, raw, want string }{
		{"/old", "/%6fld/x%2Fy", "/x%2Fy"},
		{"/old", "/a/../old/x", "/x"},
		{"/caf\u00e9", "/caf%c3%a9/x", "/x"},
	} {
		prefix, err := NormalizePrefix(c.prefix)
		if err != nil {
			t.Fatal(err)
		}
		path, err := NormalizePath(nil, []byte(c.raw))
		if got := StripPrefix(prefix, path); err != nil || string(got) != c.want {
			t.Errorf("%q from %q: got %q, %v; want %q", c.prefix, c.raw, got, err, c.want)
		}
	}
}

func TestRewrite(t *testing.T) {
	const refused = "refused"
	for _, c := range []struct{ regex, to, path, want string }{
		{`^/old/(.*)$`, `/new/$1`, "/old/x/y", "/new/x/y"},
		{`^/old/(.*)$`, `/new/$1`, "/older", ""},
		{`^/u/(?P<id>\d+)$`, `/users/${id}/me`, "/u/7", "/users/7/me"},
		{`^/(\w+)/(\w+)`, `/$2/$1x`, "/a/b/c", "/b/ax/c"},
		{`^/(a)?b`, `/x$1`, "/b", "/x"},
		{`^/p`, `/$$$0`, "/p", "/$/p"},
		{`^/v1`, `/v2`, "/v1/x", "/v2/x"}, // what is not matched stays
		{`/+`, `/`, "//a///b", "/a/b"},    // every match
		{`x`, ``, "/axbx", "/ab"},
		{`^/lang/(..)`, `/${1}/é`, "/lang/de", "/de/%C3%A9"},
		{`^/a$`, `/b/../c`, "/a", "/c"},
		// Groups that would climb out of where they are put.
		{`^/files(.*)`, `/data/$1`, "/files../x", "/x"},
		{`^/files(.*)`, `/data/$1`, "/files..%2Fx", refused},
		{`^/files(.*)`, `/$1`, "/files/../x", refused},
		// No path.
		{`^/`, ``, "/a", refused},
		{`^/a`, `http://x`, "/a", refused},
		{`%2`, `%`, "/%2F", refused},
		{`^/a`, "/\r\n", "/a", refused},
	} {
		w, err := NewRewrite(c.regex, c.to)
		if err != nil {
			t.Errorf("%q to %q: %v", c.regex, c.to, err)
			continue
		}
		want, wantOK := "GET "+c.want, true
		switch c.want {
		case "":
			want, wantOK = c.path, false
		case refused:
			want, wantOK = "", false
		}
		got, ok := w.Apply([]byte("GET "), []byte(c.path))
		if string(got) != want || ok != wantOK {
			t.Errorf("%q to %q on %q: got %q, %v; want %q, %v", c.regex, c.to, c.path, got, ok, want, wantOK)
		}
	}
}

func TestNewRewriteRefuses(t *testing.T) {
	for _, c := range []struct{ regex, to, want string }{
		{"(", "/", "missing closing )"},
		{"a", "/x?a=1", "has no '?'"},
		{"a", "/x#a", "has no '#'"},
		{"(a)", "/$2", "no group 2"},
		{"(a)", "/${2}", "no group 2"},
		{"(a)", "/${x}", `no group "x"`},
		{"(a)", "/${1", "no closing brace"},
		{"(a)", "/$x", "a reference is $1"},
		{"(a)", "/$", "a reference is $1"},
		{"(a)", "/${}", "a reference is $1"},
		{"(a)", "/$99999999999999999999", "no group"},
	} {
		w, err := NewRewrite(c.regex, c.to)
		if w != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q to %q: got %v, want %s", c.regex, c.to, err, c.want)
		}
	}
}
