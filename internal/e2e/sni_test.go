package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// securing is a script that speaks TLS on every connection, to which set may add.
func securing(certificate *Issued, set ...func(*tls.Config)) func(*Backend) {
	config := &tls.Config{Certificates: []tls.Certificate{certificate.Certificate}}
	for _, each := range set {
		each(config)
	}
	return func(b *Backend) { b.Accept = func(conn *BackendConn) { conn.secure(b, config) } }
}

// secure makes the server's handshake; a failure shows when the connection is read.
func (c *BackendConn) secure(b *Backend, config *tls.Config) {
	under := c.Conn
	server := tls.Server(buffered{under, c.reader}, config)
	under.SetDeadline(time.Now().Add(patience))
	err := server.Handshake()
	under.SetDeadline(time.Time{})
	b.update(func() { c.Conn = server })
	c.reader = newReaderOf(server)
	if err == nil {
		c.TLS = server.ConnectionState()
	}
}

// buffered is a connection of which some has been read.
type buffered struct {
	net.Conn
	reader io.Reader
}

func (c buffered) Read(p []byte) (int, error) { return c.reader.Read(p) }

// CloseWrite ends this direction.
func (c buffered) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// secretly is a script that ends TLS and then does with the connection what speak does.
func secretly(certificate *Issued, speak func(*BackendConn)) func(*Backend) {
	config := &tls.Config{Certificates: []tls.Certificate{certificate.Certificate}}
	return func(b *Backend) {
		b.Accept = func(conn *BackendConn) {
			conn.secure(b, config)
			speak(conn)
			conn.Close()
			conn.reader = newReader("")
		}
	}
}

// A house is a tls listener, mixed, with a backend for each way that a name may go.
type house struct {
	*Proxy
	web *Backend // where requests go whose TLS ends at the proxy
}

// newHouse has routes for db.example, *.db.example and both.example, certificates
// for site.example, *.site.example and both.example, and a pool for the rest if
// rest is true.
func newHouse(t testing.TB, rest bool) house {
	t.Helper()
	ca := NewAuthority(t, "authority")
	web := NewBackend(t, "web")
	backend := func(name string) string { return NewBackend(t, name, secretly(ca.Issue(name), echo)).Address }
	pool := ""
	if rest {
		pool = "pool: rest"
	}
	p := Start(t, `
access_log: {output: {{path "access.log"}}}
listeners:
  - name: mixed
    address: {{listen "mixed"}}
    protocol: tls
    http2: off
    timeouts: {head: 2s}
    tls:
      certificates: [{ {{.site}} }, { {{.both}} }]
    {{.pool}}
routes:
  - {match: {sni: db.example}, pool: db}
  - {match: {sni: "*.db.example"}, pool: wild}
  - {match: {sni: both.example}, pool: both}
  - {match: {scheme: https, path: /}, pool: web}
pools:
  - {name: db, protocol: tcp, backends: [{address: {{.db}}}]}
  - {name: wild, protocol: tcp, backends: [{address: {{.wild}}}]}
  - {name: both, protocol: tcp, backends: [{address: {{.routed}}}]}
  - {name: rest, protocol: tcp, backends: [{address: {{.rest}}}]}
  - {name: web, backends: [{address: {{.web}}}]}
`, Vars{
		"site": ca.Issue("site.example", "*.site.example").Keys(), "both": ca.Issue("both.example").Keys(), "pool": pool,
		"db": backend("db"), "wild": backend("wild"), "routed": backend("routed"), "rest": backend("rest"), "web": web.Address,
	})
	return house{p, web}
}

// wayOf tells who takes a TLS connection of that name: a backend by the name in
// its certificate, or here by what an answer says. Empty: nobody.
func (h house) wayOf(name string, through func(net.Conn) net.Conn) string {
	h.t.Helper()
	raw, err := dialRaw(h.Addr("mixed"))
	if err != nil {
		h.t.Fatal(err)
	}
	conn, err := secureConn(through(raw), asking(name))
	if err != nil {
		return ""
	}
	c := newClient(h.t, conn)
	defer c.Close()
	if way := c.Shown(); way != "site.example" && way != "both.example" {
		c.returns(pattern(100_000))
		return way
	}
	c.Get("/x")
	return "here as " + c.Shown()
}

func directly(conn net.Conn) net.Conn { return conn }

func TestTLSIsRoutedByServerName(t *testing.T) {
	t.Parallel()
	ways := map[string]string{
		"db.example": "db", "DB.Example": "db", "x.db.example": "wild", "x.y.db.example": "wild", "both.example": "routed",
		"site.example": "here as site.example", "a.site.example": "here as site.example", "SITE.example": "here as site.example",
		"a.b.site.example": "rest", "other.example": "rest", "": "rest",
	}
	for what, rest := range map[string]string{"with a pool for the rest": "rest", "without a pool for the rest": ""} {
		t.Run(what, func(t *testing.T) {
			h := newHouse(t, rest != "")
			for name, want := range ways {
				if want == "rest" {
					want = rest
				}
				if way := h.wayOf(name, directly); way != want {
					t.Errorf("%q went %q, want %q", name, way, want)
				}
			}
			if proto, _ := h.web.Requests()[0].Fields.Get("X-Forwarded-Proto"); proto != "https" {
				t.Errorf("X-Forwarded-Proto: %q", proto)
			}
		})
	}
}

