package e2e

import (
	"crypto/tls"
	"fmt"
	"testing"
)

func TestSlowTLSClientHoldsItsBackendBack(t *testing.T) {
	t.Parallel()
	piece := pattern(64 << 10)
	sent := make(chan int64, 1<<16)
	p := Setup{Listener: secured("", NewAuthority(t, "authority").Issue("site.example"))}.Start(t,
		NewBackend(t, "a", Handling(func(x *Exchange) {
			if x.Target != "/flood" {
				x.Echo("a")
				return
			}
			narrowed(x.Conn.Conn)
			x.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", flood))
			for n := 0; n < flood; n += len(piece) {
				x.Write(piece)
				sent <- int64(n)
			}
		})))
	web := p.Addr("web")
	expect(t, "warm-up", dialTLS(t, web, asking("site.example")).Get("/x"), 200, "a GET /x")
	before := p.residentBytes()
	c := dialTLS(t, web, asking("site.example"))
	narrowed(c.Conn.(*tls.Conn).NetConn())
	c.Send(head("GET", "/flood"))
	stalls(t, "the backend is held back", func() int64 { return int64(len(sent)) })
	if n := len(sent) * len(piece); n >= flood {
		t.Errorf("the backend sent all %d bytes though nobody reads", n)
	}
	if grown := p.residentBytes() - before; grown > roomy {
		t.Errorf("the proxy grew by %d bytes", grown)
	}
	expect(t, "another client", dialTLS(t, web, asking("site.example")).Get("/x"), 200, "a GET /x")
	r := c.Read("GET")
	for i := 0; i < len(r.Body); i += len(piece) {
		if string(r.Body[i:i+len(piece)]) != piece {
			t.Fatalf("the answer differs after %d bytes", i)
		}
	}
	if len(r.Body) != flood {
		t.Errorf("%d of %d bytes came", len(r.Body), flood)
	}
}

func TestSlowBackendHoldsItsTLSClientBack(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := Setup{Listener: secured("", NewAuthority(t, "authority").Issue("site.example"))}.Start(t, NewBackend(t, "a", func(b *Backend) {
		b.Head = func(x *Exchange) {
			if x.Target == "/flood" {
				narrowed(x.Conn.Conn)
				g.Wait(x)
			}
		}
		b.Handle = func(x *Exchange) { x.Reply(200, fmt.Sprint(len(x.Body))) }
	}))
	web := p.Addr("web")
	expect(t, "warm-up", dialTLS(t, web, asking("site.example")).Get("/x"), 200, "0")
	before := p.residentBytes()
	c := dialTLS(t, web, asking("site.example"))
	narrowed(c.Conn.(*tls.Conn).NetConn())
	sent := make(chan int64, 1<<16)
	piece := []byte(pattern(64 << 10))
	go func() {
		c.Write([]byte(head("POST", "/flood", fmt.Sprint("Content-Length: ", flood))))
		for n := 0; n < flood; n += len(piece) {
			if _, err := c.Write(piece); err != nil {
				return
			}
			sent <- int64(n)
		}
	}()
	g.Await(t)
	stalls(t, "the client is held back", func() int64 { return int64(len(sent)) })
	if n := len(sent) * len(piece); n >= flood {
		t.Errorf("the client sent all %d bytes though nobody reads", n)
	}
	if grown := p.residentBytes() - before; grown > roomy {
		t.Errorf("the proxy grew by %d bytes", grown)
	}
	g.Open()
	expect(t, "in the end", c.Read("POST"), 200, fmt.Sprint(flood))
}
