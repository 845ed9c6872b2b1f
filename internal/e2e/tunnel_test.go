package e2e

import (
	"io"
	"strings"
	"testing"
	"time"
)

const upgradeFields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// upgrading is a script that switches protocols on /ws and then runs speak on
// the raw connection; it echoes every other request.
func upgrading(name string, speak func(*BackendConn)) func(*Backend) {
	return Handling(func(x *Exchange) {
		if !strings.HasPrefix(x.Target, "/ws") || !x.Fields.Has("Upgrade", "websocket") {
			x.Echo(name)
			return
		}
		x.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		speak(x.Conn)
		x.Close()
	})
}

// echo sends everything back until the other side ends.
func echo(conn *BackendConn) { io.Copy(conn, conn.reader) }

// openTunnel upgrades a connection; what it carries from here on is raw.
func openTunnel(t testing.TB, address string) *Client {
	t.Helper()
	c := dial(t, address)
	c.Send("GET /ws HTTP/1.1\r\nHost: a\r\n" + upgradeFields + "\r\n")
	r := c.Read("GET")
	if r.Status != 101 || !r.Fields.Has("Connection", "upgrade") || !r.Fields.Has("Upgrade", "websocket") {
		t.Fatalf("the upgrade got %d %q", r.Status, r.Fields)
	}
	return c
}

// says sends text through a tunnel to an echo and wants it back.
func (c *Client) says(text string) {
	c.t.Helper()
	c.Send(text)
	c.SetReadDeadline(time.Now().Add(patience))
	back := make([]byte, len(text))
	if n, err := io.ReadFull(c.reader, back); err != nil || string(back) != text {
		c.t.Fatalf("the tunnel returned %.60q of %.60q: %v", back[:n], text, err)
	}
}

func TestTunnelCarriesBothDirections(t *testing.T) {
	t.Parallel()
	p := Setup{}.Start(t, NewBackend(t, "a", upgrading("a", echo)))
	c := openTunnel(t, p.Addr("web"))
	for _, text := range []string{"x", "GET / HTTP/1.1\r\n\r\n", "\x00\xff\r\n"} {
		c.says(text)
	}
	large := pattern(4 << 20)
	go io.WriteString(c, large)
	c.SetReadDeadline(time.Now().Add(patience))
	back := make([]byte, len(large))
	if n, err := io.ReadFull(c.reader, back); err != nil || string(back) != large {
		t.Errorf("%d of %d bytes came back: %v", n, len(large), err)
	}
}

func TestBytesSentWithTheUpgradeArrive(t *testing.T) {
	t.Parallel()
	p := Setup{}.Start(t, NewBackend(t, "a", upgrading("a", func(conn *BackendConn) {
		io.WriteString(conn, "welcome ")
		echo(conn)
	})))
	c := dial(t, p.Addr("web"))
	c.Send("GET /ws HTTP/1.1\r\nHost: a\r\n" + upgradeFields + "\r\neager")
	if r := c.Read("GET"); r.Status != 101 {
		t.Fatalf("status %d, want 101", r.Status)
	}
	got := make([]byte, len("welcome eager"))
	c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(c.reader, got); err != nil || string(got) != "welcome eager" {
		t.Errorf("the tunnel begins with %q, %v", got, err)
	}
}

func TestTunnelHalfCloses(t *testing.T) {
	t.Parallel()
	t.Run("the client ends first", func(t *testing.T) {
		p := Setup{}.Start(t, NewBackend(t, "a", upgrading("a", func(conn *BackendConn) {
			all, _ := io.ReadAll(conn.reader)
			io.WriteString(conn, "got "+string(all))
		})))
		c := openTunnel(t, p.Addr("web"))
		c.Send("all of it")
		c.CloseWrite()
		if answer := c.AwaitEnd(); answer != "got all of it" {
			t.Errorf("after the client's end came %q", answer)
		}
	})
	t.Run("the backend ends first", func(t *testing.T) {
		got := make(chan string, 1)
		p := Setup{}.Start(t, NewBackend(t, "a", upgrading("a", func(conn *BackendConn) {
			io.WriteString(conn, "bye")
			halfClose(conn)
			all, _ := io.ReadAll(conn.reader)
			got <- string(all)
		})))
		c := openTunnel(t, p.Addr("web"))
		if answer := c.AwaitEnd(); answer != "bye" {
			t.Errorf("the tunnel said %q", answer)
		}
		c.Send("still here")
		c.CloseWrite()
		if all := receive(t, "the backend reads on", got); all != "still here" {
			t.Errorf("after the backend's end came %q", all)
		}
	})
}

func TestResetTunnelEndsBothSides(t *testing.T) {
	t.Parallel()
	ended := make(chan bool, 1)
	p := Setup{}.Start(t, NewBackend(t, "a", upgrading("a", func(conn *BackendConn) {
		echo(conn)
		ended <- true
	})))
	c := openTunnel(t, p.Addr("web"))
	c.says("x")
	c.Reset()
	receive(t, "the backend's side ends", ended)
}

func TestSilentTunnelIsClosed(t *testing.T) {
	t.Parallel()
	p := Setup{Pool: "timeouts: {tunnel: 300ms}"}.Start(t, NewBackend(t, "a", upgrading("a", echo)))
	c := openTunnel(t, p.Addr("web"))
	c.says("x")
	c.AwaitEnd()
}

func TestTunnelOutlivesTheTimeoutsOfExchanges(t *testing.T) {
	t.Parallel()
	p := Setup{
		Listener: "timeouts: {head: 200ms, body: 200ms, idle: 200ms}",
		Pool:     "timeouts: {response: 200ms, idle: 200ms}",
	}.Start(t, NewBackend(t, "a", upgrading("a", echo)))
	c := openTunnel(t, p.Addr("web"))
	c.says("x")
	time.Sleep(600 * time.Millisecond)
	c.says("still open")
}
