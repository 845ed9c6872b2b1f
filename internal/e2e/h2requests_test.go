package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// plain is what every request has that no case changes.
var plain = []string{":method: GET", ":scheme: http", ":authority: example.com", ":path: /x"}

// instead is plain with one field in place of the one of its name, or more.
func instead(fields ...string) (all []string) {
	name := func(field string) string { return field[:1+strings.Index(field[1:], ":")] }
	for _, field := range plain {
		for _, other := range fields {
			if name(other) == name(field) {
				field = other
			}
		}
		all = append(all, field)
	}
	for _, field := range fields {
		if !strings.HasPrefix(field, ":") {
			all = append(all, field)
		}
	}
	return all
}

func TestMalformedHTTP2RequestsNeverReachABackend(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{}.Start(t, backend)
	post := func(fields ...string) []string { return instead(append([]string{":method: POST"}, fields...)...) }
	for what, c := range map[string]struct {
		fields   []string
		data     []string // the last one ends the stream
		trailers []string
	}{
		"content-length and no DATA":        {post("content-length: 5"), nil, nil},
		"content-length above the DATA":     {post("content-length: 5"), []string{"1234"}, nil},
		"content-length below the DATA":     {post("content-length: 5"), []string{"123456"}, nil},
		"content-length below two DATA":     {post("content-length: 5"), []string{"123", "456"}, nil},
		"content-length above, trailers":    {post("content-length: 5"), []string{"1234"}, []string{"x: 1"}},
		"two content-lengths":               {post("content-length: 5", "content-length: 6"), []string{"12345"}, nil},
		"content-length with a sign":        {post("content-length: +5"), []string{"12345"}, nil},
		"content-length as a list":          {post("content-length: 5, 5"), []string{"12345"}, nil},
		"connection":                        {instead("connection: close"), nil, nil},
		"keep-alive":                        {instead("keep-alive: timeout=5"), nil, nil},
		"proxy-connection":                  {instead("proxy-connection: close"), nil, nil},
		"transfer-encoding":                 {post("transfer-encoding: chunked"), []string{"0\r\n\r\n"}, nil},
		"upgrade":                           {instead("upgrade: websocket"), nil, nil},
		"te other than trailers":            {instead("te: gzip"), nil, nil},
		"a name in upper case":              {instead("X-Upper: 1"), nil, nil},
		"a name with a space":               {instead("x y: 1"), nil, nil},
		"a name with a line end":            {instead("x\r\ny: 1"), nil, nil},
		"a name with a colon":               {instead("x:y: 1"), nil, nil},
		"a value with NUL":                  {instead("x: a\x00b"), nil, nil},
		"a value with a line end":           {instead("x: a\r\nhost: evil"), nil, nil},
		"a value with CR":                   {instead("x: a\rb"), nil, nil},
		"a value with a space before":       {instead("x:  a"), nil, nil},
		"a value with a space behind":       {instead("x: a "), nil, nil},
		"a value with a tab behind":         {instead("x: a\t"), nil, nil},
		"host unlike the authority":         {instead("host: evil.example"), nil, nil},
		"two hosts":                         {append([]string{":method: GET", ":scheme: http", ":path: /x"}, "host: a", "host: b"), nil, nil},
		"no path":                           {[]string{":method: GET", ":scheme: http", ":authority: a"}, nil, nil},
		"an empty path":                     {instead(":path: "), nil, nil},
		"a path without a slash":            {instead(":path: x"), nil, nil},
		"an absolute path":                  {instead(":path: http://evil/x"), nil, nil},
		"a path with a space":               {instead(":path: /x y"), nil, nil},
		"a path with a line end":            {instead(":path: /x HTTP/1.1\r\nhost: evil"), nil, nil},
		"a method with a space":             {instead(":method: GET /evil"), nil, nil},
		"an authority with a user":          {instead(":authority: user@example.com"), nil, nil},
		"an authority with a path":          {instead(":authority: example.com/x"), nil, nil},
		"another scheme":                    {instead(":scheme: ftp"), nil, nil},
		"a pseudo-field twice":              {append([]string{":method: GET"}, plain...), nil, nil},
		"a pseudo-field behind others":      {[]string{":method: GET", ":scheme: http", "x: 1", ":path: /x"}, nil, nil},
		"a pseudo-field of answers":         {append([]string{":status: 200"}, plain...), nil, nil},
		"an unknown pseudo-field":           {append([]string{":x: 200"}, plain...), nil, nil},
		":protocol without CONNECT":         {append([]string{":protocol: websocket"}, plain...), nil, nil},
		"a pseudo-field in the trailers":    {post(), []string{"body"}, []string{":path: /evil"}},
		"content-length in the trailers":    {post(), []string{"body"}, []string{"content-length: 4"}},
		"a line end in the trailers":        {post(), []string{"body"}, []string{"x: 1\r\ny: 2"}},
		"transfer-encoding in the trailers": {post(), []string{"body"}, []string{"transfer-encoding: chunked"}},
	} {
		t.Run(what, func(t *testing.T) {
			before := len(backend.Requests())
			client := dialFrames(t, p.Addr("web"))
			client.Headers(1, len(c.data) == 0 && c.trailers == nil, c.fields...)
			for i, data := range c.data {
				client.Data(1, i == len(c.data)-1 && c.trailers == nil, data)
			}
			if c.trailers != nil {
				client.Headers(1, true, c.trailers...)
			}
			s := client.over(1)
			if !s.wasReset() && s.status() != "400" {
				t.Errorf("%s; want a reset or 400", s)
			}
			client.works(3)
			for _, r := range backend.Requests()[before:] {
				if r.Complete && r.Target != "/works" {
					t.Errorf("the backend got %s %s %q", r.Method, r.Target, r.Fields)
				}
			}
		})
	}
}

