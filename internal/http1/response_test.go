package http1

import (
	"errors"
	"testing"
)

func TestStatusLine(t *testing.T) {
	for _, c := range []struct {
		section, line string
		status        int // 0: refused
		reason        string
	}{
		{"RFC 9112 4", "HTTP/1.1 200 OK\r\n", 200, "OK"},
		{"RFC 9112 4", "HTTP/1.0 404 Not Found\r\n", 404, "Not Found"},
		{"RFC 9112 4, no reason", "HTTP/1.1 200 \r\n", 200, ""},
		{"practice, no space either", "HTTP/1.1 200\r\n", 200, ""},
		{"RFC 9112 4", "HTTP/1.1 200 \xe9\t ok\r\n", 200, "\xe9\t ok"},
		{"RFC 9110 2.5", "HTTP/1.2 200 OK\r\n", 200, "OK"},
		{"RFC 9110 15", "HTTP/1.1 599 ?\r\n", 599, "?"},
		{"RFC 9110 15", "HTTP/1.1 600 ?\r\n", 0, ""},
		{"RFC 9110 15", "HTTP/1.1 099 ?\r\n", 0, ""},
		{"RFC 9112 4", "HTTP/1.1 20 OK\r\n", 0, ""},
		{"RFC 9112 4", "HTTP/1.1 2000 OK\r\n", 0, ""},
		{"RFC 9112 4", "HTTP/1.1  200 OK\r\n", 0, ""},
		{"RFC 9112 4", "HTTP/1.1\t200 OK\r\n", 0, ""},
		{"RFC 9112 4", "HTTP/1.1 200\tOK\r\n", 0, ""},
		{"RFC 9112 2.3", "HTTP/2.0 200 OK\r\n", 0, ""},
		{"RFC 9112 2.3", "HTTP/2 200 OK\r\n", 0, ""},
		{"RFC 9112 2.3", "http/1.1 200 OK\r\n", 0, ""},
		{"RFC 9112 2.2, for requests only", "\r\nHTTP/1.1 200 OK\r\n", 0, ""},
		{"RFC 9112 2.2", "HTTP/1.1 200 OK\n", 0, ""},
		{"RFC 9112 2.2", "HTTP/1.1 200 O\rK\r\n", 0, ""},
		{"RFC 9112 4", "HTTP/1.1 200 O\x00K\r\n", 0, ""},
		{"another protocol", "SSH-2.0-OpenSSH\r\n", 0, ""},
		{"a request", "GET / HTTP/1.1\r\n", 0, ""},
	} {
		t.Run(c.section+"/"+c.line, func(t *testing.T) {
			r, err := parseResponse(c.line+"\r\n", "GET")
			if r.Status != c.status && err == nil || (err != nil) != (c.status == 0) || err == nil && string(r.Reason) != c.reason {
				t.Errorf("status %d, reason %q, error %v", r.Status, r.Reason, err)
			}
		})
	}
}

// parseResponse parses a head that shall be whole; err is an *Error with 502, or says what else is wrong.
func parseResponse(head, method string) (*Response, error) {
	var r Response
	n, err := r.Parse([]byte(head), []byte(method), DefaultLimits)
	var e *Error
	switch {
	case errors.As(err, &e) && e.Status != 502:
		return &r, errors.New("the status is not 502")
	case err == nil && n != len(head):
		return &r, errCut
	}
	return &r, err
}

