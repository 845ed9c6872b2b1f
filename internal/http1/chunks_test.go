package http1

import (
	"errors"
	"strings"
	"testing"
)

func TestChunkGrammar(t *testing.T) {
	for _, c := range []struct {
		section, wire string
		body          string
		refused       bool
	}{
		{"RFC 9112 7.1", "5\r\nhello\r\n0\r\n\r\n", "hello", false},
		{"RFC 9112 7.1", "0\r\n\r\n", "", false},
		{"RFC 9112 7.1", "000\r\n\r\n", "", false},
		{"RFC 9112 7.1", "00A\r\n0123456789\r\n0\r\n\r\n", "0123456789", false},
		{"RFC 9112 7.1", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", false},
		{"RFC 9112 7.1", "0000000000000005\r\nhello\r\n0\r\n\r\n", "hello", false},
		{"more than 16 digits", "00000000000000005\r\nhello\r\n0\r\n\r\n", "", true},
		{"2^63", "8000000000000000\r\n", "", true},
		{"2^64-1", "ffffffffffffffff\r\n", "", true},
		{"2^64+5", "10000000000000005\r\n", "", true},
		{"RFC 9112 7.1", "\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", " 5\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5 \r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "+5\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "-5\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "0x5\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5g\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5\x00\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5\r\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5\rhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5\r\nhello\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5\r\nhello0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "4\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1", "5\r\nhello\rX0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1", "5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello", false},
		{"RFC 9112 7.1.1", "5;a=\"b;\\\"\\\\\xff c\";d\r\nhello\r\n0\r\n\r\n", "hello", false},
		{"RFC 9112 7.1.1, BWS", "5 \t; a \t=\t b ; c = \"\" ;d ; e\r\nhello\r\n0\r\n\r\n", "hello", false},
		{"RFC 9112 7.1.1, empty", "5;\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, empty", "5;;a\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, no value", "5;a=\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, no token", "5;a@b\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, no token", "5;a=b@c\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, white space inside", "5;a b\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, white space inside", "5;a=b c\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, white space at the end", "5;a \r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, white space at the end", "5;a=b \r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, behind quotes", "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, open quotes", "5;a=\"\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, CR escaped in quotes", "5;a=\"\\\r\"\r\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, bare LF", "5;a\nhello\r\n0\r\n\r\n", "", true},
		{"RFC 9112 7.1.1, bare CR", "5;a\rb\r\nhello\r\n0\r\n\r\n", "", true},
		{"an extension of 1 KiB", "5;" + strings.Repeat("a", 1023) + "\r\nhello\r\n0\r\n\r\n", "hello", false},
		{"a longer one", "5;" + strings.Repeat("a", 1024) + "\r\nhello\r\n0\r\n\r\n", "", true},
		{"more extensions than payload", strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\nx\r\n", 20) + "0\r\n\r\n", "", true},
		{"RFC 9112 7.1.2", "5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n", "hello", false},
		{"RFC 9112 7.1.2", "5\r\nhello\r\n0\r\nA : b\r\n\r\n", "", true},
		{"RFC 9112 7.1.2", "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n", "", true},
		{"RFC 9112 7.1.2", "5\r\nhello\r\n0\r\n\n", "", true},
		{"RFC 9112 7.1.2", "5\r\nhello\r\n0\r\nX\r\n", "", true},
	} {
		t.Run(c.section+"/"+c.wire[:min(len(c.wire), 20)], func(t *testing.T) {
			for _, piece := range []int{1, 2, 3, 7, len(c.wire)} {
				body, n, err := readChunks([]byte(c.wire), piece)
				var e *Error
				if errors.As(err, &e) != c.refused || !c.refused && (err != nil || string(body) != c.body || n != len(c.wire)) {
					t.Errorf("in pieces of %d: %q, %d, %v", piece, body, n, err)
				}
			}
		})
	}
}

func TestChunkKinds(t *testing.T) {
	type step struct {
		give string
		n    int
		kind ChunkKind
		left int64
	}
	var c Chunks
	for i, s := range []step{
		{"", 0, NeedMore, 0},
		{"1", 1, NeedMore, 1},
		{"2\r\nabc", 3, Line, 18},
		{"", 0, NeedMore, 18},
		{"abc", 3, Data, 15},
		{"0123456789abcdeXX", 15, Data, 0},
		{"\r", 1, NeedMore, 0},
		{"\n2\r\nxy\r\n", 4, Line, 2},
		{"xy\r\n", 2, Data, 0},
		{"\r\n0", 3, NeedMore, 0},
		{"\r\nA: b\r\n\r\n", 2, Last, 0},
		{"A: b\r\n\r\n", 0, Last, 0},
		{"", 0, Last, 0},
	} {
		n, kind, err := c.Next([]byte(s.give))
		if n != s.n || kind != s.kind || err != nil || c.Remaining() != s.left {
			t.Fatalf("step %d, %q: %d, %d, %v, left %d; want %+v", i, s.give, n, kind, err, c.Remaining(), s)
		}
	}
}

func TestChunkSkip(t *testing.T) {
	var c Chunks
	if _, _, err := c.Next([]byte("a\r\n")); err != nil {
		t.Fatal(err)
	}
	c.Skip(4)
	if c.Remaining() != 6 {
		t.Errorf("%d left", c.Remaining())
	}
	c.Skip(0)
	c.Skip(6)
	if n, kind, err := c.Next([]byte("\r\n0\r\n")); n != 5 || kind != Last || err != nil {
		t.Errorf("%d, %d, %v", n, kind, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("skipped what is not there")
		}
	}()
	c.Skip(1)
}

func TestTrailerAllowed(t *testing.T) {
	for name, want := range map[string]bool{
		"X-Checksum": true, "Grpc-Status": true, "Server-Timing": true, "ETag": true, "Content-Digest": true, "Repr-Digest": true, "X_Under_Score": true,
		"Content-Length": false, "Transfer-Encoding": false, "Trailer": false, "TE": false, "Connection": false, "Upgrade": false, "Keep-Alive": false,
		"Host": false, "Forwarded": false, "Via": false, "X-Forwarded-For": false, "X-Forwarded-Anything": false, "X-Real-IP": false, "X-Request-ID": false,
		"X-Client-Cert": false, "X-Client-Cert-Subject": false, "Authorization": false, "Proxy-Authorization": false, "Cookie": false, "Set-Cookie": false,
		"Set-Cookie2": false, "WWW-Authenticate": false, "Expect": false, "Max-Forwards": false, "Range": false, "If-Match": false, "If-Anything": false,
		"Cache-Control": false, "Age": false, "Date": false, "Location": false, "Vary": false, "Content-Type": false, "Content-Encoding": false,
		"Content-Range": false, "Content-MD5": false, "Status": false, "Access-Control-Allow-Origin": false,
		"Content_Length": false, "content_type": false, "X_Forwarded_For": false, "x_client_cert_a": false, "Set_Cookie": false, "If_Match": false, "Content_Digest": false,
	} {
		wire := name + ": a\r\n\r\n"
		n, fields, err := ParseTrailer([]byte(wire+"next"), nil, DefaultLimits)
		if n != len(wire) || len(fields) != 1 || err != nil {
			t.Fatalf("%s: %d, %d fields, %v", name, n, len(fields), err)
		}
		if TrailerAllowed(&fields[0]) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