func TestClientHelloMayComeInPieces(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	cut := func(sizes func(i int) int, records bool) func(net.Conn) net.Conn {
		return func(conn net.Conn) net.Conn { return &cutHello{Conn: conn, size: sizes, records: records} }
	}
	each := func(n int) func(int) int { return func(int) int { return n } }
	for what, through := range map[string]func(net.Conn) net.Conn{
		"segments of a byte":           cut(each(1), false),
		"segments of 7 bytes":          cut(each(7), false),
		"a segment that is only begun": cut(func(i int) int { return 3 + i*10_000 }, false),
		"records of 20 bytes":          cut(each(20), true),
		"records of 100 bytes":         cut(each(100), true),
		"a record that is only begun":  cut(func(i int) int { return 1 + i*10_000 }, true),
	} {
		for name, want := range map[string]string{"db.example": "db", "x.db.example": "wild", "site.example": "here as site.example", "other.example": ""} {
			if way := h.wayOf(name, through); way != want {
				t.Errorf("in %s, %s went %q, want %q", what, name, way, want)
			}
		}
	}
	if way := h.wayOf("db.example", cut(each(1), true)); way != "" {
		t.Errorf("a ClientHello in more records than any honest one went to %q", way)
	}
}

// A cutHello divides the first flight of a client, by bytes or by records.
type cutHello struct {
	net.Conn
	size    func(i int) int
	records bool
	done    bool
}

func (c *cutHello) Write(p []byte) (int, error) {
	if c.done {
		return c.Conn.Write(p)
	}
	c.done = true
	rest, head := p, []byte(nil)
	if c.records {
		head, rest = p[:3], p[5:]
	}
	for i := 0; len(rest) > 0; i++ {
		n := min(c.size(i), len(rest))
		piece := rest[:n]
		if c.records {
			piece = append(append(append([]byte(nil), head...), byte(n>>8), byte(n)), piece...)
		}
		if _, err := c.Conn.Write(piece); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(p), nil
}

func TestWhatIsNoTLSIsClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, true)
	hello := helloBytes(t, asking("db.example"))
	long := strings.Repeat("\x16\x03\x01\x40\x00"+"\x01\x00\xff\xfe"+strings.Repeat("x", 0x4000-4), 6)
	for what, answer := range answers(t, h.Addr("mixed"), map[string]string{
		"silence":                      "",
		"plain HTTP":                   head("GET", "/x"),
		"garbage":                      "\x00\x01\x02\x03",
		"half of a ClientHello":        hello[:len(hello)/2],
		"a record of garbage":          "\x16\x03\x01\x00\x07garbage",
		"an empty record":              "\x16\x03\x01\x00\x00",
		"an alert before the end":      hello[:len(hello)/2] + "\x15\x03\x01\x00\x02\x02\x28",
		"a ClientHello without an end": long,
		"a record larger than any":     "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70_000),
	}) {
		if answer != "" {
			t.Errorf("%s got %.60q", what, answer)
		}
	}
}

func TestStreamsBySNIAreLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, true)
	c := dialTLS(t, h.Addr("mixed"), asking("db.example"))
	c.says("hello")
	c.CloseWrite()
	_, _ = io.Copy(io.Discard, c.Conn) // one that closes with input unread sends a reset
	c.Close()
	line := h.loggedOf(c)
	if line["listener"] != "mixed" || line["pool"] != "db" || line["host"] != "db.example" || line["end"] != "tunnel_closed" || line["attempts"] != 1.0 {
		t.Errorf("the line is %v", line)
	}
	if in, _ := line["bytes_in"].(float64); in < 200 {
		t.Errorf("bytes_in is %v, less than a ClientHello has", line["bytes_in"])
	}
}

func TestReloadMovesServerNames(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	a, b := NewBackend(t, "a", secretly(ca.Issue("a"), echo)), NewBackend(t, "b", secretly(ca.Issue("b"), echo))
	config := `
listeners: [{name: mixed, address: {{listen "mixed"}}, protocol: tls}]
routes: [{match: {sni: db.example}, pool: db}]
pools: [{name: db, protocol: tcp, backends: [{address: {{.db}}}]}]
`
	p := Start(t, config, Vars{"db": a.Address})
	old := dialTLS(t, p.Addr("mixed"), asking("db.example"))
	for i, to := range []*Backend{b, a, b} {
		p.WriteConfig(config, Vars{"db": to.Address})
		p.Reload()
		if way := dialTLS(t, p.Addr("mixed"), asking("db.example")).Shown(); way != to.Name {
			t.Errorf("after a reload to %s it went to %s", to.Name, way)
		}
		old.says(fmt.Sprint("still here ", i))
	}
}
