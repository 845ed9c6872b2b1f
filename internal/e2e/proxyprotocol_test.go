package e2e

import (
	"bufio"
	bigendian "encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

// proxyV1 and proxyV2 are PROXY headers for a connection between two addresses.
func proxyV1(source, destination string) string {
	from, to := netip.MustParseAddrPort(source), netip.MustParseAddrPort(destination)
	family := "TCP4"
	if from.Addr().Is6() {
		family = "TCP6"
	}
	return fmt.Sprintf("PROXY %s %s %s %d %d\r\n", family, from.Addr(), to.Addr(), from.Port(), to.Port())
}

func proxyV2(source, destination string, tlvs ...string) string {
	from, to := netip.MustParseAddrPort(source), netip.MustParseAddrPort(destination)
	family := byte(0x11)
	if from.Addr().Is6() {
		family = 0x21
	}
	body := append(from.Addr().AsSlice(), to.Addr().AsSlice()...)
	body = bigendian.BigEndian.AppendUint16(body, from.Port())
	body = bigendian.BigEndian.AppendUint16(body, to.Port())
	return v2Header(0x21, family, string(body)+strings.Join(tlvs, ""))
}

func v2Header(command, family byte, body string) string {
	return proxySignature + string([]byte{command, family, byte(len(body) >> 8), byte(len(body))}) + body
}

func tlv(kind byte, value string) string {
	return string([]byte{kind, byte(len(value) >> 8), byte(len(value))}) + value
}

// readProxyHeader reads a header of either version and says what it says:
// "v1 source destination", "v2 source destination", "v1 UNKNOWN", "v2 LOCAL", and
// what it says wrongly.
func readProxyHeader(r *bufio.Reader) string {
	start, err := r.Peek(len("PROXY "))
	if err != nil {
		return "no header: " + err.Error()
	}
	if string(start) == "PROXY " {
		line, err := r.ReadString('\n')
		words := strings.Fields(line)
		switch {
		case err != nil || !strings.HasSuffix(line, "\r\n"):
			return fmt.Sprintf("a bad line %q", line)
		case len(words) == 6:
			return fmt.Sprintf("v1 %s:%s %s:%s", words[2], words[4], words[3], words[5])
		}
		return "v1 " + strings.Join(words[1:], " ")
	}
	fixed := make([]byte, 16)
	if _, err := io.ReadFull(r, fixed); err != nil || string(fixed[:12]) != proxySignature {
		return fmt.Sprintf("no header: %q, %v", fixed, err)
	}
	body := make([]byte, bigendian.BigEndian.Uint16(fixed[14:]))
	if _, err := io.ReadFull(r, body); err != nil {
		return "a cut header"
	}
	switch {
	case fixed[12] == 0x20:
		return "v2 LOCAL"
	case fixed[12] == 0x21 && fixed[13] == 0x11 && len(body) >= 12:
		port := func(at int) uint16 { return bigendian.BigEndian.Uint16(body[at:]) }
		text := fmt.Sprintf("v2 %v:%d %v:%d", netip.AddrFrom4([4]byte(body)), port(8), netip.AddrFrom4([4]byte(body[4:])), port(10))
		for tlvs := body[12:]; len(tlvs) >= 3; {
			n := 3 + int(bigendian.BigEndian.Uint16(tlvs[1:]))
			text += fmt.Sprintf(" %d=%s", tlvs[0], tlvs[3:n])
			tlvs = tlvs[n:]
		}
		return text
	case fixed[12] == 0x21 && fixed[13] == 0:
		return "v2 UNKNOWN"
	}
	return fmt.Sprintf("an unknown header %q", fixed)
}

// told is a script that takes a PROXY header off each connection.
func told(b *Backend) {
	b.Accept = func(conn *BackendConn) { conn.Opening = readProxyHeader(conn.reader) }
}

// believing is the keys of a listener that believes PROXY headers from 127.0.0.1 alone.
const believing = "proxy_protocol: true\ntrusted_proxies: [127.0.0.1/32]\n"

func TestProxyHeaderNamesTheClient(t *testing.T) {
	t.Parallel()
	const to = "203.0.113.1:443"
	backend := NewBackend(t, "a")
	site := NewAuthority(t, "authority").Issue("site.example")
	plain := Setup{Top: "access_log: {output: {{path \"access.log\"}}}", Listener: believing}
	secure := plain
	secure.Listener += secured("", site)
	configs := map[string]Setup{"http": plain, "https": secure}
	for protocol, setup := range configs {
		t.Run(protocol, func(t *testing.T) {
			p := setup.Start(t, backend)
			open := func(source, header string) *Client {
				c := dialFrom(t, source, p.Addr("web"))
				c.Send(header)
				if protocol == "https" {
					c = c.Secure(asking("site.example"))
				}
				return c
			}
			for i, h := range []struct{ what, header, client string }{
				{"v1", proxyV1("192.0.2.7:1234", to), "192.0.2.7"},
				{"v1 of IPv6", proxyV1("[2001:db8::7]:1234", "[2001:db8::1]:443"), "2001:db8::7"},
				{"v1 UNKNOWN", "PROXY UNKNOWN\r\n", "127.0.0.1"},
				{"v1 UNKNOWN with more", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1"},
				{"v2", proxyV2("192.0.2.8:1234", to), "192.0.2.8"},
				{"v2 of IPv6", proxyV2("[2001:db8::8]:1234", "[2001:db8::1]:443"), "2001:db8::8"},
				{"v2 of mapped IPv4", proxyV2("[::ffff:192.0.2.9]:1234", "[::ffff:203.0.113.1]:443"), "192.0.2.9"},
				{"v2 LOCAL", v2Header(0x20, 0, ""), "127.0.0.1"},
				{"v2 LOCAL that says more", v2Header(0x20, 0x11, strings.Repeat("\x01", 12)), "127.0.0.1"},
				{"v2 UNSPEC", v2Header(0x21, 0, "whatever"), "127.0.0.1"},
				{"v2 with TLVs", proxyV2("192.0.2.10:1234", to, tlv(1, "http/1.1"), tlv(2, "site.example"), tlv(5, "id"), tlv(0xe0, "own")), "192.0.2.10"},
			} {
				c := open("127.0.0.1", h.header)
				target := fmt.Sprint("/", protocol, i)
				for range 2 {
					expect(t, h.what, c.Get(target, "X-Forwarded-For: 6.6.6.6"), 200, "a GET "+target)
				}
				for _, r := range backend.Take() {
					// The proxy before this one is trusted, who it names is not.
					want := h.client
					if want == "127.0.0.1" {
						want = "6.6.6.6, 127.0.0.1"
					}
					if values := r.Fields.Values("X-Forwarded-For"); !slices.Equal(values, []string{want}) {
						t.Errorf("%s by %s: X-Forwarded-For is %q, want %q", h.what, protocol, values, want)
					}
					if ip, _ := r.Fields.Get("X-Real-IP"); h.client != "127.0.0.1" && ip != h.client {
						t.Errorf("%s by %s: X-Real-IP is %q, want %q", h.what, protocol, ip, h.client)
					}
				}
				client, _ := p.logged("access.log", target)["client"].(string)
				if address, err := netip.ParseAddrPort(client); err != nil || address.Addr() != netip.MustParseAddr(h.client) {
					t.Errorf("%s by %s: the log says %q, want %s", h.what, protocol, client, h.client)
				}
			}
			// What others say is not believed. In the clear it is no request either.
			other := dialFrom(t, "127.0.0.9", p.Addr("web"))
			other.Send(proxyV1("192.0.2.7:1234", to))
			if answer := other.AwaitEnd(); strings.Contains(answer, " 200 ") {
				t.Errorf("%s from elsewhere got %.60q", protocol, answer)
			}
			expect(t, "without a header from elsewhere", open("127.0.0.9", "").Get("/x"), 200, "a GET /x")
			if xff, _ := backend.Take()[0].Fields.Get("X-Forwarded-For"); xff != "127.0.0.9" {
				t.Errorf("%s: a client from elsewhere is told as %q", protocol, xff)
			}
		})
	}
}

func TestProxyHeaderIsRequiredOfTheTrusted(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{Listener: believing + "timeouts: {head: 500ms}"}.Start(t, backend)
	cut := proxyV2("192.0.2.8:1234", "203.0.113.1:443")
	for what, answer := range answers(t, p.Addr("web"), map[string]string{
		"no header":                   head("GET", "/x"),
		"silence":                     "",
		"half of v1":                  "PROXY TCP4 192.0",
		"half of v2":                  cut[:20],
		"a bad address":               "PROXY TCP4 192.0.2.700 203.0.113.1 1 2\r\n" + head("GET", "/x"),
		"a bad port":                  "PROXY TCP4 192.0.2.7 203.0.113.1 1 99999\r\n" + head("GET", "/x"),
		"the wrong family":            "PROXY TCP6 192.0.2.7 203.0.113.1 1 2\r\n" + head("GET", "/x"),
		"a line that ends in LF only": "PROXY TCP4 192.0.2.7 203.0.113.1 1 2\n" + head("GET", "/x"),
		"a line that is too long":     "PROXY UNKNOWN " + strings.Repeat("x", 200) + "\r\n" + head("GET", "/x"),
		"an unknown version":          v2Header(0x11, 0x11, strings.Repeat("\x01", 12)) + head("GET", "/x"),
		"no room for addresses":       v2Header(0x21, 0x11, "\x01") + head("GET", "/x"),
		"a TLV that is cut":           proxyV2("192.0.2.8:1", "203.0.113.1:2", "\x01\x00\x09http") + head("GET", "/x"),
		"a false checksum":            proxyV2("192.0.2.8:1", "203.0.113.1:2", tlv(3, "sum!")) + head("GET", "/x"),
		"a header that is too long":   v2Header(0x20, 0, strings.Repeat("x", 60_000)) + head("GET", "/x"),
	}) {
		if answer != "" {
			t.Errorf("%s got %.60q", what, answer)
		}
	}
	if n := len(backend.Requests()); n > 0 {
		t.Errorf("%d of these requests reached the backend", n)
	}
}

func TestProxyHeaderMayComeInPieces(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Setup{Listener: believing}.Start(t, backend)
	for _, header := range []string{proxyV1("192.0.2.7:1234", "203.0.113.1:443"), proxyV2("192.0.2.7:1234", "203.0.113.1:443", tlv(2, "site.example"))} {
		for _, size := range []int{1, 5, 17, 1000} {
			c := dial(t, p.Addr("web"))
			for _, piece := range split(header+head("GET", "/x")+head("GET", "/y"), size) {
				c.Send(piece)
			}
			expect(t, "the first request", c.Read("GET"), 200, "a GET /x")
			expect(t, "the second request", c.Read("GET"), 200, "a GET /y")
			for _, r := range backend.Take() {
				if xff, _ := r.Fields.Get("X-Forwarded-For"); xff != "192.0.2.7" {
					t.Errorf("in pieces of %d: X-Forwarded-For is %q", size, xff)
				}
			}
		}
	}
}

func TestProxyHeaderDecidesRoutes(t *testing.T) {
	t.Parallel()
	inside, outside := NewBackend(t, "inside", greeting("inside")), NewBackend(t, "outside", greeting("outside"))
	p := Start(t, `
listeners:
  - {name: web, address: {{listen "web"}}, proxy_protocol: true, trusted_proxies: [127.0.0.1]}
  - {name: db, address: {{listen "db"}}, proxy_protocol: true, trusted_proxies: [127.0.0.1], protocol: tcp, pool: outside}
routes:
  - {match: {client_ip: [192.0.2.0/24], listener: db}, pool: inside}
  - {match: {client_ip: [192.0.2.0/24]}, respond: {status: 200, body: inside}}
  - {match: {path: /}, respond: {status: 200, body: outside}}
pools:
  - {name: inside, protocol: tcp, backends: [{address: {{.inside}}}]}
  - {name: outside, protocol: tcp, backends: [{address: {{.outside}}}]}
`, Vars{"inside": inside.Address, "outside": outside.Address})
	for client, want := range map[string]string{"192.0.2.7:1": "inside", "198.51.100.7:1": "outside"} {
		for _, header := range []string{proxyV1(client, "203.0.113.1:2"), proxyV2(client, "203.0.113.1:2")} {
			web := dial(t, p.Addr("web"))
			web.Send(header)
			expect(t, client, web.Get("/x"), 200, want)
			db := dial(t, p.Addr("db"))
			db.Send(header)
			if line := db.Line(); line != want {
				t.Errorf("the stream of %s went to %s, want %s", client, line, want)
			}
			db.says("and on")
		}
	}
	// Whose header is not believed has it passed on as it is.
	if other := dialFrom(t, "127.0.0.9", p.Addr("db")); other.Line() == "outside" {
		other.says(proxyV1("192.0.2.7:1", "203.0.113.1:2"))
	} else {
		t.Errorf("a client from elsewhere went inside")
	}
}

func TestProxyHeaderBeforeAClientHello(t *testing.T) {
	t.Parallel()
	db := NewBackend(t, "db", secretly(NewAuthority(t, "authority").Issue("db"), echo))
	p := Start(t, `
access_log: {output: {{path "access.log"}}}
listeners: [{name: mixed, address: {{listen "mixed"}}, protocol: tls, proxy_protocol: true, trusted_proxies: [127.0.0.1]}]
routes: [{match: {sni: db.example, client_ip: [192.0.2.0/24]}, pool: db}]
pools: [{name: db, protocol: tcp, backends: [{address: {{.db}}}]}]
`, Vars{"db": db.Address})
	for i, header := range []string{proxyV1("192.0.2.7:1000", "203.0.113.1:2"), proxyV2("192.0.2.7:1001", "203.0.113.1:2")} {
		c := dial(t, p.Addr("mixed"))
		c.Send(header)
		c = c.Secure(asking("db.example"))
		c.returns(pattern(100_000))
		c.Close()
		client := fmt.Sprint("192.0.2.7:", 1000+i)
		p.loggedIf("access.log", "a line of "+client, func(line map[string]any) bool { return line["client"] == client })
	}
}

func TestBackendsOfStreamsAreToldTheClient(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			p := Streams{Pool: "proxy_protocol: " + version}.Start(t, NewBackend(t, "a", speaking(func(conn *BackendConn) {
				io.WriteString(conn, readProxyHeader(conn.reader)+"\n")
				echo(conn)
			})))
			for _, source := range []string{"127.0.0.1", "127.0.0.7"} {
				c := dialFrom(t, source, p.Addr("db"))
				if got, want := c.Line(), fmt.Sprint(version, " ", c.LocalAddr(), " ", p.Addr("db")); got != want {
					t.Errorf("the backend was told %q, want %q", got, want)
				}
				c.says("PROXY TCP4 6.6.6.6 6.6.6.6 6 6\r\n")
				c.returns(pattern(100_000))
			}
		})
	}
}

