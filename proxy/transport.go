package proxy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	"spillway/internal/config"
	"spillway/internal/loop"
	"spillway/internal/proxyproto"
	"spillway/internal/tlsconn"
)

// A transport is how a backend is spoken to, below HTTP. It is immutable; idle
// connections of another one are not used.
type transport struct {
	protocol config.PoolProtocol
	proxy    config.ProxyVersion // of the header that a connection begins with
	tls      *tls.Config         // nil: plain
	from     *config.BackendTLS  // what tls was made of
}

// multiplexes tells whether requests share connections.
func (tr *transport) multiplexes() bool { return tr.protocol == config.PoolH2 }

// overHTTP2 is the transport for a check by gRPC, which takes HTTP/2 whatever
// requests are sent by.
func (tr *transport) overHTTP2() *transport {
	if tr.multiplexes() {
		return tr
	}
	h2 := *tr
	h2.protocol = config.PoolH2
	if tr.tls != nil {
		h2.tls = tr.tls.Clone()
		h2.tls.NextProtos = []string{tlsconn.HTTP2}
	}
	return &h2
}

// scheme is what requests say that they came by.
func (tr *transport) scheme() string {
	if tr.tls != nil {
		return "https"
	}
	return "http"
}

// dial opens a connection to an address of the backend's, ready for what the
// transport's protocol says first. from is the client on whose behalf; nil: spillway's own.
func (tr *transport) dial(w *worker, t *loop.Task, b *backend, to loop.Address, from *client, deadline int64) (loop.Stream, error) {
	began := w.loop.Now()
	socket, err := w.loop.Dial(t, to, deadline)
	if err != nil {
		return nil, err
	}
	w.server.distances.observe(*b.region.Load(), w.loop.Now()-began, w.loop.Now())
	if tr.proxy != config.ProxyOff {
		socket.SetWriteDeadline(deadline)
		if _, err := socket.Write(t, tr.proxyHeader(from)); err != nil {
			socket.Close()
			return nil, err
		}
		socket.SetWriteDeadline(0)
	}
	if tr.tls == nil {
		return socket, nil
	}
	return tr.secure(w, t, socket, deadline)
}

// secure takes the client's part in a handshake.
func (tr *transport) secure(w *worker, t *loop.Task, socket *loop.Conn, deadline int64) (loop.Stream, error) {
	conn := w.tls.Client(socket, tr.tls)
	if err := conn.Handshake(t, deadline); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	if state := conn.State(); tr.multiplexes() && state.NegotiatedProtocol != "h2" {
		conn.Close()
		return nil, errNoHTTP2
	}
	return conn, nil
}

// proxyHeader tells the backend who its client is.
func (tr *transport) proxyHeader(from *client) []byte {
	h := proxyproto.Header{Local: from == nil}
	if from != nil {
		h.Source, h.Destination = from.remoteAddr(), from.localAddr()
		if from.origin != nil {
			h.ServerName = from.origin.serverName
		}
	}
	if tr.proxy == config.ProxyV1 {
		return proxyproto.AppendV1(nil, h.Source, h.Destination)
	}
	return proxyproto.AppendV2(nil, h)
}

// keeps tells whether a connection may serve another client's requests: not
// where its first bytes say whose it is.
func (tr *transport) keeps() bool { return tr.proxy == config.ProxyOff }

// setTransport makes the transport that a configuration asks for, or keeps the
// one in use, and with it its connections and TLS sessions, where that is the same.
func (b *backend) setTransport(c *config.Pool, address string) {
	now := newTransport(c, address)
	if was := b.transport.Load(); was == nil || !was.same(now) {
		b.transport.Store(now)
	}
}

func newTransport(c *config.Pool, address string) *transport {
	tr := &transport{protocol: c.Protocol, proxy: c.ProxyProtocol, from: c.TLS}
	if c.TLS == nil {
		return tr
	}
	o := tlsconn.ClientOptions{ServerName: c.TLS.ServerName, RootCAs: c.TLS.CAs}
	if o.ServerName == "" {
		o.ServerName, _, _ = config.Address(address).HostPort()
	}
	if c.TLS.Certificate != nil {
		o.Certificate = &c.TLS.Certificate.TLS
	}
	switch c.Protocol {
	case config.PoolH2:
		o.Protocols = []string{tlsconn.HTTP2}
	case config.PoolHTTP1:
		o.Protocols = []string{tlsconn.HTTP1}
	}
	tr.tls = tlsconn.ClientConfig(o)
	tr.tls.InsecureSkipVerify = c.TLS.InsecureSkipVerify
	return tr
}

// same tells whether connections by one are as good as connections by the other.
func (tr *transport) same(o *transport) bool {
	if tr.protocol != o.protocol || tr.proxy != o.proxy || (tr.tls == nil) != (o.tls == nil) {
		return false
	}
	if tr.tls == nil {
		return true
	}
	return tr.tls.ServerName == o.tls.ServerName && tr.tls.InsecureSkipVerify == o.tls.InsecureSkipVerify &&
		sameRoots(tr.tls.RootCAs, o.tls.RootCAs) && sameCertificate(tr.from.Certificate, o.from.Certificate)
}

func sameRoots(a, b *x509.CertPool) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(b)
}

func sameCertificate(a, b *config.Certificate) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.TLS.Certificate, b.TLS.Certificate, bytes.Equal)
}