func TestHTTP2RequestsArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))

	// Padding, a priority, fields of every kind, and a head in several frames.
	block := c.encode(append(instead(":path: /all?q=1", "cookie: a=1", "cookie: b=2", "x-empty: ", "x-tab: a\tb", "te: trailers", "host: example.com", ":method: POST"),
		"content-length: 10"))
	c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:10], PadLength: 255,
		Priority: http2.PriorityParam{StreamDep: 0, Weight: 255}})
	c.framer.WriteContinuation(1, false, block[10:11])
	c.framer.WriteContinuation(1, false, nil)
	c.framer.WriteContinuation(1, true, block[11:])
	c.framer.WriteDataPadded(1, false, []byte("0123"), make([]byte, 255))
	c.framer.WriteDataPadded(1, false, nil, make([]byte, 100))
	c.framer.WriteDataPadded(1, true, []byte("456789"), nil)
	if s := c.over(1); s.status() != "200" || string(s.body) != "a POST /all?q=1" {
		t.Fatalf("%s %q", s, s.body)
	}
	r := backend.Requests()[0]
	if r.Method != "POST" || string(r.Body) != "0123456789" || r.Target != "/all?q=1" {
		t.Errorf("%s %s %q", r.Method, r.Target, r.Body)
	}
	for name, want := range map[string]string{"Host": "example.com", "Cookie": "a=1; b=2", "X-Empty": "", "X-Tab": "a\tb", "X-Forwarded-Proto": "http", "Content-Length": "10"} {
		if got := r.Fields.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}

	// Host stands in for an authority, and may say the same as one.
	c.Headers(3, true, ":method: GET", ":scheme: http", ":path: /host", "host: other.example")
	c.Headers(5, true, instead(":authority: EXAMPLE.com", "host: example.com", ":path: /case")...)
	for _, id := range []uint32{3, 5} {
		if s := c.over(id); s.status() != "200" {
			t.Errorf("stream %d: %s", id, s)
		}
	}
	got := map[string]string{}
	for _, r := range backend.Requests() {
		got[r.Target], _ = r.Fields.Get("Host")
	}
	if got["/host"] != "other.example" || !strings.EqualFold(got["/case"], "example.com") {
		t.Errorf("the hosts are %q", got)
	}

	// The largest padding is not taken from the windows for ever.
	for n := range uint32(40) {
		id := 101 + 2*n
		c.Ask(id, false, "POST", "/padded")
		for range 60 {
			c.framer.WriteDataPadded(id, false, []byte("x"), make([]byte, 255))
		}
		c.Data(id, true, "")
		if s := c.over(id); s.status() != "200" {
			t.Fatalf("padded request %d: %s, GOAWAY %v", n, s, c.goAway)
		}
	}
}

func TestConnectIsNotServed(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	for i, fields := range [][]string{
		{":method: CONNECT", ":authority: example.com:443"},
		{":method: CONNECT", ":authority: example.com:443", ":scheme: http", ":path: /x", ":protocol: connect-udp"},
	} {
		id := 1 + 2*uint32(i)
		c.Headers(id, false, fields...)
		if s := c.over(id); s.status() != "501" {
			t.Errorf("%q: %s, want 501", fields, s)
		}
	}
	for i, fields := range [][]string{
		{":method: CONNECT"},
		{":method: CONNECT", ":authority: example.com:443", ":scheme: http", ":path: /x"},
		{":method: CONNECT", ":authority: example.com", ":protocol: websocket"},
	} {
		id := 11 + 2*uint32(i)
		c.Headers(id, false, fields...)
		if s := c.over(id); !s.wasReset() {
			t.Errorf("%q: %s, want a reset", fields, s)
		}
	}
	c.works(31)
	if n := len(backend.Requests()); n != 1 {
		t.Errorf("the backend got %d requests, want that one", n)
	}
}

