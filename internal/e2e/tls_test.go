package e2e

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCertificateIsChosenByServerName(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	p := Setup{Listener: secured("", ca.Issue("default.example"), ca.Issue("a.example"), ca.Issue("*.w.example"), ca.Issue("b.w.example"))}.
		Start(t, NewBackend(t, "a"))
	for name, want := range map[string]string{
		"": "default.example", "unknown.example": "default.example", "default.example": "default.example",
		"a.example": "a.example", "A.Example": "a.example", "x.a.example": "default.example",
		"x.w.example": "*.w.example", "X.W.EXAMPLE": "*.w.example", "b.w.example": "b.w.example",
		"w.example": "default.example", "y.x.w.example": "default.example",
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			config := asking(name)
			config.MinVersion, config.MaxVersion = version, version
			c := dialTLS(t, p.Addr("web"), config)
			if c.Shown() != want {
				t.Errorf("%s for %q showed %s, want %s", tls.VersionName(version), name, c.Shown(), want)
			}
			expect(t, name, c.Get("/x"), 200, "a GET /x")
		}
	}
	verified := &tls.Config{ServerName: "b.w.example", RootCAs: ca.Pool}
	expect(t, "a client that verifies", dialTLS(t, p.Addr("web"), verified).Get("/x"), 200, "a GET /x")
}

func TestVersionsBelowTheLeastAreRefused(t *testing.T) {
	t.Parallel()
	site := NewAuthority(t, "authority").Issue("site.example")
	for least, refused := range map[string]map[uint16]bool{
		"":                   {tls.VersionTLS10: true, tls.VersionTLS11: true, tls.VersionTLS12: false, tls.VersionTLS13: false},
		`min_version: "1.2"`: {tls.VersionTLS11: true, tls.VersionTLS12: false, tls.VersionTLS13: false},
		`min_version: "1.3"`: {tls.VersionTLS11: true, tls.VersionTLS12: true, tls.VersionTLS13: false},
	} {
		t.Run(cmp.Or(least, "by default"), func(t *testing.T) {
			p := Setup{Listener: secured(least, site)}.Start(t, NewBackend(t, "a"))
			for version, refuse := range refused {
				config := asking("site.example")
				config.MinVersion, config.MaxVersion = version, version
				conn, err := shakeHands(p.Addr("web"), config)
				if refused := err != nil; refused != refuse {
					t.Errorf("%s: %v", tls.VersionName(version), err)
				}
				if err == nil {
					expect(t, tls.VersionName(version), newClient(t, conn).Get("/x"), 200, "a GET /x")
				}
			}
		})
	}
}

func TestALPN(t *testing.T) {
	t.Parallel()
	p := Setup{Listener: secured("", NewAuthority(t, "authority").Issue("site.example"))}.Start(t, NewBackend(t, "a"))
	for _, c := range []struct {
		offers []string
		want   string
	}{
		{nil, ""}, {[]string{"http/1.1"}, "http/1.1"}, {[]string{"h2", "http/1.1"}, "http/1.1"}, {[]string{"http/1.1", "other"}, "http/1.1"},
	} {
		config := asking("site.example")
		config.NextProtos = c.offers
		client := dialTLS(t, p.Addr("web"), config)
		if got := client.State().NegotiatedProtocol; got != c.want {
			t.Errorf("of %q it chose %q, want %q", c.offers, got, c.want)
		}
		expect(t, "with ALPN", client.Get("/x"), 200, "a GET /x")
	}
	config := asking("site.example")
	config.NextProtos = []string{"other"}
	if conn, err := shakeHands(p.Addr("web"), config); err == nil {
		conn.Close()
		t.Errorf("a client that speaks none of the protocols got %+v", conn.ConnectionState())
	}
}

