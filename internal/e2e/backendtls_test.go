package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
)

// authenticating asks clients for certificates of an authority.
func authenticating(pool *x509.CertPool) func(*tls.Config) {
	return func(c *tls.Config) { c.ClientCAs, c.ClientAuth = pool, tls.RequireAndVerifyClientCert }
}

// atMost12 keeps TLS 1.3 out.
func atMost12(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }

func TestBackendsAreVerified(t *testing.T) {
	t.Parallel()
	ca, others, clients := NewAuthority(t, "authority"), NewAuthority(t, "authority"), NewAuthority(t, "clients")
	own := clients.Issue("spillway")
	byAddress, byName := ca.Issue("127.0.0.1"), ca.Issue("internal.example")
	for _, c := range []struct {
		what, keys string
		script     func(*Backend)
		why        string // in the reason of the failed check; empty: all is well
	}{
		{"its address, of that authority", "ca_file: " + ca.File, securing(byAddress), ""},
		{"the same in TLS 1.2", "ca_file: " + ca.File, securing(byAddress, atMost12), ""},
		{"an authority that the system does not know", "", securing(byAddress), "authority"},
		{"another authority of that name", "ca_file: " + others.File, securing(byAddress), "authority"},
		{"another name", "ca_file: " + ca.File, securing(byName), "127.0.0.1"},
		{"the server_name", "server_name: internal.example, ca_file: " + ca.File, securing(byName), ""},
		{"another than the server_name", "server_name: other.example, ca_file: " + ca.File, securing(byName), "other.example"},
		{"anything", "insecure_skip_verify: true", securing(byName), ""},
		{"a client's certificate", own.Keys() + ", ca_file: " + ca.File, securing(byAddress, authenticating(clients.Pool)), ""},
		{"no client's certificate in TLS 1.2", "ca_file: " + ca.File, securing(byAddress, authenticating(clients.Pool), atMost12), "tls"},
		{"no client's certificate in TLS 1.3", "ca_file: " + ca.File, securing(byAddress, authenticating(clients.Pool)), "tls"},
		{"a client's certificate of another authority", own.Keys() + ", ca_file: " + ca.File, securing(byAddress, authenticating(others.Pool)), "tls"},
		{"no TLS", "ca_file: " + ca.File, func(b *Backend) { b.Tolerant = true }, "TLS"},
		{"an end in the handshake", "ca_file: " + ca.File, speaking(func(conn *BackendConn) { conn.reader.ReadByte() }), "TLS"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			a := NewBackend(t, "a", c.script)
			p := Setup{Pool: "health_check: {type: http, interval: 100ms, timeout: 5s, rise: 1, fall: 1}\n" +
				"retries: {attempts: 0}\ntls: {" + c.keys + "}"}.Start(t, a)
			r := get(t, p.Addr("web"), "/x")
			if c.why == "" {
				expect(t, c.what, r, 200, "a GET /x")
				p.AwaitState(a.Address, "healthy")
				return
			}
			// All backends are unhealthy, so that this one is tried nevertheless.
			if r.Status != 502 {
				t.Errorf("%d %.80q, want 502", r.Status, r.Body)
			}
			p.AwaitState(a.Address, "unhealthy")
			if reason := p.Backend(a.Address).Reason; !strings.Contains(reason, c.why) {
				t.Errorf("the reason is %q and does not say %q", reason, c.why)
			}
			if n := a.Count("/"); n > 0 {
				t.Errorf("%d requests reached a backend that is not who it should be", n)
			}
		})
	}
}

// seeing is a script that answers with what the backend saw of TLS.
var seeing = Handling(func(x *Exchange) {
	who := "nobody"
	if list := x.Conn.TLS.PeerCertificates; len(list) > 0 {
		who = list[0].Subject.CommonName
	}
	x.Reply(200, fmt.Sprintf("%q %q %s", x.Conn.TLS.ServerName, x.Conn.TLS.NegotiatedProtocol, who))
})

func TestBackendsSeeNameProtocolAndCertificate(t *testing.T) {
	t.Parallel()
	ca, clients := NewAuthority(t, "authority"), NewAuthority(t, "clients")
	site, own := ca.Issue("internal.example", "localhost", "127.0.0.1"), clients.Issue("spillway.example")
	speaksHTTP1 := func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }
	a := NewBackend(t, "a", securing(site, authenticating(clients.Pool), speaksHTTP1), seeing)
	for keys, want := range map[string]string{
		"":                                `"" "http/1.1" spillway.example`, // an address is no SNI
		", server_name: internal.example": `"internal.example" "http/1.1" spillway.example`,
	} {
		t.Run("with"+keys, func(t *testing.T) {
			p := Setup{Pool: "tls: {ca_file: " + ca.File + ", " + own.Keys() + keys + "}"}.Start(t, a)
			expect(t, "what it saw", get(t, p.Addr("web"), "/x"), 200, want)
		})
	}
}

