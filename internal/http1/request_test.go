package http1

import (
	"errors"
	"strings"
	"testing"
)

const hostLine = "Host: example.com\r\n"

// get makes a request of a target and field lines.
func get(target, fields string) string { return "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n" }

// parseRequest parses a head that shall be whole, and tells the status if it is refused.
func parseRequest(t *testing.T, head string) (r *Request, status int) {
	t.Helper()
	r = &Request{}
	n, err := r.Parse([]byte(head+"next"), DefaultLimits)
	var e *Error
	switch {
	case errors.As(err, &e):
		return r, e.Status
	case err != nil || n != len(head):
		t.Fatalf("%q: %d, %v; want %d", head, n, err, len(head))
	}
	return r, 0
}

func TestRequestGrammar(t *testing.T) {
	for _, c := range []struct {
		section, name, head string
		status              int // 0: taken
	}{
		{"RFC 9112 2.2", "one empty line in front", "\r\n" + get("/", hostLine), 0},
		{"RFC 9112 2.2", "two empty lines in front", "\r\n\r\n" + get("/", hostLine), 400},
		{"RFC 9112 2.2", "bare LF in front", "\n" + get("/", hostLine), 400},
		{"RFC 9112 2.2", "CR without LF in front", "\rX" + get("/", hostLine), 400},
		{"RFC 9112 2.2", "bare LF ends the request line", "GET / HTTP/1.1\n" + hostLine + "\r\n", 400},
		{"RFC 9112 2.2", "bare LF ends a field line", get("/", "Host: example.com\nA: b\r\n"), 400},
		{"RFC 9112 2.2", "bare LF ends the head", "GET / HTTP/1.1\r\n" + hostLine + "\n", 400},
		{"RFC 9112 2.2", "CR CR LF ends a field line", get("/", hostLine+"A: b\r\r\n"), 400},
		{"RFC 9112 2.2", "white space line behind the request line", get("/", " \r\n"+hostLine), 400},

		{"RFC 9112 2.3", "HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0},
		{"RFC 9110 2.5", "a higher minor version", "GET / HTTP/1.7\r\n" + hostLine + "\r\n", 0},
		{"RFC 9112 2.3", "HTTP/0.9 by name", "GET / HTTP/0.9\r\n\r\n", 505},
		{"RFC 9112 2.3", "HTTP/2.0", "GET / HTTP/2.0\r\n" + hostLine + "\r\n", 505},
		{"RFC 9112 2.3", "two digits", "GET / HTTP/1.10\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 2.3", "no minor version", "GET / HTTP/1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 2.3", "in small letters", "GET / http/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3", "space behind the version", "GET / HTTP/1.1 \r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3", "two spaces in front of the version", "GET /  HTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3", "two spaces behind the method", "GET  / HTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3", "tabs for spaces", "GET\t/\tHTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3", "no version", "GET /\r\n" + hostLine + "\r\n", 400},

		{"RFC 9110 9.1", "an unknown method", "M-SEARCH / HTTP/1.1\r\n" + hostLine + "\r\n", 0},
		{"RFC 9110 9.1", "a method of small letters", "get / HTTP/1.1\r\n" + hostLine + "\r\n", 0},
		{"RFC 9110 9.1", "a method that is no token", "G(T / HTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3", "a method of 64 letters", strings.Repeat("M", 64) + " / HTTP/1.1\r\n" + hostLine + "\r\n", 0},
		{"RFC 9112 3", "a longer one", strings.Repeat("M", 65) + " / HTTP/1.1\r\n" + hostLine + "\r\n", 501},

		{"RFC 9112 3.2.1", "a query", get("/?a=b?c", hostLine), 0},
		{"RFC 9112 3.2.1", "no slash", get("path", hostLine), 400},
		{"RFC 9112 3.2.1", "a query alone", get("?a", hostLine), 400},
		{"RFC 9112 3.2", "a fragment", get("/a#b", hostLine), 400},
		{"RFC 9112 3.2", "a fragment in the query", get("/a?b#c", hostLine), 400},
		{"RFC 9112 3.2", "NUL", get("/a\x00b", hostLine), 400},
		{"RFC 9112 3.2", "DEL", get("/a\x7fb", hostLine), 400},
		{"RFC 9112 3.2", "a byte above ASCII", get("/\xc3\xa9", hostLine), 400},
		{"RFC 9112 3.2", "a backslash", get(`/a\b`, hostLine), 400},
		{"practice", "what user agents leave unescaped", get("/a|b?c[]={\"d\"}&e=^`<>", hostLine), 0},

		{"RFC 9112 3.2.2", "absolute form", get("http://example.com/", hostLine), 0},
		{"RFC 9110 4.2.4", "with user information", get("http://user@example.com/", hostLine), 400},
		{"RFC 9110 4.2.1", "without a host", get("http:///a", hostLine), 400},
		{"RFC 9110 4.2.1", "with a port alone", get("http://:80/a", hostLine), 400},
		{"RFC 9112 3.2.2", "of another scheme", get("ftp://example.com/a", hostLine), 400},
		{"RFC 9112 3.2.2", "without slashes", get("http:example.com/a", hostLine), 400},
		{"RFC 9112 3.2.2", "with a fragment", get("http://example.com#a", hostLine), 400},
		{"RFC 9112 3.2.2", "without Host", get("http://example.com/", ""), 400},
		{"RFC 9112 3.2", "with a malformed Host", get("http://example.com/", "Host: a b\r\n"), 400},
		{"RFC 9112 3.2.3", "CONNECT", "CONNECT example.com:443 HTTP/1.1\r\n" + hostLine + "\r\n", 0},
		{"RFC 9110 9.3.6", "CONNECT without a port", "CONNECT example.com HTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9110 9.3.6", "CONNECT with an empty port", "CONNECT example.com: HTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9110 9.3.6", "CONNECT to an address", "CONNECT [::1]:443 HTTP/1.1\r\n" + hostLine + "\r\n", 0},
		{"RFC 9110 9.3.6", "CONNECT to an address without a port", "CONNECT [::1] HTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3.2.3", "CONNECT with a path", "CONNECT /path HTTP/1.1\r\n" + hostLine + "\r\n", 400},
		{"RFC 9112 3.2.3", "authority form for GET", get("example.com:443", hostLine), 400},
		{"RFC 9112 3.2.4", "OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + hostLine + "\r\n", 0},
		{"RFC 9112 3.2.4", "GET *", get("*", hostLine), 400},
		{"RFC 9112 3.2.4", "OPTIONS *x", "OPTIONS *x HTTP/1.1\r\n" + hostLine + "\r\n", 400},

		{"RFC 9112 3.2", "no Host", get("/", ""), 400},
		{"RFC 9112 3.2", "no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0},
		{"RFC 9112 3.2", "two Hosts", get("/", hostLine+hostLine), 400},
		{"RFC 9112 3.2", "two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" + hostLine + hostLine + "\r\n", 400},

		{"RFC 9112 5", "no space behind the colon", get("/", "Host:example.com\r\n"), 0},
		{"RFC 9112 5.1", "space in front of the colon", get("/", "Host : example.com\r\n"), 400},
		{"RFC 9112 5.1", "tab in front of the colon", get("/", hostLine+"A\t: b\r\n"), 400},
		{"RFC 9112 5", "no colon", get("/", hostLine+"A\r\n"), 400},
		{"RFC 9112 5", "no name", get("/", hostLine+": a\r\n"), 400},
		{"RFC 9110 5.1", "a name that is no token", get("/", hostLine+"A@b: c\r\n"), 400},
		{"RFC 9110 5.1", "every character of a token", get("/", hostLine+"!#$%&'*+-.^_`|~09azAZ: a\r\n"), 0},
		{"RFC 9110 5.5", "an empty value", get("/", hostLine+"A:\r\nB: \t \r\n"), 0},
		{"RFC 9110 5.5", "obs-text", get("/", hostLine+"A: \x80\xff\r\n"), 0},
		{"RFC 9110 5.5", "tab inside of a value", get("/", hostLine+"A: b\tc\r\n"), 0},
		{"RFC 9110 5.5", "NUL in a value", get("/", hostLine+"A: b\x00c\r\n"), 400},
		{"RFC 9110 5.5", "DEL in a value", get("/", hostLine+"A: 0123456\x7f9\r\n"), 400},
		{"RFC 9110 5.5", "bare CR in a value", get("/", hostLine+"A: b\rc\r\n"), 400},
		{"RFC 9112 5.2", "obs-fold", get("/", hostLine+"A: b\r\n c\r\n"), 400},
		{"RFC 9112 5.2", "obs-fold with a tab", get("/", hostLine+"A: b\r\n\tc\r\n"), 400},

		{"RFC 9110 10.1.1", "another expectation", get("/", hostLine+"Expect: 200-ok\r\n"), 417},
		{"RFC 9110 10.1.1", "another expectation in HTTP/1.0", "GET / HTTP/1.0\r\nExpect: 200-ok\r\n\r\n", 0},
		{"practice", "64 options", get("/", hostLine+"Connection: "+strings.Repeat("a,", 64)+"\r\n"), 0},
		{"practice", "65 options", get("/", hostLine+"Connection: "+strings.Repeat("a,", 65)+"\r\n"), 400},
	} {
		t.Run(c.section+"/"+c.name, func(t *testing.T) {
			if _, status := parseRequest(t, c.head); status != c.status {
				t.Errorf("%q: status %d, want %d", c.head, status, c.status)
			}
		})
	}
}

func TestAuthority(t *testing.T) {
	valid := []string{
		"example.com", "EXAMPLE.com.", "a", "a_b.example", "127.0.0.1", "example.com:", "example.com:0", "example.com:65535",
		"[::]", "[::1]:80", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1::8]", "[::ffff:127.0.0.1]",
		"[1:2:3:4:5:6:1.2.3.4]", strings.Repeat("a", 255),
	}
	invalid := []string{
		"", ":80", "example.com:65536", "example.com:000080", "example.com:80a", "example.com:-1", "a:1:2", "user@example.com",
		"a b", "a,b", "a/b", "a\\b", "a?b", "ex%61mple.com", "a\xffb", "::1", "[::1", "[]", "[:]", "[:::]", "[1::2::3]", "[1:2:3]", "[1:2:3:4:5:6:7:8:9]",
		"[1:2:3:4:5:6:7:8::]", "[12345::]", "[::1%25eth0]", "[fe80::1%eth0]", "[v1.x]", "[::1]80", "[::1]:a", "[::1.2.3]", "[::1.2.3.256]", "[::01.2.3.4]",
		"[1.2.3.4]", "[1:2:3:4:5:6:7:1.2.3.4]", "[::1.2.3.4:5]", "[1:]", "[:1]", "[g::]", strings.Repeat("a", 256),
	}
	for _, s := range valid {
		if !validAuthority([]byte(s)) {
			t.Errorf("%q is refused", s)
		}
		if r, status := parseRequest(t, get("/", "Host: "+s+"\r\n")); status != 0 || string(r.Host) != s {
			t.Errorf("Host: %s: status %d, host %q", s, status, r.Host)
		}
	}
	for _, s := range invalid {
		if validAuthority([]byte(s)) {
			t.Errorf("%q is taken", s)
		}
		if _, status := parseRequest(t, get("/", "Host: "+s+"\r\n")); status != 400 {
			t.Errorf("Host: %s: status %d, want 400", s, status)
		}
	}
}

func TestRequestTarget(t *testing.T) {
	for _, c := range []struct {
		line                      string
		form                      TargetForm
		scheme, host, path, query string
	}{
		{"GET / HTTP/1.1", OriginForm, "", "example.com", "/", ""},
		{"GET /a?b=c HTTP/1.1", OriginForm, "", "example.com", "/a", "b=c"},
		{"GET //evil.example/a HTTP/1.1", OriginForm, "", "example.com", "//evil.example/a", ""},
		{"GET http://other.example:81/a?b HTTP/1.1", AbsoluteForm, "http", "other.example:81", "/a", "b"},
		{"GET HTTPS://other.example HTTP/1.1", AbsoluteForm, "HTTPS", "other.example", "/", ""},
		{"GET http://other.example?b/c HTTP/1.1", AbsoluteForm, "http", "other.example", "/", "b/c"},
		{"OPTIONS * HTTP/1.1", AsteriskForm, "", "example.com", "*", ""},
		{"CONNECT other.example:443 HTTP/1.1", AuthorityForm, "", "other.example:443", "", ""},
	} {
		t.Run(c.line, func(t *testing.T) {
			r, status := parseRequest(t, "\r\n"+c.line+"\r\n"+hostLine+"\r\n")
			if status != 0 {
				t.Fatal("status", status)
			}
			if r.Form != c.form || string(r.Scheme) != c.scheme || string(r.Host) != c.host || string(r.Path) != c.path || string(r.RawQuery) != c.query {
				t.Errorf("form %d, scheme %q, host %q, path %q, query %q", r.Form, r.Scheme, r.Host, r.Path, r.RawQuery)
			}
			head := r.Head()
			if line := string(head[r.LineStart:r.LineEnd]); line != c.line+"\r\n" {
				t.Errorf("line %q", line)
			}
			if target := string(head[r.TargetStart:r.TargetEnd]); target != string(r.Target) || !strings.Contains(c.line, " "+target+" ") {
				t.Errorf("target %q", target)
			}
			if head[r.LineEnd-3] != '1' {
				t.Errorf("LineEnd %d", r.LineEnd)
			}
		})
	}
}

func TestRequestReuse(t *testing.T) {
	var r Request
	first := []byte("POST http://a.example/?q HTTP/1.1\r\nHost: a.example\r\nX_Real_IP: 1\r\nConnection: X\r\nX: 1\r\n" +
		"Expect: 100-continue\r\nTE: trailers\r\nContent-Length: 3\r\n\r\nabc")
	n, err := r.Parse(first, DefaultLimits)
	if err != nil || n != len(first)-3 || r.ContentLength != 3 || !r.Expect100 || !r.Trailers {
		t.Fatal(n, err)
	}
	r.Reset()
	second := "GET / HTTP/1.0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n"
	if n, err = r.Parse([]byte(second), DefaultLimits); n != len(second) || err != nil {
		t.Fatal(n, err)
	}
	var fresh Request
	if _, err := fresh.Parse([]byte(second), DefaultLimits); err != nil || !sameRequest(&r, &fresh) {
		t.Errorf("%+v differs from %+v", r, fresh)
	}
}