func TestTLSConnectionsAreKeptAndPipelined(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{Listener: secured("", NewAuthority(t, "authority").Issue("site.example"))}.Start(t, backend)
	c := dialTLS(t, p.Addr("web"), asking("site.example"))
	for i := range 30 {
		target := fmt.Sprint("/", i)
		expect(t, "in turn", c.Get(target), 200, "a GET "+target)
	}
	var all string
	for i := range 30 {
		all += head("GET", fmt.Sprint("/p", i))
	}
	c.Send(all)
	for i := range 30 {
		expect(t, "pipelined", c.Read("GET"), 200, fmt.Sprint("a GET /p", i))
	}
	// One byte in each record.
	for i := range all[:len(head("GET", "/p0"))] {
		c.Send(all[i : i+1])
	}
	expect(t, "in pieces", c.Read("GET"), 200, "a GET /p0")
	if _, ever := backend.Connections(); ever > 4 {
		t.Errorf("61 requests of one client took %d connections", ever)
	}
}

func TestLargeBodiesArriveUnchangedOverTLS(t *testing.T) {
	t.Parallel()
	p := Setup{Listener: secured("", NewAuthority(t, "authority").Issue("site.example"))}.Start(t,
		NewBackend(t, "a", Handling(func(x *Exchange) {
			sum := fmt.Sprint("X-Sum: ", crc32.ChecksumIEEE(x.Body))
			if x.Target == "/chunked" {
				x.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + sum + "\r\n\r\n" + chunked(split(string(x.Body), 50_000)...))
				return
			}
			x.Reply(200, string(x.Body), sum)
		})))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := asking("site.example")
		config.MaxVersion = version
		c := dialTLS(t, p.Addr("web"), config)
		for _, size := range []int{0, 1, 16 << 10, 16<<10 + 1, 1 << 20, 8 << 20} {
			body := pattern(size)
			want := fmt.Sprint(crc32.ChecksumIEEE([]byte(body)))
			for _, framing := range []string{"/length", "/chunked"} {
				go func() {
					if framing == "/length" {
						io.WriteString(c, head("POST", framing, fmt.Sprint("Content-Length: ", size))+body)
					} else {
						io.WriteString(c, head("POST", framing, "Transfer-Encoding: chunked")+chunked(split(body, 10_000)...))
					}
				}()
				r := c.Read("POST")
				if sum, _ := r.Fields.Get("X-Sum"); sum != want || string(r.Body) != body {
					t.Fatalf("%d bytes by %s: status %d, sum %q want %s, %d bytes back", size, framing, r.Status, sum, want, len(r.Body))
				}
			}
		}
	}
}

// upgrade opens a tunnel on a connection that exists.
func (c *Client) upgrade() *Client {
	c.t.Helper()
	c.Send("GET /ws HTTP/1.1\r\nHost: a\r\n" + upgradeFields + "\r\n")
	if r := c.Read("GET"); r.Status != 101 {
		c.t.Fatalf("the upgrade got %d", r.Status)
	}
	return c
}

// returns sends more than buffers hold through a tunnel to an echo and wants it back.
func (c *Client) returns(message string) {
	c.t.Helper()
	go io.WriteString(c, message)
	c.SetReadDeadline(time.Now().Add(patience))
	back := make([]byte, len(message))
	if n, err := io.ReadFull(c.reader, back); err != nil || string(back) != message {
		c.t.Fatalf("%d of %d bytes came back: %v", n, len(message), err)
	}
}

