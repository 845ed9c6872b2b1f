package http1

import "testing"

func TestRequestFraming(t *testing.T) {
	for _, c := range []struct {
		section, fields string
		status          int
		framing         Framing
		length          int64
	}{
		{"RFC 9112 6.3", "", 0, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 5\r\n", 0, Length, 5},
		{"RFC 9110 8.6", "Content-Length: 0\r\n", 0, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 0005\r\n", 0, Length, 5},
		{"RFC 9110 8.6", "Content-Length: 9223372036854775807\r\n", 0, Length, 1<<63 - 1},
		{"RFC 9110 8.6", "Content-Length: 9223372036854775808\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 92233720368547758070\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 18446744073709551621\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 000000000000000000000000000000005\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length:\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: +5\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: -5\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 5 5\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 0x5\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6", "Content-Length: 5.\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6, a list", "Content-Length: 5, 5\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6, a list", "Content-Length: 5,\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6, repeated", "Content-Length: 5\r\nContent-Length: 5\r\n", 0, Length, 5},
		{"RFC 9110 8.6, differing", "Content-Length: 5\r\nContent-Length: 6\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6, differing", "Content-Length: 5\r\nContent-Length: 05\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6, differing", "Content-Length: 0\r\nContent-Length: 5\r\n", 400, NoBody, 0},
		{"RFC 9110 8.6, differing", "Content-Length: 5\r\nContent-Length:\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1", "Transfer-Encoding: chunked\r\n", 0, Chunked, 0},
		{"RFC 9112 7", "Transfer-Encoding: \tCHUNKed \r\n", 0, Chunked, 0},
		{"RFC 9112 6.3", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400, NoBody, 0},
		{"RFC 9112 6.3", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1", "Transfer-Encoding: gzip, chunked\r\n", 501, NoBody, 0},
		{"RFC 9112 6.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501, NoBody, 0},
		{"RFC 9112 6.1, not final", "Transfer-Encoding: gzip\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, not final", "Transfer-Encoding: chunked, gzip\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, twice", "Transfer-Encoding: chunked, chunked\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400, NoBody, 0},
		{"RFC 9112 7", "Transfer-Encoding: chunked;a=b\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, empty", "Transfer-Encoding:\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, empty", "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, empty", "Transfer-Encoding:\r\nContent-Length: 5\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, empty element", "Transfer-Encoding: ,chunked\r\n", 400, NoBody, 0},
		{"RFC 9112 6.1, empty element", "Transfer-Encoding: chunked,\r\n", 400, NoBody, 0},
		{"RFC 9110 7.6.1", "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", 0, Chunked, 0},
		{"RFC 9110 7.6.1", "Connection: Content-Length\r\nContent-Length: 5\r\n", 0, Length, 5},
		{"look-alike", "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", 0, Length, 5},
	} {
		t.Run(c.section+"/"+c.fields, func(t *testing.T) {
			r, status := parseRequest(t, "POST / HTTP/1.1\r\n"+hostLine+c.fields+"\r\n")
			if status != c.status || status == 0 && (r.Framing != c.framing || r.ContentLength != c.length) {
				t.Errorf("status %d, framing %d, length %d", status, r.Framing, r.ContentLength)
			}
		})
	}
	if _, status := parseRequest(t, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"); status != 400 {
		t.Errorf("RFC 9112 6.1, HTTP/1.0: status %d", status)
	}
}

func TestRequestConnection(t *testing.T) {
	for _, c := range []struct {
		section, version, fields string
		keep, expect, trailers   bool
		upgrade                  string
	}{
		{"RFC 9112 9.3", "1.1", "", true, false, false, ""},
		{"RFC 9112 9.3", "1.1", "Connection: close\r\n", false, false, false, ""},
		{"RFC 9112 9.3", "1.1", "Connection: keep-alive, CLOSE\r\n", false, false, false, ""},
		{"RFC 9112 9.3", "1.1", "Connection: keep-alive\r\nConnection: close\r\n", false, false, false, ""},
		{"RFC 9112 9.3", "1.0", "", false, false, false, ""},
		{"RFC 9112 9.3", "1.0", "Connection: Keep-Alive\r\n", true, false, false, ""},
		{"RFC 9112 9.3", "1.0", "Connection: keep-alive, close\r\n", false, false, false, ""},
		{"what is odd is not kept", "1.1", "Connection: @@;;,=\r\n", false, false, false, ""},
		{"what is odd is not kept", "1.1", "Connection: \"a,close\"\r\n", false, false, false, ""},
		{"RFC 9110 10.1.1", "1.1", "Expect: 100-Continue\r\nContent-Length: 5\r\n", true, true, false, ""},
		{"RFC 9110 10.1.1", "1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", true, true, false, ""},
		{"RFC 9110 10.1.1", "1.1", "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", true, true, false, ""},
		{"RFC 9110 10.1.1, no content", "1.1", "Expect: 100-continue\r\nContent-Length: 0\r\n", true, false, false, ""},
		{"RFC 9110 10.1.1, no content", "1.1", "Expect: 100-continue\r\n", true, false, false, ""},
		{"RFC 9110 10.1.1", "1.0", "Expect: 100-continue\r\nContent-Length: 5\r\n", false, false, false, ""},
		{"RFC 9110 10.1.4", "1.1", "TE: trailers\r\n", true, false, true, ""},
		{"RFC 9110 10.1.4", "1.1", "TE: gzip;q=0.5, Trailers\r\n", true, false, true, ""},
		{"RFC 9110 10.1.4", "1.1", "TE: gzip\r\n", true, false, false, ""},
		{"RFC 9110 7.8", "1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true, false, false, "websocket"},
		{"RFC 9110 7.8", "1.1", "Upgrade: foo/1, bar\r\nConnection: upgrade\r\n", true, false, false, "foo/1, bar"},
		{"RFC 9110 7.8, no option", "1.1", "Upgrade: websocket\r\n", true, false, false, ""},
		{"RFC 9110 7.8, HTTP/1.0", "1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n", false, false, false, ""},
		{"RFC 9110 7.8, no protocol", "1.1", "Connection: upgrade\r\nUpgrade: web socket\r\n", true, false, false, ""},
		{"RFC 9110 7.8, no protocol", "1.1", "Connection: upgrade\r\nUpgrade: websoc\xe2\x84\xaaet\r\n", true, false, false, ""},
		{"RFC 9110 7.8, no protocol", "1.1", "Connection: upgrade\r\nUpgrade:\r\n", true, false, false, ""},
		{"several fields", "1.1", "Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n", true, false, false, ""},
		{"with a body", "1.1", "Connection: upgrade\r\nUpgrade: foo\r\nContent-Length: 5\r\n", true, false, false, ""},
		{"RFC 9113 3.1", "1.1", "Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\n", true, false, false, ""},
		{"RFC 9113 3.1", "1.1", "Connection: upgrade\r\nUpgrade: websocket, H2C\r\n", true, false, false, ""},
		{"RFC 2817 3", "1.1", "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n", true, false, false, ""},
		{"another HTTP", "1.1", "Connection: upgrade\r\nUpgrade: HTTP/2.0\r\n", true, false, false, ""},
	} {
		t.Run(c.section+"/"+c.fields, func(t *testing.T) {
			r, status := parseRequest(t, "GET / HTTP/"+c.version+"\r\n"+hostLine+c.fields+"\r\n")
			if status != 0 {
				t.Fatal("status", status)
			}
			if r.KeepAlive != c.keep || r.Expect100 != c.expect || r.Trailers != c.trailers || string(r.Upgrade) != c.upgrade {
				t.Errorf("keep %v, expect %v, trailers %v, upgrade %q", r.KeepAlive, r.Expect100, r.Trailers, r.Upgrade)
			}
		})
	}
	r, _ := parseRequest(t, "OPTIONS / HTTP/1.1\r\n"+hostLine+"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	if r.Upgrade != nil {
		t.Error("RFC 6455 4.1: a WebSocket begins with GET")
	}
}
