package wire

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

func reader(s string) *bufio.Reader { return bufio.NewReader(strings.NewReader(s)) }

func TestRequestsThatStand(t *testing.T) {
	for _, c := range []struct{ raw, method, target, body string }{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", ""},
		{"GET /\xff HTTP/1.0\r\nX: caf\xe9\r\nY:\r\n\r\n", "GET", "/\xff", ""},
		{"M-X * HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "M-X", "*", "abc"},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n", "POST", "/", "abc"},
	} {
		br := reader(c.raw)
		r, err := ReadRequestHead(br)
		if err == nil {
			err = r.ReadBody(br)
		}
		if err != nil || r.Method != c.method || r.Target != c.target || string(r.Body) != c.body {
			t.Errorf("%q: %+v, %v", c.raw, r, err)
		}
		if _, err := ReadRequestHead(br); err != io.EOF {
			t.Errorf("%q: %v after it, want EOF", c.raw, err)
		}
	}
}

func TestRequestsThatAreMalformed(t *testing.T) {
	for _, raw := range []string{
		"GET  / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1 \r\n\r\n",
		"GET / HTTP/2.0\r\n\r\n",
		"G\x01T / HTTP/1.1\r\n\r\n",
		"GET /\x7f HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\n\r\n",
		"GET / HTTP/1.1\r\nA: b\n\r\n",
		"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\x00\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
		"GET / HTTP/1.1\r\nA : b\r\n\r\n",
		"GET / HTTP/1.1\r\n: b\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
		"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na",
		"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n 2\r\nab\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\nab\r\n0\r\n\r\n",
	} {
		br := reader(raw)
		r, err := ReadRequestHead(br)
		if err == nil {
			err = r.ReadBody(br)
		}
		if !IsSyntax(err) {
			t.Errorf("%q: %v, want a syntax error", raw, err)
		}
	}
}

func TestResponses(t *testing.T) {
	for _, c := range []struct {
		raw, method string
		status      int
		body        string
		err         error
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "GET", 200, "ab", nil},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HEAD", 200, "", nil},
		{"HTTP/1.1 200 \r\n\r\nab", "GET", 200, "ab", nil},
		{"HTTP/1.1 304 NM\r\nContent-Length: 2\r\n\r\n", "GET", 304, "", nil},
		{"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 204 N\r\n\r\n", "GET", 204, "", nil},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "GET", 200, "ab", io.ErrUnexpectedEOF},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "GET", 200, "ab", io.ErrUnexpectedEOF},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", "GET", 200, "ab", io.ErrUnexpectedEOF},
		{"HTTP/1.1 200 OK\r\nA: b", "GET", 0, "", io.ErrUnexpectedEOF},
		{"HTTP/1.1 100 C\r\n\r\n", "GET", 0, "", io.ErrUnexpectedEOF},
		{"", "GET", 0, "", io.EOF},
	} {
		r, err := ReadResponse(reader(c.raw), c.method)
		if err != c.err || r.Status != c.status || string(r.Body) != c.body {
			t.Errorf("%q: status %d, body %q, %v", c.raw, r.Status, r.Body, err)
		}
	}
	for _, raw := range []string{
		"HTTP/1.1 200\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n",
		"junk\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		if _, err := ReadResponse(reader(raw), "GET"); !IsSyntax(err) {
			t.Errorf("%q: %v, want a syntax error", raw, err)
		}
	}
}
