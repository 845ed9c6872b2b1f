package router

import (
	"bytes"
	"strings"
	"testing"
)

func TestNormalizePath(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		// Nothing to do.
		{"/", "/"},
		{"/a/b", "/a/b"},
		{"*", "*"},
		{"/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"},
		{"/a%20b", "/a%20b"},
		{"/.well-known/x", "/.well-known/x"},
		{"/...", "/..."},
		{"/..a/.b", "/..a/.b"},
		{"/a./b../c...", "/a./b../c..."},

		// An absent path is the root (RFC 9110, section 4.2.3).
		{"", "/"},

		// RFC 3986, section 6.2.2.2: escapes of unreserved characters.
		{"/%61%7A%41%5a%30%39", "/azAZ09"},
		{"/%2D%5f%7e", "/-_~"},
		{"/a%2eb", "/a.b"},
		// Section 6.2.2.1: the case of the others.
		{"/%c3%a9%2f%3b", "/%C3%A9%2F%3B"},
		{"/a%40b", "/a%40b"},
		{"/a%0d%0ab", "/a%0D%0Ab"},
		{"/a%3fb%23", "/a%3Fb%23"},
		// Decoded once.
		{"/%252e%252e/a", "/%252e%252e/a"},
		{"/%2561", "/%2561"},
		{"/%25%32%65", "/%252e"},
		{"/%252F..%252F", "/%252F..%252F"},
		// Overlong and full-width dots are dots to nobody who follows RFC 3629.
		{"/%c0%ae%c0%ae/a", "/%C0%AE%C0%AE/a"},
		{"/%ef%bc%8e/a", "/%EF%BC%8E/a"},

		// What has to be escaped and is not.
		{"/caf\xc3\xa9", "/caf%C3%A9"},
		{"/\xff", "/%FF"},
		{"/a|b^c`d", "/a%7Cb%5Ec%60d"},
		{`/{"<>}`, "/%7B%22%3C%3E%7D"},
		{`/a\b`, "/a%5Cb"},
		{"/[1]", "/%5B1%5D"},

		// Section 5.2.4: dot segments.
		{"/a/b/c/./../../g", "/a/g"},
		{"/.", "/"},
		{"/./", "/"},
		{"/..", "/"},
		{"/../", "/"},
		{"/../../a", "/a"},
		{"/a/.", "/a/"},
		{"/a/./", "/a/"},
		{"/a/..", "/"},
		{"/a/../", "/"},
		{"/a/b/..", "/a/"},
		{"/a/b/../c", "/a/c"},
		{"/./a/./b/.", "/a/b/"},
		{"/a/.../b", "/a/.../b"},
		// Their spellings.
		{"/a/%2e%2e/b", "/b"},
		{"/a/%2E%2e/b", "/b"},
		{"/a/.%2E/b", "/b"},
		{"/a/%2e./b", "/b"},
		{"/a/%2e/b", "/a/b"},
		{"/a/%2E", "/a/"},

		// Empty segments stay: MergeSlashes is for them.
		{"//", "//"},
		{"//a///b//", "//a///b//"},
		{"/a//./b", "/a//b"},
		{"/a//b/../c", "/a//c"},
		{"/a/..//b", "//b"},

		// Separators away from dot segments.
		{"/a%2fb", "/a%2Fb"},
		{"/a%5cb", "/a%5Cb"},
		{"/a%2f.b", "/a%2F.b"},
		{"/a%2f...%2fb", "/a%2F...%2Fb"},
		{"/a%2fb/./c", "/a%2Fb/c"},
		{"/a%2fb/c/../d", "/a%2Fb/d"},

		// Parameters are part of their segment.
		{"/a;x=1/b;y", "/a;x=1/b;y"},
		{"/;/", "/;/"},
		{"/a..;x", "/a..;x"},
		{"/...;x", "/...;x"},
		{"/a;../b", "/a;../b"},
	} {
		got, err := NormalizePath(nil, []byte(c.path))
		if err != nil || string(got) != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.path, got, err, c.want)
			continue
		}
		again, err := NormalizePath(nil, got)
		if err != nil || !bytes.Equal(again, got) {
			t.Errorf("%q: a second time %q becomes %q, %v", c.path, got, again, err)
		}
	}
}

func TestMergeSlashes(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/a": "/a", "/a/": "/a/", "/a/b": "/a/b", "*": "*", "": "",
		"//": "/", "///": "/", "//a": "/a", "/a//": "/a/", "//a///b//": "/a/b/", "/a/b//c/d": "/a/b/c/d",
		"/%2F/a": "/%2F/a", "/a/;/b": "/a/;/b", // only what is empty as it stands
	} {
		room := make([]byte, 8)
		got := MergeSlashes(room, []byte(path))
		if string(got) != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
		if again := MergeSlashes(nil, got); string(again) != want {
			t.Errorf("%q: a second time %q becomes %q", path, got, again)
		}
		if len(got) < min(len(path), 8) && &got[0] != &room[0] {
			t.Errorf("%q: the result is not in the memory given for it", path)
		}
	}
	path := []byte("/a/b")
	if got := MergeSlashes(nil, path); &got[0] != &path[0] {
		t.Error("a path without empty segments was copied")
	}
}

