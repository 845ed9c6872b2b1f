package e2e

import (
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// chunked is text as one chunk each, with the last chunk and no trailers.
func chunked(pieces ...string) string {
	var b strings.Builder
	for _, piece := range pieces {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(piece), piece)
	}
	return b.String() + "0\r\n\r\n"
}

func TestHTTP10Client(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", Handling(func(x *Exchange) {
		if x.Target == "/chunked" {
			x.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("hel", "lo"))
		} else {
			x.Reply(200, "hello")
		}
	}))
	p := Setup{}.Start(t, backend)

	t.Run("a chunked answer ends with the connection", func(t *testing.T) {
		c := dial(t, p.Addr("web"))
		c.Send("GET /chunked HTTP/1.0\r\n\r\n")
		r := c.Read("GET")
		expect(t, "without Host", r, 200, "hello")
		if _, coded := r.Fields.Get("Transfer-Encoding"); coded {
			t.Errorf("Transfer-Encoding in %q", r.Fields)
		}
		if rest := c.AwaitEnd(); rest != "" {
			t.Errorf("%q after the answer", rest)
		}
	})
	t.Run("keep-alive is granted when asked for", func(t *testing.T) {
		c := dial(t, p.Addr("web"))
		for range 3 {
			c.Send("GET /length HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
			r := c.Read("GET")
			expect(t, "kept alive", r, 200, "hello")
			if !r.Fields.Has("Connection", "keep-alive") {
				t.Errorf("Connection is not keep-alive in %q", r.Fields)
			}
		}
	})
	for _, r := range backend.Requests() {
		if r.Version != "HTTP/1.1" {
			t.Errorf("the backend was asked in %s", r.Version)
		}
	}
}

func TestHeadLeavesTheConnectionUsable(t *testing.T) {
	t.Parallel()
	p := Setup{}.Start(t, NewBackend(t, "a"))
	c := dial(t, p.Addr("web"))
	for range 3 {
		r := c.Do("HEAD", "/some")
		if length, _ := r.Fields.Get("Content-Length"); r.Status != 200 || length != "12" {
			t.Errorf("HEAD: %d with Content-Length %q, want 200 with 12", r.Status, length)
		}
		expect(t, "GET after HEAD", c.Get("/some"), 200, "a GET /some")
	}
}

func TestTrailers(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", Handling(func(x *Exchange) {
		x.Write("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 9\r\nContent-Length: 3\r\n\r\n")
	}))
	p := Setup{}.Start(t, backend)
	c := dial(t, p.Addr("web"))
	c.Send("POST /trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Count\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"3\r\nabc\r\n0\r\nX-Count: 3\r\n\r\n")
	r := c.Read("POST")
	expect(t, "the answer", r, 200, "hello")
	if sum, _ := r.Trailers.Get("X-Sum"); sum != "9" {
		t.Errorf("the client got the trailers %q", r.Trailers)
	}
	if _, leaked := r.Trailers.Get("Content-Length"); leaked {
		t.Errorf("Content-Length came through as a trailer")
	}
	got := backend.Requests()[0]
	if count, _ := got.Trailers.Get("X-Count"); string(got.Body) != "abc" || count != "3" {
		t.Errorf("the backend got the body %q and the trailers %q", got.Body, got.Trailers)
	}
	expect(t, "the next answer", c.Get("/next"), 200, "hello")
}

func TestPipelinedAnswersKeepTheirOrder(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := Setup{}.Start(t, NewBackend(t, "a", g.holding("a")), NewBackend(t, "a", g.holding("a")))
	c := dial(t, p.Addr("web"))
	targets := []string{"/hold", "/1", "/2", "/3", "/4"}
	for _, target := range targets {
		c.Send(head("GET", target))
	}
	g.Await(t)
	g.Open()
	for _, target := range targets {
		expect(t, "pipelined", c.Read("GET"), 200, "a GET "+target)
	}
}

func TestContinueComesFromTheBackend(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", func(b *Backend) {
		b.KeepsQuiet = true
		b.Head = func(x *Exchange) {
			switch x.Target {
			case "/wanted":
				x.Write("HTTP/1.1 100 Continue\r\n\r\n")
			case "/unwanted":
				x.Reply(417, "no", "Connection: close")
				x.Close()
			}
		}
	})
	p := Setup{}.Start(t, backend)
	expectation := []string{"Expect: 100-continue", "Content-Length: 5"}

	t.Run("100, then the body", func(t *testing.T) {
		c := dial(t, p.Addr("web"))
		c.Send(head("POST", "/wanted", expectation...))
		line, err := c.reader.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
			t.Fatalf("%q, %v, want 100 (Continue)", line, err)
		}
		c.reader.ReadString('\n')
		c.Send("hello")
		expect(t, "after 100", c.Read("POST"), 200, "a POST /wanted")
		if body := backend.Requests()[0].Body; string(body) != "hello" {
			t.Errorf("the backend got %q", body)
		}
	})
	t.Run("a final answer instead", func(t *testing.T) {
		c := dial(t, p.Addr("web"))
		c.Send(head("POST", "/unwanted", expectation...))
		expect(t, "instead of 100", c.Read("POST"), 417, "no")
	})
}