func TestConnectionsToTLSBackendsAreReusedAndResumed(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	for name, version := range map[string]func(*tls.Config){"TLS 1.3": func(*tls.Config) {}, "TLS 1.2": atMost12} {
		t.Run(name, func(t *testing.T) {
			a := NewBackend(t, "a", securing(ca.Issue("127.0.0.1"), version), Handling(func(x *Exchange) {
				resumed := fmt.Sprint("resumed ", x.Conn.TLS.DidResume)
				if x.Target == "/last" {
					x.Reply(200, resumed, "Connection: close")
					x.Close()
					return
				}
				x.Reply(200, resumed)
			}))
			p := Setup{Pool: "tls: {ca_file: " + ca.File + "}"}.Start(t, a)
			c := dial(t, p.Addr("web"))
			expect(t, "the first request", c.Get("/x"), 200, "resumed false")
			for range 30 {
				expect(t, "in turn", c.Get("/x"), 200, "resumed false")
			}
			if _, ever := a.Connections(); ever > 1 {
				t.Errorf("31 requests in turn took %d connections", ever)
			}
			c.Get("/last")
			for range 5 {
				expect(t, "on a fresh connection", c.Get("/last"), 200, "resumed true")
			}
			p.Reload()
			expect(t, "after a reload", c.Get("/last"), 200, "resumed true")
			// A connection that the backend closes while idle costs no request.
			for range 5 {
				c.Get("/x")
				a.update(func() {
					for conn := range a.conns {
						conn.Conn.Close()
					}
				})
				expect(t, "after the backend closed", c.Get("/x"), 200, "resumed true")
			}
		})
	}
}

func TestLargeBodiesOverTLSOnBothSides(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	p := Setup{Listener: secured("", ca.Issue("site.example")), Pool: "tls: {ca_file: " + ca.File + "}"}.Start(t,
		NewBackend(t, "a", securing(ca.Issue("127.0.0.1")), Handling(func(x *Exchange) {
			sum := fmt.Sprint("X-Sum: ", crc32.ChecksumIEEE(x.Body))
			if x.Target == "/close" {
				x.Write("HTTP/1.1 200 OK\r\n" + sum + "\r\n\r\n" + string(x.Body))
				x.Close()
				return
			}
			x.Reply(200, string(x.Body), sum)
		})))
	c := dialTLS(t, p.Addr("web"), asking("site.example"))
	for _, size := range []int{0, 1, 16<<10 + 1, 8 << 20} {
		for _, target := range []string{"/length", "/close"} {
			body := pattern(size)
			go io.WriteString(c, head("POST", target, fmt.Sprint("Content-Length: ", size))+body)
			r := c.Read("POST")
			if sum, _ := r.Fields.Get("X-Sum"); sum != fmt.Sprint(crc32.ChecksumIEEE([]byte(body))) || string(r.Body) != body {
				t.Fatalf("%d bytes to %s: status %d, %d bytes back", size, target, r.Status, len(r.Body))
			}
		}
	}
}

func TestTunnelOverTLSOnBothSides(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	ended := make(chan bool, 10)
	p := Setup{Listener: secured("", ca.Issue("site.example")), Pool: "tls: {ca_file: " + ca.File + "}"}.Start(t,
		NewBackend(t, "a", securing(ca.Issue("127.0.0.1")), upgrading("a", func(conn *BackendConn) {
			echo(conn)
			io.WriteString(conn, "bye")
			ended <- true
		})))
	c := dialTLS(t, p.Addr("web"), asking("site.example")).upgrade()
	for size := 1; size <= 4<<20; size *= 16 {
		c.returns(pattern(size))
	}
	c.CloseWrite()
	if answer := c.AwaitEnd(); answer != "bye" {
		t.Errorf("after the client's end came %q", answer)
	}
	receive(t, "the backend's side ends", ended)
	c = dialTLS(t, p.Addr("web"), asking("site.example")).upgrade()
	c.says("x")
	c.Reset()
	receive(t, "the backend's side ends", ended)
}

// An end of TLS without close_notify may be an attacker's: a body that only the
// end delimits is then not whole (RFC 9112 9.8).
func TestCutTLSAnswerIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	p := Setup{Listener: secured("", ca.Issue("site.example")), Pool: "tls: {ca_file: " + ca.File + "}"}.Start(t,
		NewBackend(t, "a", securing(ca.Issue("127.0.0.1")), Handling(func(x *Exchange) {
			x.Write("HTTP/1.1 200 OK\r\n\r\nhalf of it")
			x.Conn.Conn.(*tls.Conn).NetConn().(buffered).CloseWrite()
			x.AwaitEnd()
		})))
	c := dialTLS(t, p.Addr("web"), asking("site.example"))
	c.Send(head("GET", "/x"))
	if answer := c.AwaitEnd(); !strings.Contains(answer, "half of it") || strings.HasSuffix(answer, "0\r\n\r\n") {
		t.Errorf("the client got %q", answer)
	}
}