func TestBackendsOfRequestsAreToldTheClient(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			p := Setup{Pool: "proxy_protocol: " + version + "\nhealth_check: {type: http, interval: 100ms, timeout: 1s}"}.Start(t,
				NewBackend(t, "a", told, Handling(func(x *Exchange) { x.Reply(200, x.Conn.Opening) })))
			var clients []*Client
			for i := range 6 {
				clients = append(clients, dialFrom(t, fmt.Sprint("127.0.0.", 1+i%3), p.Addr("web")))
			}
			for range 5 {
				for _, c := range clients {
					expect(t, "told", c.Get("/x"), 200, fmt.Sprint(version, " ", c.LocalAddr(), " ", p.Addr("web")))
				}
			}
			c := clients[0]
			for range 5 {
				c.Send(head("GET", "/x"))
			}
			for range 5 {
				expect(t, "pipelined", c.Read("GET"), 200, fmt.Sprint(version, " ", c.LocalAddr(), " ", p.Addr("web")))
			}
		})
	}
}

func TestHealthChecksSpeakForThemselves(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"v1": "v1 UNKNOWN", "v2": "v2 LOCAL"} {
		t.Run(version, func(t *testing.T) {
			opening := make(chan string, 1000)
			a := NewBackend(t, "a", told, Handling(func(x *Exchange) {
				opening <- x.Conn.Opening
				x.Echo("a")
			}))
			p := Setup{Pool: "proxy_protocol: " + version + "\nhealth_check: {type: http, interval: 100ms, timeout: 1s}"}.Start(t, a)
			if got := receive(t, "a check", opening); got != want {
				t.Errorf("with %s a check begins with %q, want %q", version, got, want)
			}
			p.AwaitState(a.Address, "healthy")
		})
	}
}

