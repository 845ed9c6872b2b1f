package http2

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"spillway/internal/loop"
)

// requestTexts say which text a head becomes. A body follows where there is one.
var requestTexts = []struct {
	name, fields string
	body         []string // DATA frames; none: END_STREAM is in HEADERS
	trailer      string
	text         string
}{
	{name: "plain", fields: get + "user-agent: x\naccept: */*",
		text: "GET / HTTP/1.1\r\nhost: example.com\r\nuser-agent: x\r\naccept: */*\r\n\r\n"},
	{name: "nothing but pseudo-fields", fields: get, text: "GET / HTTP/1.1\r\nhost: example.com\r\n\r\n"},
	{name: "crumbs of cookies", fields: get + "cookie: a=1\nx: y\ncookie: b=2\ncookie: c=3; d=4",
		text: "GET / HTTP/1.1\r\nhost: example.com\r\nx: y\r\ncookie: a=1; b=2; c=3; d=4\r\n\r\n"},
	{name: "host as the authority", fields: get + "host: EXAMPLE.com", text: "GET / HTTP/1.1\r\nhost: example.com\r\n\r\n"},
	{name: "host alone", fields: ":method: GET\n:scheme: http\n:path: /\nhost: example.com", text: "GET / HTTP/1.1\r\nhost: example.com\r\n\r\n"},
	{name: "neither", fields: ":method: GET\n:scheme: http\n:path: /", text: "GET / HTTP/1.1\r\n\r\n"},
	{name: "te", fields: get + "te: trailers", text: "GET / HTTP/1.1\r\nhost: example.com\r\nte: trailers\r\n\r\n"},
	{name: "asterisk", fields: ":method: OPTIONS\n:scheme: http\n:path: *\n:authority: a", text: "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n"},
	{name: "CONNECT", fields: ":method: CONNECT\n:authority: a:443", text: "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n"},
	{name: "CONNECT for another protocol", fields: ":method: CONNECT\n:protocol: connect-udp\n:scheme: https\n:path: /\n:authority: a:443",
		text: "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n"},
	{name: "length", fields: post + "content-length: 5", body: []string{"he", "llo"},
		text: "POST / HTTP/1.1\r\nhost: example.com\r\ncontent-length: 5\r\n\r\nhello"},
	{name: "length twice", fields: post + "content-length: 5\ncontent-length: 5", body: []string{"hello"},
		text: "POST / HTTP/1.1\r\nhost: example.com\r\ncontent-length: 5\r\n\r\nhello"},
	{name: "length nought", fields: post + "content-length: 0", text: "POST / HTTP/1.1\r\nhost: example.com\r\ncontent-length: 0\r\n\r\n"},
	{name: "no length", fields: post, body: []string{"hello"},
		text: "POST / HTTP/1.1\r\nhost: example.com\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
	{name: "no length and nothing", fields: post, body: []string{""},
		text: "POST / HTTP/1.1\r\nhost: example.com\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"},
	{name: "trailer", fields: post, body: []string{"hello"}, trailer: "x-sum: 1\nx-more: 2",
		text: "POST / HTTP/1.1\r\nhost: example.com\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\nx-more: 2\r\n\r\n"},
	{name: "trailer announced with a length", fields: post + "trailer: x-sum\ncontent-length: 5", body: []string{"hello"}, trailer: "x-sum: 1",
		text: "POST / HTTP/1.1\r\nhost: example.com\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"},
	{name: "trailer that has no place", fields: post + "content-length: 5", body: []string{"hello"}, trailer: "x-sum: 1",
		text: "POST / HTTP/1.1\r\nhost: example.com\r\ncontent-length: 5\r\n\r\nhello"},
	{name: "expectation", fields: post + "expect: 100-continue\ncontent-length: 1", body: []string{"x"},
		text: "POST / HTTP/1.1\r\nhost: example.com\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx"},
}

// TestRequestText reads each request whole and in small pieces.
func TestRequestText(t *testing.T) {
	for _, c := range requestTexts {
		for _, room := range []int{1, 3, 16 << 10} {
			t.Run(c.name, func(t *testing.T) {
				got := make(chan string, 1)
				s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
					text := ""
					p := make([]byte, room)
					for {
						n, err := s.Read(task, p)
						text += string(p[:n])
						if err != nil {
							got <- text + err.Error()
							return
						}
					}
				})
				s.headers(1, c.body == nil, c.fields)
				for i, data := range c.body {
					s.ok(s.WriteDataPadded(1, i == len(c.body)-1 && c.trailer == "", []byte(data), make([]byte, 3*i)))
				}
				if c.trailer != "" {
					s.headers(1, true, c.trailer)
				}
				// The frames of a body may be read one by one: chunks differ then.
				if text := joinChunks(<-got); text != c.text+"EOF" {
					t.Errorf("got  %q\nwant %q", text, c.text+"EOF")
				}
			})
		}
	}
}