func TestLargeHTTP2Heads(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{Listener: "limits: {head: 8KiB, fields: 20}"}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	for i, h := range []struct {
		what   string
		fields []string
		want   string
	}{
		{"within the limit", instead("x: " + strings.Repeat("v", 7000)), "200"},
		{"above the limit", instead("x: " + strings.Repeat("v", 9000)), "431"},
		{"many fields", instead(strings.Split(strings.Repeat("x: 1\n", 29)+"x: 1", "\n")...), "431"},
	} {
		id := 1 + 2*uint32(i)
		c.Headers(id, true, h.fields...)
		if s := c.over(id); s.status() != h.want {
			t.Errorf("%s: %s, want %s", h.what, s, h.want)
		}
	}
	c.works(101)
}

func TestHTTP2WindowsAreKept(t *testing.T) {
	t.Parallel()
	body := pattern(100_000)
	backend := NewBackend(t, "a", Handling(func(x *Exchange) { x.Reply(200, body) }))
	p := Setup{}.Start(t, backend)

	t.Run("they open byte by byte, shrink below zero and grow", func(t *testing.T) {
		window := func(n uint32) http2.Setting { return http2.Setting{ID: http2.SettingInitialWindowSize, Val: n} }
		c := dialFrames(t, p.Addr("web"), window(0))
		c.Ask(1, true, "GET", "/x")
		s := c.stream(1)
		c.until("the head comes without a window", func() bool { return s.status() == "200" })
		allowed := 0
		give := func(n int) {
			t.Helper()
			allowed += n
			c.framer.WriteWindowUpdate(1, uint32(n))
			c.until(fmt.Sprint(allowed, " bytes come"), func() bool { return len(s.body) >= allowed })
		}
		give(1)
		give(2)
		c.framer.WriteSettings(window(1000))
		allowed += 1000
		c.until("the new window is used", func() bool { return len(s.body) >= allowed })
		c.framer.WriteSettings(window(0)) // 1,000 below zero
		c.framer.WriteWindowUpdate(1, 999)
		c.framer.WritePing(false, [8]byte{})
		c.until("the PING is answered", func() bool { return c.pongs == 1 })
		if len(s.body) > allowed {
			t.Fatalf("%d bytes came, %d were allowed", len(s.body), allowed)
		}
		c.framer.WriteWindowUpdate(1, 1)
		give(10)
		c.framer.WriteWindowUpdate(0, 1<<20)
		c.framer.WriteWindowUpdate(1, 1<<20)
		if c.over(1); string(s.body) != body {
			t.Errorf("%d bytes came, or others", len(s.body))
		}
	})
	t.Run("the connection's window stops all streams, and none for ever", func(t *testing.T) {
		c := dialFrames(t, p.Addr("web"), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
		for id := uint32(1); id < 20; id += 2 {
			c.Ask(id, true, "GET", "/x")
		}
		total := func() (n int) {
			for _, s := range c.streams {
				n += len(s.body)
			}
			return n
		}
		c.until("the window is used up", func() bool { return total() == 65535 })
		c.framer.WriteWindowUpdate(0, 1<<24)
		for id := uint32(1); id < 20; id += 2 {
			if s := c.over(id); string(s.body) != body {
				t.Errorf("stream %d: %s", id, s)
			}
		}
	})
}

func TestMuchThatComesWithThePrefaceIsTaken(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{}.Start(t, backend)
	// All sizes around that of a buffer, in one write, so that it may come in one read.
	for _, size := range []int{32000, 32640, 32700, 32768, 33000, 65000} {
		conn, err := dialRaw(p.Addr("web"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		c := newFramePeer(t, conn)
		var opening bytes.Buffer
		opening.WriteString(http2.ClientPreface)
		w := http2.NewFramer(&opening, nil)
		w.WriteSettings()
		w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.encode(instead(":method: POST")), EndHeaders: true})
		for _, piece := range split(strings.Repeat("u", size-opening.Len()), 16000) {
			w.WriteData(1, false, []byte(piece))
		}
		w.WriteData(1, true, nil)
		conn.Write(opening.Bytes())
		if s := c.over(1); s.status() != "200" {
			t.Errorf("%d bytes: %s, GOAWAY %v", size, s, c.goAway)
		}
	}
}