func TestTunnelOverTLS(t *testing.T) {
	t.Parallel()
	site := NewAuthority(t, "authority").Issue("site.example")
	dialTunnel := func(t *testing.T, speak func(*BackendConn)) *Client {
		p := Setup{Listener: secured("", site)}.Start(t, NewBackend(t, "a", upgrading("a", speak)))
		return dialTLS(t, p.Addr("web"), asking("site.example")).upgrade()
	}
	t.Run("messages of 1 B to 16 MiB", func(t *testing.T) {
		c := dialTunnel(t, echo)
		for size := 1; size <= 16<<20; size *= 16 {
			c.returns(pattern(size))
		}
		c.returns(pattern(16 << 20))
		c.says("still open")
	})
	t.Run("the client ends its direction first", func(t *testing.T) {
		c := dialTunnel(t, func(conn *BackendConn) {
			all, _ := io.ReadAll(conn.reader)
			io.WriteString(conn, "got "+string(all))
		})
		c.Send("all of it")
		c.CloseWrite()
		if answer := c.AwaitEnd(); answer != "got all of it" {
			t.Errorf("after the client's end came %q", answer)
		}
	})
	t.Run("the backend ends its direction first", func(t *testing.T) {
		got := make(chan string, 1)
		c := dialTunnel(t, func(conn *BackendConn) {
			io.WriteString(conn, "bye")
			halfClose(conn)
			all, _ := io.ReadAll(conn.reader)
			got <- string(all)
		})
		if answer := c.AwaitEnd(); answer != "bye" {
			t.Errorf("the tunnel said %q", answer)
		}
		c.Send("still here")
		c.CloseWrite()
		if all := receive(t, "the backend reads on", got); all != "still here" {
			t.Errorf("after the backend's end came %q", all)
		}
	})
	for how, vanish := range map[string]func(*Client){
		"with a reset":          (*Client).Reset,
		"without close_notify":  func(c *Client) { c.Conn.(*tls.Conn).NetConn().Close() },
		"with half of a record": func(c *Client) { breakRecord(c); c.Conn.(*tls.Conn).NetConn().Close() },
		"with a forged record":  breakRecord,
	} {
		t.Run("a client vanishes "+how, func(t *testing.T) {
			ended := make(chan bool, 1)
			c := dialTunnel(t, func(conn *BackendConn) {
				echo(conn)
				ended <- true
			})
			c.says("x")
			vanish(c)
			receive(t, "the backend's side ends", ended)
		})
	}
}

// breakRecord sends a record that no key fits.
func breakRecord(c *Client) {
	c.Conn.(*tls.Conn).NetConn().Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32)))
}

func TestTLSClientThatVanishesEndsTheBackendExchange(t *testing.T) {
	t.Parallel()
	arrived, ended := make(chan bool, 10), make(chan bool, 10)
	p := Setup{Listener: secured("", NewAuthority(t, "authority").Issue("site.example")), Pool: "retries: {attempts: 0}"}.Start(t,
		NewBackend(t, "a", Handling(func(x *Exchange) {
			arrived <- true
			ended <- x.AwaitEnd()
		})))
	c := dialTLS(t, p.Addr("web"), asking("site.example"))
	c.Send(head("GET", "/silent"))
	receive(t, "the request reaches the backend", arrived)
	c.Reset()
	if !receive(t, "the script ends", ended) {
		t.Errorf("the backend's exchange goes on without its client")
	}
}

// helloBytes is what a client of that config says first.
func helloBytes(t testing.TB, config *tls.Config) string {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		tls.Client(theirs, config).Handshake()
		theirs.Close()
	}()
	buffer := make([]byte, 64<<10)
	ours.SetReadDeadline(time.Now().Add(patience))
	n, err := ours.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