// joinChunks makes one chunk of "hello", in whatever chunks it came.
func joinChunks(text string) string {
	return strings.NewReplacer("2\r\nhe\r\n3\r\nllo\r\n", "5\r\nhello\r\n").Replace(text)
}

// malformed requests are stream errors, and no handler sees them.
var malformed = map[string]string{
	"upper case":                 get + "Name: x",
	"empty name":                 ":method: GET\n:scheme: http\n:path: /\n:authority: a\n\x01: x",
	"space in a name":            get + "a b: x",
	"control in a name":          get + "a\x7f: x",
	"NUL in a value":             get + `a: x\0y`,
	"CR in a value":              get + `a: x\ry`,
	"LF in a value":              get + `a: x\ny`,
	"space in front of a value":  get + `a: \sx`,
	"space behind a value":       get + `a: x\s`,
	"connection":                 get + "connection: close",
	"keep-alive":                 get + "keep-alive: 1",
	"proxy-connection":           get + "proxy-connection: close",
	"transfer-encoding":          get + "transfer-encoding: chunked",
	"upgrade":                    get + "upgrade: websocket",
	"te":                         get + "te: gzip",
	"no method":                  ":scheme: http\n:path: /\n:authority: a",
	"no scheme":                  ":method: GET\n:path: /\n:authority: a",
	"no path":                    ":method: GET\n:scheme: http\n:authority: a",
	"empty path":                 ":method: GET\n:scheme: http\n:authority: a\n:path: ",
	"path of another form":       ":method: GET\n:scheme: http\n:authority: a\n:path: http://b/",
	"asterisk with GET":          ":method: GET\n:scheme: http\n:authority: a\n:path: *",
	"space in the path":          ":method: GET\n:scheme: http\n:authority: a\n:path: / HTTP/1.1",
	"line end in the path":       ":method: GET\n:scheme: http\n:authority: a\n" + `:path: /\r\nx:y`,
	"line end in the authority":  ":method: GET\n:scheme: http\n:path: /\n" + `:authority: a\r\nx:y`,
	"space in the method":        ":method: GET /\n:scheme: http\n:path: /\n:authority: a",
	"other scheme":               ":method: GET\n:scheme: ftp\n:path: /\n:authority: a",
	"two methods":                ":method: GET\n" + get,
	"two paths":                  get + ":path: /x",
	"two authorities":            get + ":authority: b",
	"pseudo behind others":       ":method: GET\n:scheme: http\nx: y\n:path: /\n:authority: a",
	"unknown pseudo":             get + ":what: x",
	"status":                     get + ":status: 200",
	"protocol without CONNECT":   get + ":protocol: websocket",
	"CONNECT without authority":  ":method: CONNECT",
	"host unlike the authority":  get + "host: b",
	"two hosts":                  ":method: GET\n:scheme: http\n:path: /\nhost: a\nhost: a",
	"differing lengths":          post + "content-length: 1\ncontent-length: 2",
	"length that is no number":   post + "content-length: +1",
	"length without a body":      post + "content-length: 1",
	"empty length":               post + "content-length: ",
	"length of a WebSocket":      ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /\n:authority: a\ncontent-length: 0",
	"WebSocket without a path":   ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:authority: a",
	"WebSocket without a scheme": ":method: CONNECT\n:protocol: websocket\n:path: /\n:authority: a",
}

