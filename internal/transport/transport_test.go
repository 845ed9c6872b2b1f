package transport

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"spillway/internal/config"
	"spillway/internal/loop"
	"spillway/internal/proxyproto"
	"spillway/internal/tlsconn"
)

// patience is when a test gives up; nothing that works comes near it.
const patience = 20 * time.Second

func TestConnectionsOutliveWhatChangesNothingForThem(t *testing.T) {
	roots := func(subjects ...string) *x509.CertPool {
		p := x509.NewCertPool()
		for _, each := range subjects {
			p.AddCert(&x509.Certificate{Raw: []byte(each), RawSubject: []byte(each)})
		}
		return p
	}
	certificate := func(der string) *config.Certificate {
		return &config.Certificate{TLS: tls.Certificate{Certificate: [][]byte{[]byte(der)}}}
	}
	pool := func(change func(c *config.Pool)) *config.Pool {
		c := &config.Pool{Protocol: config.PoolHTTP1, TLS: &config.BackendTLS{CAs: roots("a"), Certificate: certificate("x")}}
		change(c)
		return c
	}
	same := func(*config.Pool) {}
	for _, c := range []struct {
		name     string
		was, now func(c *config.Pool)
		address  string
		same     bool
	}{
		{"read anew", same, same, "shop.example:443", true},
		{"another port", same, same, "shop.example:8443", true},
		{"another name", same, same, "cart.example:443", false},
		{"the same name in words", same, func(c *config.Pool) { c.TLS.ServerName = "shop.example" }, "cart.example:443", true},
		{"no TLS", same, func(c *config.Pool) { c.TLS = nil }, "shop.example:443", false},
		{"no TLS before", func(c *config.Pool) { c.TLS = nil }, same, "shop.example:443", false},
		{"never TLS, and another name", func(c *config.Pool) { c.TLS = nil }, func(c *config.Pool) { c.TLS = nil }, "cart.example:443", true},
		{"other authorities", same, func(c *config.Pool) { c.TLS.CAs = roots("a", "b") }, "shop.example:443", false},
		{"the system's authorities", same, func(c *config.Pool) { c.TLS.CAs = nil }, "shop.example:443", false},
		{"another certificate", same, func(c *config.Pool) { c.TLS.Certificate = certificate("y") }, "shop.example:443", false},
		{"no certificate", same, func(c *config.Pool) { c.TLS.Certificate = nil }, "shop.example:443", false},
		{"any certificate will do", same, func(c *config.Pool) { c.TLS.InsecureSkipVerify = true }, "shop.example:443", false},
		{"another protocol", same, func(c *config.Pool) { c.Protocol = config.PoolH2 }, "shop.example:443", false},
		{"a PROXY header", same, func(c *config.Pool) { c.ProxyProtocol = config.ProxyV2 }, "shop.example:443", false},
	} {
		was, now := New(pool(c.was), "shop.example:443"), New(pool(c.now), c.address)
		if was.Same(now) != c.same || now.Same(was) != c.same {
			t.Errorf("%s: same is %t", c.name, !c.same)
		}
	}
}

func TestHTTP2InPlaceOfHTTP1(t *testing.T) {
	plain := New(&config.Pool{Protocol: config.PoolHTTP1}, "shop.example:80")
	if h2 := plain.OverHTTP2(); plain.Multiplexes() || !h2.Multiplexes() || h2.Scheme() != "http" {
		t.Error("plain HTTP/1.1 does not become plain HTTP/2")
	}
	secure := New(&config.Pool{Protocol: config.PoolHTTP1, TLS: &config.BackendTLS{}}, "shop.example:443")
	h2 := secure.OverHTTP2()
	if !h2.Multiplexes() || h2.Scheme() != "https" || !slices.Equal(h2.tls.NextProtos, []string{tlsconn.HTTP2}) || h2.tls.ServerName != "shop.example" {
		t.Errorf("it offers %v to %q", h2.tls.NextProtos, h2.tls.ServerName)
	}
	if secure.Multiplexes() || !slices.Equal(secure.tls.NextProtos, []string{tlsconn.HTTP1}) {
		t.Error("the transport of requests has changed")
	}
	if h2.OverHTTP2() != h2 {
		t.Error("a transport by HTTP/2 is made anew")
	}
}

// An opening connects, and opens the connection by a transport.
type opening struct {
	loop   *loop.Loop
	to     netip.AddrPort
	by     *Transport
	header proxyproto.Header
	ended  chan error
}

func (o *opening) Run(t *loop.Task) {
	socket, err := o.loop.Dial(t, loop.Address{IP: o.to}, 0)
	if err == nil {
		var conn loop.Stream
		if conn, err = o.by.Open(t, tlsconn.NewWorker(o.loop), socket, &o.header, 0); err == nil {
			conn.Close()
		}
	}
	o.ended <- err
}

// open opens a connection, and returns all that its other end is told.
func open(t *testing.T, by *Transport, header proxyproto.Header) (told []byte) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	g, err := loop.NewGroup(loop.Options{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	o := &opening{loop: g.Loops()[0], to: ln.Addr().(*net.TCPAddr).AddrPort(), by: by, header: header, ended: make(chan error, 1)}
	o.loop.Post(func() { o.loop.Start(o) })
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if told, err = io.ReadAll(c); err != nil {
		t.Fatal(err)
	}
	if err := <-o.ended; err != nil {
		t.Error(err)
	}
	return told
}

func TestAConnectionBeginsWithWhoseItIs(t *testing.T) {
	client := proxyproto.Header{Source: netip.MustParseAddrPort("192.0.2.1:1000"), Destination: netip.MustParseAddrPort("192.0.2.2:443"), ServerName: "shop.example"}
	own := proxyproto.Header{Local: true}
	for _, c := range []struct {
		version      config.ProxyVersion
		header, want proxyproto.Header
	}{
		{config.ProxyV1, client, proxyproto.Header{Source: client.Source, Destination: client.Destination}},
		{config.ProxyV2, client, client},
		{config.ProxyV2, own, own},
		{config.ProxyV1, own, proxyproto.Header{}},
	} {
		tr := New(&config.Pool{Protocol: config.PoolTCP, ProxyProtocol: c.version}, "127.0.0.1:1")
		told := open(t, tr, c.header)
		got, n, err := proxyproto.Parse(told)
		if !tr.Announces() || err != nil || n != len(told) || got != c.want {
			t.Errorf("version %d is told %q: %+v, %v; want %+v", c.version, told, got, err, c.want)
		}
	}
	tr := New(&config.Pool{Protocol: config.PoolTCP}, "127.0.0.1:1")
	if told := open(t, tr, client); tr.Announces() || len(told) > 0 {
		t.Errorf("without a header it is told %q", told)
	}
}
