package e2e

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// A frameTunnel is a WebSocket on a stream: its bytes are DATA (RFC 8441).
type frameTunnel struct {
	*framePeer
	id uint32
}

// openFrameTunnel asks for a WebSocket by extended CONNECT.
func (p *framePeer) openFrameTunnel(id uint32, path string) *frameTunnel {
	p.t.Helper()
	if !p.extended {
		p.t.Fatal("extended CONNECT is not offered")
	}
	p.Headers(id, false, ":method: CONNECT", ":protocol: websocket", ":scheme: http", ":authority: example.com", ":path: "+path,
		"sec-websocket-version: 13", "origin: http://example.com")
	s := p.stream(id)
	p.until("the WebSocket is answered", func() bool { return s.fields != nil || s.reset != nil })
	if s.status() != "200" {
		p.t.Fatalf("the WebSocket got %s", s)
	}
	if accept, ok := s.fields["sec-websocket-accept"]; ok {
		p.t.Errorf("Sec-WebSocket-Accept %q is HTTP/1.1's", accept)
	}
	return &frameTunnel{p, id}
}

// says sends text and wants it back.
func (c *frameTunnel) says(text string) {
	c.t.Helper()
	s := c.stream(c.id)
	s.body = s.body[:0]
	c.SetDeadline(time.Now().Add(2 * patience))
	for _, piece := range split(text, 16000) {
		c.await(func() bool { return s.isOver() || c.room(c.id) >= len(piece) })
		c.Data(c.id, false, piece)
	}
	c.await(func() bool { return s.isOver() || len(s.body) >= len(text) })
	if string(s.body) != text || s.isOver() {
		c.t.Fatalf("the tunnel returned %d of %d bytes: %s, %v", len(s.body), len(text), s, c.end)
	}
}

// echoing is a backend by the frame that takes WebSockets and sends back what comes.
func echoing(t testing.TB) *Backend {
	return newFrameBackend(t, func(b *framePeer, id uint32) {
		s := b.stream(id)
		if s.fields[":protocol"] != "websocket" {
			b.Reply(id, "frames "+s.fields[":method"]+" "+s.fields[":path"])
			return
		}
		b.greedy = true
		b.Headers(id, false, ":status: 200")
		b.each = append(b.each, func() { b.echoBack(id) })
	}, http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
}

// echoBack sends back what came on the stream, as far as the windows go, and its end.
func (p *framePeer) echoBack(id uint32) {
	s := p.stream(id)
	for len(s.body) > 0 && s.reset == nil {
		piece := s.body[:max(0, min(len(s.body), 16000, p.room(id)))]
		if len(piece) == 0 {
			return
		}
		p.Data(id, false, string(piece))
		s.body = s.body[len(piece):]
	}
	if s.ended && s.reset == nil {
		s.ended = false
		p.Data(id, true, "")
	}
}

// messageSizes are those of the messages that go through tunnels.
var messageSizes = []int{1, 125, 126, 65535, 65536, 1 << 20, 16 << 20}

func TestWebSocketsThroughAllProtocols(t *testing.T) {
	t.Parallel()
	for _, back := range []protocol{overHTTP1, overH2C} {
		t.Run("to "+string(back), func(t *testing.T) { checkTunnelsTo(t, back) })
	}
}

func checkTunnelsTo(t *testing.T, back protocol) {
	backend := NewBackend(t, "a", upgrading("a", echo))
	if back == overH2C {
		backend = echoing(t)
	}
	config := Setup{Pool: back.poolKeys()}.Config(backend)
	config = strings.Replace(config, "listeners:\n", "listeners:\n  - name: secure\n    address: {{listen \"secure\"}}\n"+indent(secureListener()), 1)
	p := Start(t, config, nil)
	t.Run("from h2c", func(t *testing.T) { checkFrameTunnel(t, dialFrames(t, p.Addr("web"))) })
	t.Run("from h2", func(t *testing.T) { checkFrameTunnel(t, dialFramesTLS(t, p.Addr("secure"))) })
	t.Run("from HTTP/1.1", func(t *testing.T) { checkTunnel(t, openTunnel(t, p.Addr("web"))) })
	t.Run("from HTTP/1.1 over TLS", func(t *testing.T) {
		conn, err := tls.Dial("tcp", p.Addr("secure"), clientTLS("http/1.1"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		checkTunnel(t, upgradeOn(t, newClient(t, conn)))
	})
}

func checkFrameTunnel(t *testing.T, c *framePeer) {
	c.greedy = true
	one, other := c.openFrameTunnel(1, "/ws"), c.openFrameTunnel(3, "/ws")
	for _, size := range messageSizes {
		one.says(pattern(size))
		other.says("meanwhile")
	}
	c.works(5)
	// The client's end is passed on, and the backend's end comes back.
	c.Data(1, true, "")
	if s := c.over(1); !s.ended {
		t.Errorf("after the client's end: %s", s)
	}
	c.framer.WriteRSTStream(3, http2.ErrCodeCancel)
	c.works(7)
}

func checkTunnel(t *testing.T, c *Client) {
	for _, size := range messageSizes {
		text := pattern(size)
		c.SetDeadline(time.Now().Add(2 * patience))
		go io.WriteString(c, text)
		back := make([]byte, size)
		if n, err := io.ReadFull(c.reader, back); err != nil || string(back) != text {
			t.Fatalf("%d of %d bytes came back: %v", n, size, err)
		}
	}
}

// upgradeOn is openTunnel on a connection that there is.
func upgradeOn(t testing.TB, c *Client) *Client {
	t.Helper()
	c.Send("GET /ws HTTP/1.1\r\nHost: a\r\n" + upgradeFields + "\r\n")
	if r := c.Read("GET"); r.Status != 101 {
		t.Fatalf("the upgrade got %d %q", r.Status, r.Fields)
	}
	return c
}

func TestRefusedWebSocketOverHTTP2(t *testing.T) {
	t.Parallel()
	t.Run("403", checkRefusedTunnel)
	// A backend that answers anything but a switch of protocols properly is not believed.
	for _, answer := range []string{
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
	} {
		t.Run(answer, func(t *testing.T) {
			odd := NewBackend(t, "odd", Handling(func(x *Exchange) { x.Write(answer); x.AwaitEnd() }))
			p := Setup{Pool: "retries: {attempts: 0}"}.Start(t, odd)
			c := dialFrames(t, p.Addr("web"))
			c.Headers(1, false, ":method: CONNECT", ":protocol: websocket", ":scheme: http", ":authority: example.com", ":path: /ws", "sec-websocket-version: 13")
			if s := c.over(1); s.status() != "502" {
				t.Errorf("%s, want 502", s)
			}
		})
	}
}

func checkRefusedTunnel(t *testing.T) {
	backend := NewBackend(t, "a", Handling(func(x *Exchange) {
		if !x.Fields.Has("Upgrade", "websocket") || !x.Fields.Has("Connection", "upgrade") {
			x.Echo("a")
			return
		}
		x.Reply(403, "not you")
	}))
	p := Setup{}.Start(t, backend)
	c := dialFrames(t, p.Addr("web"))
	c.Headers(1, false, ":method: CONNECT", ":protocol: websocket", ":scheme: http", ":authority: example.com", ":path: /ws", "sec-websocket-version: 13")
	c.Data(1, false, "eager")
	if s := c.over(1); s.status() != "403" || string(s.body) != "not you" {
		t.Errorf("%s %q, want 403", s, s.body)
	}
	c.works(3)
}