func TestResponseFraming(t *testing.T) {
	const length, chunked = "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"
	for _, c := range []struct {
		section, method, line, fields string
		refused                       bool
		framing                       Framing
		length                        int64
		keep                          bool
	}{
		{"RFC 9112 6.3", "GET", "1.1 200", length, false, Length, 5, true},
		{"RFC 9112 6.3", "GET", "1.1 200", "Content-Length: 0\r\n", false, Length, 0, true},
		{"RFC 9112 6.3", "GET", "1.1 200", chunked, false, Chunked, 0, true},
		{"RFC 9112 6.3", "GET", "1.1 200", "", false, UntilClose, 0, false},
		{"RFC 9112 6.3", "GET", "1.1 200", "Connection: keep-alive\r\n", false, UntilClose, 0, false},
		{"RFC 9112 6.3", "GET", "1.1 200", length + chunked, true, 0, 0, false},
		{"RFC 9112 6.3", "GET", "1.1 200", length + length, false, Length, 5, true},
		{"RFC 9112 6.3", "GET", "1.1 200", length + "Content-Length: 6\r\n", true, 0, 0, false},
		{"RFC 9112 6.3", "GET", "1.1 200", "Content-Length: 5, 5\r\n", true, 0, 0, false},
		{"RFC 9112 6.1", "GET", "1.1 200", "Transfer-Encoding: gzip\r\n", true, 0, 0, false},
		{"RFC 9112 6.1", "GET", "1.1 200", "Transfer-Encoding: gzip, chunked\r\n", true, 0, 0, false},
		{"RFC 9112 6.1", "GET", "1.0 200", chunked, true, 0, 0, false},
		{"RFC 9112 6.3, HEAD", "HEAD", "1.1 200", length, false, NoBody, 5, true},
		{"RFC 9112 6.3, HEAD", "HEAD", "1.1 200", chunked, false, NoBody, 0, true},
		{"RFC 9112 6.3, HEAD", "HEAD", "1.1 200", "", false, NoBody, 0, true},
		{"RFC 9112 6.3, HEAD", "HEAD", "1.1 200", length + "Content-Length: 6\r\n", true, 0, 0, false},
		{"RFC 9110 9.1, not HEAD", "head", "1.1 200", length, false, Length, 5, true},
		{"RFC 9112 6.3, 304", "GET", "1.1 304", length, false, NoBody, 5, true},
		{"RFC 9112 6.3, 204", "GET", "1.1 204", "", false, NoBody, 0, true},
		{"RFC 9110 8.6, 204", "GET", "1.1 204", "Content-Length: 0\r\n", false, NoBody, 0, true},
		{"RFC 9110 8.6, 204", "GET", "1.1 204", length, false, NoBody, 5, false},
		{"RFC 9112 6.1, 204", "GET", "1.1 204", chunked, false, NoBody, 0, false},
		{"RFC 9112 6.3, 1xx", "GET", "1.1 103", "", false, NoBody, 0, true},
		{"RFC 9110 8.6, 1xx", "GET", "1.1 100", length, false, NoBody, 5, false},
		{"RFC 9110 15.2.2", "GET", "1.1 101", "Connection: upgrade\r\nUpgrade: a\r\n", false, NoBody, 0, false},
		{"RFC 9112 6.3, CONNECT", "CONNECT", "1.1 200", length, false, NoBody, 5, false},
		{"RFC 9112 6.3, CONNECT", "CONNECT", "1.1 407", length, false, Length, 5, true},
		{"RFC 9112 9.3", "GET", "1.1 200", length + "Connection: a, Close\r\n", false, Length, 5, false},
		{"RFC 9112 9.3", "GET", "1.0 200", length, false, Length, 5, false},
		{"RFC 9112 9.3", "GET", "1.0 200", length + "Connection: keep-alive\r\n", false, Length, 5, true},
		{"RFC 2068 19.7.1.1", "GET", "1.1 200", length + "Keep-Alive: timeout=0\r\n", false, Length, 5, false},
		{"what is odd is not kept", "GET", "1.1 200", length + "Connection: a b\r\n", false, Length, 5, false},
	} {
		t.Run(c.section+"/"+c.line+" "+c.fields, func(t *testing.T) {
			r, err := parseResponse("HTTP/"+c.line+" ?\r\n"+c.fields+"\r\n", c.method)
			var e *Error
			if errors.As(err, &e) != c.refused {
				t.Fatal(err)
			}
			if err == nil && (r.Framing != c.framing || r.ContentLength != c.length || r.KeepAlive != c.keep) {
				t.Errorf("framing %d, length %d, keep %v", r.Framing, r.ContentLength, r.KeepAlive)
			}
		})
	}
}

func TestResponseFields(t *testing.T) {
	for _, c := range []struct {
		section, fields string
		timeout         int
		upgrade         string
	}{
		{"RFC 2068 19.7.1.1", "Keep-Alive: timeout=5, max=100\r\n", 5, ""},
		{"RFC 2068 19.7.1.1", "Keep-Alive: max=100, Timeout = 7\r\n", 7, ""},
		{"RFC 2068 19.7.1.1", "Keep-Alive: timeout=99999999999\r\n", 86400, ""},
		{"RFC 2068 19.7.1.1", "Keep-Alive: timeout=-1\r\n", 0, ""},
		{"RFC 2068 19.7.1.1", "Keep-Alive: 300\r\n", 0, ""},
		{"RFC 9110 7.8", "Upgrade: foo/2\r\nConnection: upgrade\r\n", 0, "foo/2"},
		{"RFC 9110 7.8, no option", "Upgrade: foo/2\r\n", 0, ""},
		{"RFC 9110 7.8, no protocol", "Upgrade: foo/\r\nConnection: upgrade\r\n", 0, ""},
	} {
		t.Run(c.section+"/"+c.fields, func(t *testing.T) {
			r, err := parseResponse("HTTP/1.1 200 OK\r\n"+c.fields+"\r\n", "GET")
			if err != nil || r.KeepAliveTimeout != c.timeout || string(r.Upgrade) != c.upgrade {
				t.Errorf("%v, timeout %d, upgrade %q", err, r.KeepAliveTimeout, r.Upgrade)
			}
		})
	}
}

func TestStatusText(t *testing.T) {
	if got := StatusText(404); got != "Not Found" {
		t.Error(got)
	}
	if got := StatusText(299); got != "" {
		t.Error(got)
	}
}