func TestTLSClientsThatGetNowhereAreClosed(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{Listener: "timeouts: {head: 300ms, idle: 1h}\n" +
		secured("handshake_timeout: 300ms", NewAuthority(t, "authority").Issue("site.example"))}.Start(t, backend)
	hello := helloBytes(t, asking("site.example"))
	for what, answer := range answers(t, p.Addr("web"), map[string]string{
		"silence":                      "",
		"half of a ClientHello":        hello[:len(hello)/2],
		"a ClientHello, then silence":  hello,
		"a ClientHello, then garbage":  hello + "garbage, and more of it",
		"garbage":                      "garbage\r\n\r\n",
		"a record of garbage":          "\x16\x03\x01\x00\x07garbage",
		"a record that is too long":    "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70_000),
		"plain HTTP":                   head("GET", "/plain"),
		"an alert":                     "\x15\x03\x01\x00\x02\x02\x28",
		"application data":             "\x17\x03\x03\x00\x05hello",
		"an SSLv2 hello":               "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
		"a ClientHello of a few bytes": "\x16\x03\x01\x00\x04\x01\x00\x00\x00",
	}) {
		if strings.Contains(answer, "HTTP/1.1 200") {
			t.Errorf("%s was answered by %.60q", what, answer)
		}
	}
	silent, half := dialTLS(t, p.Addr("web"), asking("site.example")), dialTLS(t, p.Addr("web"), asking("site.example"))
	half.Send("GET /half HTTP/1.1\r\n")
	if answer := silent.AwaitEnd(); answer != "" {
		t.Errorf("a handshake, then silence, got %q", answer)
	}
	if answer := half.AwaitEnd(); !strings.HasPrefix(answer, "HTTP/1.1 408 ") {
		t.Errorf("a handshake, then half of a head, got %.60q, want 408", answer)
	}
	expect(t, "another client", dialTLS(t, p.Addr("web"), asking("site.example")).Get("/x"), 200, "a GET /x")
	if n := len(backend.Requests()); n != 1 {
		t.Errorf("%d requests reached the backend, want the good one", n)
	}
}

func TestTLSOfARequestIsToldToTheBackendAndToRoutes(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Start(t, `
listeners:
  - {name: plain, address: {{listen "plain"}}}
  - name: web
    address: {{listen "web"}}
    protocol: https
    http2: off
    tls: {certificates: [{ {{.site}} }]}
routes:
  - {match: {path: /scheme}, redirect: {to: "{scheme}://{host}{uri}"}}
  - {match: {scheme: http}, redirect: {to: "https://{authority}{uri}", status: 301}}
  - {match: {scheme: https}, pool: app}
pools: [{name: app, backends: [{address: {{.a}}}]}]
`, Vars{"site": NewAuthority(t, "authority").Issue("site.example").Keys(), "a": backend.Address})
	_, port, _ := net.SplitHostPort(p.Addr("web"))
	c := dialTLS(t, p.Addr("web"), asking("site.example"))
	expect(t, "by https", c.Get("/x", "Host: site.example:8443", "X-Forwarded-Proto: http", "X-Forwarded-Port: 1"), 200, "a GET /x")
	fields := backend.Requests()[0].Fields
	for name, want := range map[string]string{
		"X-Forwarded-Proto": "https", "X-Forwarded-Port": port, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "site.example:8443",
	} {
		if values := fields.Values(name); !slices.Equal(values, []string{want}) {
			t.Errorf("%s: %q, want %q once", name, values, want)
		}
	}
	moved := func(what string, c *Client, target, want string) {
		t.Helper()
		r := c.Get(target, "Host: site.example:8443")
		if place, _ := r.Fields.Get("Location"); r.Status/100 != 3 || place != want {
			t.Errorf("%s: %d to %q, want %q", what, r.Status, place, want)
		}
	}
	plain := dial(t, p.Addr("plain"))
	moved("by http", plain, "/x?q=1", "https://site.example:8443/x?q=1")
	moved("{scheme} of http", plain, "/scheme", "http://site.example/scheme")
	moved("{scheme} of https", c, "/scheme", "https://site.example/scheme")
}

func TestTLSClientMayEndItsDirectionAfterARequest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := Setup{Listener: secured("", NewAuthority(t, "authority").Issue("site.example"))}.Start(t, NewBackend(t, "a", g.holding("a")))
	c := dialTLS(t, p.Addr("web"), asking("site.example"))
	c.Send(head("GET", "/hold"))
	g.Await(t)
	c.CloseWrite()
	g.Open()
	expect(t, "after the client's end", c.Read("GET"), 200, "a GET /hold")
	if rest := c.AwaitEnd(); rest != "" {
		t.Errorf("%q after the answer", rest)
	}
}