func TestEarlyAnswerReachesAnUploadingClient(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", func(b *Backend) {
		b.Head = func(x *Exchange) {
			if x.Target == "/refused" {
				x.Reply(403, "no more", "Connection: close")
				x.AwaitEnd()
			}
		}
	})
	p := Setup{}.Start(t, backend)
	c := dial(t, p.Addr("web"))
	c.Send(head("POST", "/refused", "Content-Length: 1000000000"))
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for piece := strings.Repeat("u", 64<<10); ; {
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
		}
	}()
	expect(t, "while the upload runs", c.Read("POST"), 403, "no more")
	c.Close()
	<-stop
	expect(t, "afterwards", get(t, p.Addr("web"), "/after"), 200, "a GET /after")
}

func TestClientAbortEndsTheBackendExchange(t *testing.T) {
	t.Parallel()
	// A client that closes in order looks like one that has merely ended its
	// direction until something is sent to it.
	for how, leave := range map[string]func(*Client){
		"in order": func(c *Client) { c.Close() }, "by a reset": (*Client).Reset,
	} {
		for _, target := range []string{"/silent", "/body"} {
			if target == "/silent" && how == "in order" {
				continue
			}
			t.Run(target[1:]+" "+how, func(t *testing.T) {
				arrived, ended := make(chan bool, 10), make(chan bool, 10)
				p := Setup{Pool: "retries: {attempts: 0}"}.Start(t, NewBackend(t, "a", Handling(func(x *Exchange) {
					if x.Target == "/body" {
						x.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun")
						stop := make(chan struct{})
						defer close(stop)
						go trickle(x, stop)
					}
					arrived <- true
					ended <- x.AwaitEnd()
				})))
				c := dial(t, p.Addr("web"))
				c.Send(head("GET", target))
				receive(t, "the request reaches the backend", arrived)
				if target == "/body" {
					if _, err := io.ReadFull(c.reader, make([]byte, 20)); err != nil {
						t.Fatal(err)
					}
				}
				leave(c)
				if !receive(t, "the script ends", ended) {
					t.Errorf("the backend's exchange goes on without its client")
				}
			})
		}
	}
}

// trickle goes on answering, a byte at a time.
func trickle(x *Exchange, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(10 * time.Millisecond):
			x.Write(".")
		}
	}
}

func TestLargeBodiesArriveUnchanged(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", Handling(func(x *Exchange) {
		x.Reply(200, string(x.Body), fmt.Sprint("X-Sum: ", crc32.ChecksumIEEE(x.Body)))
	}))
	p := Setup{Pool: "request_buffer: 16KiB"}.Start(t, backend)
	c := dial(t, p.Addr("web"))
	for _, size := range []int{0, 1, 16 << 10, 16<<10 + 1, 65535, 1 << 20, 8 << 20} {
		body := pattern(size)
		want := fmt.Sprint(crc32.ChecksumIEEE([]byte(body)))
		for _, framing := range []string{"length", "chunked"} {
			go func() {
				if framing == "length" {
					io.WriteString(c, head("POST", "/echo", fmt.Sprint("Content-Length: ", size))+body)
				} else {
					io.WriteString(c, head("POST", "/echo", "Transfer-Encoding: chunked")+chunked(split(body, 10000)...))
				}
			}()
			r := c.Read("POST")
			if sum, _ := r.Fields.Get("X-Sum"); sum != want || string(r.Body) != body {
				t.Fatalf("%d bytes by %s: status %d, sum %q want %s, %d bytes back", size, framing, r.Status, sum, want, len(r.Body))
			}
		}
	}
}

// pattern is n bytes in which a lost or repeated piece shows.
func pattern(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return string(b)
}

func split(s string, size int) (pieces []string) {
	for ; len(s) > size; s = s[size:] {
		pieces = append(pieces, s[:size])
	}
	if s != "" {
		pieces = append(pieces, s)
	}
	return pieces
}

func TestForwardingFields(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{}.Start(t, backend)
	expect(t, "the request", get(t, p.Addr("web"), "/x", "Host: site.example", "X-Forwarded-For: 6.6.6.6",
		"X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6"), 200, "a GET /x")
	fields := backend.Requests()[0].Fields
	for name, want := range map[string]string{
		"Host": "site.example", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http",
		"X-Forwarded-Host": "site.example", "X-Real-IP": "127.0.0.1",
	} {
		if values := fields.Values(name); !slices.Equal(values, []string{want}) {
			t.Errorf("%s: %q, want %q once", name, values, want)
		}
	}
	for _, name := range []string{"X-Request-ID", "X-Forwarded-Port", "Via"} {
		if value, _ := fields.Get(name); value == "" {
			t.Errorf("no %s", name)
		}
	}
	if value, present := fields.Get("Forwarded"); present {
		t.Errorf("Forwarded: %q of an untrusted client reached the backend", value)
	}
}

func TestIdleBackendConnectionsAreReused(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{}.Start(t, backend)
	c := dial(t, p.Addr("web"))
	for range 50 {
		expect(t, "in turn", c.Get("/x"), 200, "a GET /x")
	}
	if _, ever := backend.Connections(); ever > 2 {
		t.Errorf("50 requests in turn took %d connections", ever)
	}
	// A connection that the backend closes while idle costs no request.
	for range 20 {
		backend.update(func() {
			for conn := range backend.conns {
				conn.Close()
			}
		})
		expect(t, "after the backend closed", c.Get("/x"), 200, "a GET /x")
	}
}
