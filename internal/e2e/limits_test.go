package e2e

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestSlowHeadIs408(t *testing.T) {
	t.Parallel()
	p := Setup{Listener: "timeouts: {head: 300ms}"}.Start(t, NewBackend(t, "a"))
	t.Run("silence within the head", func(t *testing.T) {
		c := dial(t, p.Addr("web"))
		c.Send("GET / HTTP/1.1\r\nHost: a\r\n")
		if r := c.Read("GET"); r.Status != 408 {
			t.Errorf("status %d, want 408", r.Status)
		}
		c.AwaitEnd()
	})
	t.Run("a byte now and then is no progress", func(t *testing.T) {
		c := dial(t, p.Addr("web"))
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			io.WriteString(c, "GET / HTTP/1.1\r\nX-Slow: ")
			for {
				select {
				case <-stop:
					return
				case <-time.After(30 * time.Millisecond):
					if _, err := io.WriteString(c, "x"); err != nil {
						return
					}
				}
			}
		}()
		if r := c.Read("GET"); r.Status != 408 {
			t.Errorf("status %d, want 408", r.Status)
		}
	})
}

func TestIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	p := Setup{Listener: "timeouts: {idle: 300ms}"}.Start(t, NewBackend(t, "a"))
	c := dial(t, p.Addr("web"))
	expect(t, "before", c.Get("/x"), 200, "a GET /x")
	if rest := c.AwaitEnd(); rest != "" {
		t.Errorf("an idle connection got %q", rest)
	}
	if rest := dial(t, p.Addr("web")).AwaitEnd(); strings.Contains(rest, "200") {
		t.Errorf("a connection without a request got %q", rest)
	}
}

func TestStalledBodyEndsTheExchange(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{Listener: "timeouts: {body: 300ms}"}.Start(t, backend)
	c := dial(t, p.Addr("web"))
	c.Send(head("POST", "/stalls", "Content-Length: 100000") + "begun")
	if answer := c.AwaitEnd(); answer != "" && !strings.HasPrefix(answer, "HTTP/1.1 408 ") {
		t.Errorf("a stalled body got %.100q, want 408 or a close", answer)
	}
	eventually(t, "the backend's exchange ends", backend.Quiet)
	for _, r := range backend.Requests() {
		if r.Complete {
			t.Errorf("the backend got a complete request with %d bytes", len(r.Body))
		}
	}
}

func TestLimitsOfARequest(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{Listener: "limits: {head: 16KiB, fields: 50, target: 4KiB, body: 1KiB}"}.Start(t, backend)
	fields := func(n int) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf("X-%d: v", i))
		}
		return lines
	}
	large := strings.Repeat("b", 2000)
	for _, c := range []struct {
		name, raw string
		status    int
	}{
		{"a body of the limit", head("POST", "/ok-body", "Content-Length: 1024") + large[:1024], 200},
		{"a longer body", head("POST", "/long", "Content-Length: 2000") + large, 413},
		{"a longer body that is only announced", head("POST", "/announced", "Content-Length: 2000"), 413},
		{"a longer chunked body", head("POST", "/chunked", "Transfer-Encoding: chunked") + chunked(split(large, 500)...), 413},
		{"a target within the limit", head("GET", "/"+strings.Repeat("t", 4000)), 200},
		{"a longer target", head("GET", "/"+strings.Repeat("t", 5000)), 414},
		{"a head within the limit", head("GET", "/ok-head", "X-Big: "+strings.Repeat("h", 15<<10)), 200},
		{"a longer head", head("GET", "/head", "X-Big: "+strings.Repeat("h", 17<<10)), 431},
		{"a head without an end", "GET /endless HTTP/1.1\r\nX-Big: " + strings.Repeat("h", 40<<10), 431},
		{"fields within the limit", head("GET", "/ok-fields", fields(40)...), 200},
		{"more fields", head("GET", "/fields", fields(60)...), 431},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := dial(t, p.Addr("web"))
			client.Send(c.raw)
			r := client.Read("GET")
			if r.Status != c.status {
				t.Errorf("status %d %.80q, want %d", r.Status, r.Body, c.status)
			}
			if r.Status >= 400 && r.KeepsAlive() {
				t.Errorf("a refused connection is kept alive: %q", r.Fields)
			}
		})
	}
	for _, r := range backend.Requests() {
		if r.Complete && !strings.HasPrefix(r.Target, "/ok") && !strings.HasPrefix(r.Target, "/t") {
			t.Errorf("the backend got a complete %s", r.Target)
		}
	}
}

func TestRouteBodyLimitOverridesTheListener(t *testing.T) {
	t.Parallel()
	p := Setup{Listener: "limits: {body: 10}", Route: "limits: {body: 1KiB}"}.Start(t, NewBackend(t, "a"))
	expect(t, "within the route's", dial(t, p.Addr("web")).Post("/x", strings.Repeat("b", 1000)), 200, "a POST /x")
	if r := dial(t, p.Addr("web")).Post("/x", strings.Repeat("b", 1100)); r.Status != 413 {
		t.Errorf("beyond the route's: %d, want 413", r.Status)
	}
}

func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	p := Setup{Listener: "limits: {connections: 2}"}.Start(t, NewBackend(t, "a"))
	// The harness itself connected to the listener while the proxy started.
	connected := func() (n int) {
		for _, l := range p.Status().Listeners {
			n += l.Connections
		}
		return n
	}
	eventually(t, "no connection is left", func() bool { return connected() == 0 })
	first, second := dial(t, p.Addr("web")), dial(t, p.Addr("web"))
	expect(t, "first", first.Get("/x"), 200, "a GET /x")
	expect(t, "second", second.Get("/x"), 200, "a GET /x")
	third := dial(t, p.Addr("web"))
	io.WriteString(third, head("GET", "/x"))
	third.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if answer, _ := io.ReadAll(third.reader); strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("a third connection was served")
	}
	third.Close()
	first.Close()
	eventually(t, "the place of a closed connection is free", func() bool {
		c := dial(t, p.Addr("web"))
		defer c.Close()
		io.WriteString(c, head("GET", "/x"))
		c.SetReadDeadline(time.Now().Add(time.Second))
		line, _ := c.reader.ReadString('\n')
		return strings.HasPrefix(line, "HTTP/1.1 200")
	})
	expect(t, "second again", second.Get("/x"), 200, "a GET /x")
}