func TestProxyHeadersThroughTwoInstances(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", told, Handling(func(x *Exchange) {
		xff, _ := x.Fields.Get("X-Forwarded-For")
		x.Reply(200, x.Conn.Opening+", "+xff+", "+certificateFields(*x.Request)["x-client-cert-subject"])
	}))
	ca, clients := NewAuthority(t, "authority"), NewAuthority(t, "clients")
	inner := Setup{Listener: believing + secured("client_ca_file: "+clients.File, ca.Issue("site.example")), Pool: "proxy_protocol: v1"}.Start(t, backend)
	outer := Start(t, `
listeners: [{name: edge, address: {{listen "edge"}}, protocol: tls}]
routes: [{match: {sni: site.example}, pool: inner}]
pools: [{name: inner, protocol: tcp, proxy_protocol: v2, backends: [{address: {{.inner}}}]}]
`, Vars{"inner": inner.Addr("web")})
	alice := clients.Issue("alice.example")
	for _, source := range []string{"127.0.0.7", "127.0.0.8"} {
		c := dialFrom(t, source, outer.Addr("edge"))
		own := c.LocalAddr()
		c = c.Secure(showing("site.example", alice))
		for range 3 {
			expect(t, "through both", c.Get("/x"), 200, fmt.Sprintf("v1 %s %s, %s, CN=alice.example", own, outer.Addr("edge"), source))
		}
	}
}