func TestStreamsOverTLSToBackends(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	p := Streams{Pool: "tls: {ca_file: " + ca.File + "}\nhealth_check: {type: tcp, interval: 100ms, timeout: 5s}"}.Start(t,
		NewBackend(t, "a", secretly(ca.Issue("127.0.0.1"), func(conn *BackendConn) {
			io.WriteString(conn, "hello\n")
			echo(conn)
			io.WriteString(conn, "bye")
		})))
	c := dial(t, p.Addr("db"))
	if line := c.Line(); line != "hello" {
		t.Errorf("the greeting came as %q", line)
	}
	c.returns(pattern(1 << 20))
	c.CloseWrite()
	if rest := c.AwaitEnd(); rest != "bye" {
		t.Errorf("after the client's end came %q", rest)
	}
}

func TestReloadChangesTLSOfAPool(t *testing.T) {
	t.Parallel()
	ca, others := NewAuthority(t, "authority"), NewAuthority(t, "authority")
	a := NewBackend(t, "a", securing(ca.Issue("127.0.0.1")))
	setup := func(ca *Authority) Setup {
		return Setup{Pool: "retries: {attempts: 0}\nejection: off\ntls: {ca_file: " + ca.File + "}"}
	}
	p := setup(ca).Start(t, a)
	c := dial(t, p.Addr("web"))
	for range 3 {
		expect(t, "with its authority", c.Get("/x"), 200, "a GET /x")
		p.WriteConfig(setup(others).Config(a), nil)
		p.Reload()
		// Neither a connection nor a session of the time before counts.
		if r := c.Get("/x"); r.Status != 502 {
			t.Errorf("with another authority: %d %.60q, want 502", r.Status, r.Body)
		}
		p.WriteConfig(setup(ca).Config(a), nil)
		p.Reload()
	}
}

func TestBackendThatNeverShakesHandsIsATimeout(t *testing.T) {
	t.Parallel()
	p := Setup{Pool: "timeouts: {connect: 300ms}\nretries: {attempts: 0}\ntls: {insecure_skip_verify: true}"}.Start(t,
		NewBackend(t, "a", speaking(func(conn *BackendConn) { io.Copy(io.Discard, conn.reader) })))
	if r := get(t, p.Addr("web"), "/x"); r.Status != 504 {
		t.Errorf("%d %.60q, want 504", r.Status, r.Body)
	}
}

func TestTLSAndProxyHeadersOverUnixSockets(t *testing.T) {
	t.Parallel()
	ca, clients := NewAuthority(t, "authority"), NewAuthority(t, "clients")
	socket, address := unixAddress(t), unixAddress(t)
	secureAfterHeader := func(b *Backend) {
		config := &tls.Config{Certificates: []tls.Certificate{ca.Issue("internal.example").Certificate}}
		b.Accept = func(conn *BackendConn) {
			conn.Opening = readProxyHeader(conn.reader)
			conn.secure(b, config)
		}
	}
	a := NewBackend(t, "a", at(address), secureAfterHeader, Handling(func(x *Exchange) {
		xff, _ := x.Fields.Get("X-Forwarded-For")
		x.Reply(200, x.Conn.Opening+", "+x.Conn.TLS.ServerName+", "+xff+", "+certificateFields(*x.Request)["x-client-cert-subject"])
	}))
	p := Start(t, `
access_log: {output: {{path "access.log"}}}
listeners:
  - name: local
    address: "{{.socket}}"
    proxy_protocol: true
    protocol: https
    http2: off
    tls: {certificates: [{ {{.site}} }], client_ca_file: {{.clients}}, client_auth: optional}
routes: [{match: {path: /}, pool: app}]
pools:
  - name: app
    proxy_protocol: v2
    tls: {ca_file: {{.ca}}, server_name: internal.example}
    health_check: {type: http, interval: 100ms, timeout: 5s}
    backends: [{address: "{{.a}}"}]
`, Vars{"socket": socket, "site": ca.Issue("site.example").Keys(), "clients": clients.File, "ca": ca.File, "a": address})
	for header, want := range map[string]string{
		proxyV1("192.0.2.7:1234", "203.0.113.1:443"): "v2 192.0.2.7:1234 203.0.113.1:443 2=site.example, internal.example, 192.0.2.7, CN=alice.example",
		"PROXY UNKNOWN\r\n":                          "v2 UNKNOWN, internal.example, , CN=alice.example",
	} {
		c := dial(t, socket)
		c.Send(header)
		c = c.Secure(showing("site.example", clients.Issue("alice.example")))
		for range 3 {
			expect(t, "through unix sockets", c.Get("/x"), 200, want)
		}
	}
	missing := dial(t, socket)
	missing.Write([]byte(helloBytes(t, asking("site.example"))))
	if answer := missing.AwaitEnd(); answer != "" {
		t.Errorf("without a header came %q", answer)
	}
	// Gone and back, as a service that is started again.
	a.Kill()
	p.AwaitState(address, "unhealthy")
	a.Start()
	p.AwaitState(address, "healthy")
}
