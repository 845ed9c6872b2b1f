package e2e

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// flood is larger than every buffer on the way, and roomy what buffers and a
// growing heap may take of it. The test's own ends keep small ones.
const (
	flood  = 64 << 20
	roomy  = 24 << 20
	narrow = 64 << 10
)

// narrowed gives a connection small buffers in the kernel.
func narrowed(conn net.Conn) {
	conn.(*net.TCPConn).SetReadBuffer(narrow)
	conn.(*net.TCPConn).SetWriteBuffer(narrow)
}

// stalls waits until the counter no longer moves.
func stalls(t testing.TB, what string, count func() int64) {
	t.Helper()
	last, since := int64(-1), time.Now()
	eventually(t, what, func() bool {
		if n := count(); n != last {
			last, since = n, time.Now()
		}
		return last > 0 && time.Since(since) > 300*time.Millisecond
	})
}

func TestSlowClientHoldsItsBackendBack(t *testing.T) {
	t.Parallel()
	piece := pattern(64 << 10)
	sent := make(chan int64, 1<<16)
	p := Setup{}.Start(t, NewBackend(t, "a", Handling(func(x *Exchange) {
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
	expect(t, "warm-up", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	before := p.residentBytes()
	c := dial(t, p.Addr("web"))
	narrowed(c.Conn)
	c.Send(head("GET", "/flood"))
	stalls(t, "the backend is held back", func() int64 { return int64(len(sent)) })
	if n := len(sent) * len(piece); n >= flood {
		t.Errorf("the backend sent all %d bytes though nobody reads", n)
	}
	if grown := p.residentBytes() - before; grown > roomy {
		t.Errorf("the proxy grew by %d bytes", grown)
	}
	expect(t, "another client", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	c.SetReadDeadline(time.Now().Add(patience))
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

func TestSlowBackendHoldsItsClientBack(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := Setup{}.Start(t, NewBackend(t, "a", func(b *Backend) {
		b.Head = func(x *Exchange) {
			if x.Target == "/flood" {
				narrowed(x.Conn.Conn)
				g.Wait(x)
			}
		}
		b.Handle = func(x *Exchange) { x.Reply(200, fmt.Sprint(len(x.Body))) }
	}))
	expect(t, "warm-up", get(t, p.Addr("web"), "/x"), 200, "0")
	before := p.residentBytes()
	c := dial(t, p.Addr("web"))
	narrowed(c.Conn)
	sent := make(chan int64, 1<<16)
	piece := pattern(64 << 10)
	go func() {
		io.WriteString(c, head("POST", "/flood", fmt.Sprint("Content-Length: ", flood)))
		for n := 0; n < flood; n += len(piece) {
			if _, err := io.WriteString(c, piece); err != nil {
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

func TestIdleConnectionsAreCheap(t *testing.T) {
	t.Parallel()
	p := Setup{}.Start(t, NewBackend(t, "a"))
	use := func(n int) {
		for range n {
			c := dial(t, p.Addr("web"))
			expect(t, "on each connection", c.Get("/x"), 200, "a GET /x")
		}
	}
	use(50)
	before := p.residentBytes()
	const idle = 500
	use(idle)
	// 64 KiB each would be a buffer or two that an idle connection keeps.
	if grown := p.residentBytes() - before; grown > idle*32<<10 {
		t.Errorf("%d idle connections took %d bytes", idle, grown)
	}
}