func TestNormalizePathRefuses(t *testing.T) {
	for _, c := range []struct {
		path string
		want PathError
	}{
		{"a", ErrPathStart},
		{"*/", ErrPathStart},
		{"%2fa", ErrPathStart},
		{"\\a", ErrPathStart},
		{"http://a/", ErrPathStart},

		{"/a b", ErrPathByte},
		{"/a\tb", ErrPathByte},
		{"/a\x00b", ErrPathByte},
		{"/a\r\nb", ErrPathByte},
		{"/a\x7f", ErrPathByte},
		{"/a?b", ErrPathByte},
		{"/a#/../b", ErrPathByte},

		{"/%", ErrPathEscape},
		{"/%4", ErrPathEscape},
		{"/%4/", ErrPathEscape},
		{"/%zz", ErrPathEscape},
		{"/%%32%65", ErrPathEscape},
		{"/%u002e", ErrPathEscape},
		{"/% 1", ErrPathEscape},
		{"/%+1", ErrPathEscape},

		{"/%00", ErrPathNUL},
		{"/a%00.png", ErrPathNUL},

		// A separator next to a dot segment, encoded or not a slash at all.
		{"/a/..%2fb", ErrPathDots},
		{"/a/..%2Fb", ErrPathDots},
		{"/a/%2e%2e%2fb", ErrPathDots},
		{"/a%2f../b", ErrPathDots},
		{"/a%2f..", ErrPathDots},
		{"/a%2f.%2fb", ErrPathDots},
		{"/%2e%2fa", ErrPathDots},
		{"/..%5cb", ErrPathDots},
		{"/a%5C..", ErrPathDots},
		{`/a\..\b`, ErrPathDots},
		{`/..\`, ErrPathDots},
		{`/.\`, ErrPathDots},
		{"/a%2fb%5c..%2fc", ErrPathDots},

		// "/c" or "/a/c"?
		{"/a%2fb/../c", ErrPathDots},
		{`/a\b/../c`, ErrPathDots},
		{"/%2f/..", ErrPathDots},
		// "/private" to a server that merges slashes first.
		{"/public//../private", ErrPathDots},
		{"//..", ErrPathDots},
		{"/a/.//../b", ErrPathDots},

		// A dot segment to a server that cuts off parameters.
		{"/public/..;/private", ErrPathDots},
		{"/..;x=1", ErrPathDots},
		{"/.;/a", ErrPathDots},
		{"/a/%2e%2e;/b", ErrPathDots},
		{"/a/..%3b/b", ErrPathDots},
		{"/a%2f..;x", ErrPathDots},
	} {
		got, err := NormalizePath(nil, []byte(c.path))
		if err != c.want || got != nil {
			t.Errorf("%q: got %q, %v; want %v", c.path, got, err, c.want)
		}
	}
}

func TestNormalizePathMemory(t *testing.T) {
	scratch := make([]byte, 64)
	path := []byte("/a/%20/.b")
	if got, _ := NormalizePath(scratch, path); &got[0] != &path[0] {
		t.Error("a normal path was copied")
	}
	path = []byte("/a/../b")
	if got, _ := NormalizePath(scratch, path); &got[0] != &scratch[0] {
		t.Error("the result is not in the memory given for it")
	}
	if string(path) != "/a/../b" {
		t.Errorf("the client's bytes became %q", path)
	}
	if got, _ := NormalizePath(make([]byte, 1), path); string(got) != "/b" {
		t.Errorf("with too little memory: got %q", got)
	}
}

func TestNormalizePathLong(t *testing.T) {
	const n = 100_000
	for _, c := range []struct{ name, path, want string }{
		{"dots", strings.Repeat("/.", n), "/"},
		{"up", strings.Repeat("/..", n), "/"},
		{"down and up", strings.Repeat("/a", n) + strings.Repeat("/..", n), "/"},
		{"segments", strings.Repeat("/a", n) + "/.", strings.Repeat("/a", n) + "/"},
		{"escapes", "/" + strings.Repeat("%61", n), "/" + strings.Repeat("a", n)},
		{"bare bytes", "/" + strings.Repeat("\xe9", n), "/" + strings.Repeat("%E9", n)},
	} {
		got, err := NormalizePath(nil, []byte(c.path))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %d bytes, %v; want %d", c.name, len(got), err, len(c.want))
		}
	}
}

func FuzzNormalizePath(f *testing.F) {
	for _, path := range []string{
		"/a/b", "/a/%2e%2e/b", "//..", "/..;/a", "/%2f..", "/%252e", "/\xff\\", "/a%", "*", "",
	} {
		f.Add([]byte(path))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		client := bytes.Clone(path)
		out, err := NormalizePath(make([]byte, 16), path)
		if !bytes.Equal(client, path) {
			t.Fatalf("%q was changed to %q", client, path)
		}
		if err != nil {
			if _, ok := err.(PathError); !ok || out != nil {
				t.Fatalf("%q: got %q, %T", path, out, err)
			}
			return
		}
		if len(out) > 3*len(path) && len(path) > 0 {
			t.Fatalf("%q grew to %q", path, out)
		}
		if string(out) == "*" {
			return
		}
		if out[0] != '/' {
			t.Fatalf("%q became %q", path, out)
		}
		for _, segment := range bytes.Split(out, []byte("/")) {
			if string(segment) == "." || string(segment) == ".." {
				t.Fatalf("%q keeps a dot segment: %q", path, out)
			}
		}
		for i, c := range out {
			if c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte("\"#<>?[\\]^`{|}"), c) >= 0 {
				t.Fatalf("%q keeps %q: %q", path, c, out)
			}
			if c == '%' && bytes.IndexByte([]byte("0123456789ABCDEF"), out[i+1]) < 0 {
				t.Fatalf("%q keeps a bad escape: %q", path, out)
			}
		}
		again, err := NormalizePath(nil, out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%q: %q becomes %q, %v", path, out, again, err)
		}
	})
}