func TestMalformedRequests(t *testing.T) {
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		text, _ := readAll(task, s)
		if !strings.HasPrefix(text, "GET /good ") {
			t.Errorf("the handler saw %q", text)
		}
		_, _ = s.Write(task, []byte("HTTP/1.1 204 \r\n\r\n"))
	})
	id := uint32(1)
	for name, fields := range malformed {
		s.headers(id, true, fields)
		if got := s.next(); !strings.HasPrefix(got, "RST_STREAM") || !strings.HasSuffix(got, "PROTOCOL_ERROR") {
			t.Errorf("%s: %s", name, got)
		}
		// The tables of both sides still agree.
		s.headers(id+2, true, ":method: GET\n:scheme: http\n:path: /good\n:authority: a")
		if got := s.next(); !strings.HasSuffix(got, "END_STREAM :status=204") {
			t.Errorf("%s: then %s", name, got)
		}
		id += 4
	}
	onLoop(t, s.loop, func() {
		if got := s.worker.Stats().Malformed; got != uint64(len(malformed)) {
			t.Errorf("%d were counted, want %d", got, len(malformed))
		}
	})
}

func TestBodyThatDisagreesWithItsLength(t *testing.T) {
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		if _, err := readAll(task, s); !errors.Is(err, ErrReset) {
			t.Errorf("read: %v", err)
		}
	})
	for i, c := range []struct {
		data, trailer string
	}{{data: "toolong"}, {data: "few"}, {data: "few", trailer: "x: y"}} {
		id := uint32(1 + 2*i)
		s.headers(id, false, post+"content-length: 5")
		s.ok(s.WriteData(id, c.trailer == "", []byte(c.data)))
		if c.trailer != "" {
			s.headers(id, true, c.trailer)
		}
		s.expect(fmt.Sprintf("RST_STREAM %d PROTOCOL_ERROR", id))
	}
}

func TestHeadAboveTheLimit(t *testing.T) {
	s := serveWith(t, ServerOptions{Settings: Settings{MaxHeaderList: 8 << 10}}, echo)
	large := strings.Repeat("x", 1000)
	s.headers(1, true, get+strings.Repeat("a: "+large+"\n", 10))
	s.expect("HEADERS 1 END_STREAM :status=431 content-length=0")
	s.headers(3, false, get+strings.Repeat("b: "+large+"\n", 10))
	s.expect("HEADERS 3 END_STREAM :status=431 content-length=0", "RST_STREAM 3 NO_ERROR")
	s.headers(5, true, ":method: HEAD\n:scheme: https\n:authority: example.com\n:path: /\na: "+large)
	if got := s.next(); !strings.HasPrefix(got, "HEADERS 5 END_STREAM :status=200") {
		t.Errorf("then %s", got)
	}
}

func TestHeadInManyFrames(t *testing.T) {
	s := serveWith(t, ServerOptions{}, echo)
	block := s.fields(get + "x: " + strings.Repeat("y", 200))
	s.ok(s.WriteRawFrame(1, 0x1|0x20|0x8, 1, append([]byte{2, 0, 0, 0, 0, 9}, append(block[:10:10], 0, 0)...)))
	s.ok(s.WriteContinuation(1, false, block[10:20]))
	s.ok(s.WriteContinuation(1, false, nil))
	s.ok(s.WriteContinuation(1, true, block[20:]))
	if got := s.next(); !strings.HasPrefix(got, "HEADERS 1 :status=200") {
		t.Error(got)
	}
	if got := s.next(); !strings.HasPrefix(got, "DATA 1 END_STREAM") {
		t.Error(got)
	}
}
