package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"spillway/internal/config"
	"spillway/internal/loop"
	"spillway/internal/proxyproto"
	"spillway/internal/tlsconn"
)

// A Transport is how a backend is spoken to, below HTTP. It is immutable.
type Transport struct {
	protocol config.PoolProtocol
	proxy    config.ProxyVersion // of the header that a connection begins with
	tls      *tls.Config         // nil: plain
	from     *config.BackendTLS  // what tls was made of
}

// Multiplexes tells whether requests share connections.
func (tr *Transport) Multiplexes() bool { return tr.protocol == config.PoolH2 }

// OverHTTP2 is the transport for a check by gRPC, which takes HTTP/2 whatever
// requests are sent by.
func (tr *Transport) OverHTTP2() *Transport {
	if tr.Multiplexes() {
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

// Scheme is what requests say that they came by.
func (tr *Transport) Scheme() string {
	if tr.tls != nil {
		return "https"
	}
	return "http"
}

// Announces tells whether a connection begins by saying whose it is. Then it must not
// serve another client's requests.
func (tr *Transport) Announces() bool { return tr.proxy != config.ProxyOff }

// Open makes a new connection ready for what the transport's protocol says first.
// header is sent where the transport announces whose a connection is. Of the socket
// only what Open returns may be used afterwards; with an error it is closed.
func (tr *Transport) Open(t *loop.Task, w *tlsconn.Worker, socket *loop.Conn, header *proxyproto.Header, deadline int64) (loop.Stream, error) {
	if tr.Announces() {
		socket.SetWriteDeadline(deadline)
		if _, err := socket.Write(t, tr.announcement(header)); err != nil {
			socket.Close()
			return nil, err
		}
		socket.SetWriteDeadline(0)
	}
	if tr.tls == nil {
		return socket, nil
	}
	return tr.secure(t, w, socket, deadline)
}

var errNoHTTP2 = errors.New("the backend does not speak HTTP/2")

// secure takes the client's part in a handshake.
func (tr *Transport) secure(t *loop.Task, w *tlsconn.Worker, socket *loop.Conn, deadline int64) (loop.Stream, error) {
	conn := w.Client(socket, tr.tls)
	if err := conn.Handshake(t, deadline); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	if state := conn.State(); tr.Multiplexes() && state.NegotiatedProtocol != "h2" {
		conn.Close()
		return nil, errNoHTTP2
	}
	return conn, nil
}

func (tr *Transport) announcement(h *proxyproto.Header) []byte {
	if tr.proxy == config.ProxyV1 {
		return proxyproto.AppendV1(nil, h.Source, h.Destination)
	}
	return proxyproto.AppendV2(nil, *h)
}

// New is the transport that a pool asks for, to a backend whose address is as the
// configuration writes it.
func New(c *config.Pool, address string) *Transport {
	tr := &Transport{protocol: c.Protocol, proxy: c.ProxyProtocol, from: c.TLS}
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

// Same tells whether connections by one are as good as connections by the other.
func (tr *Transport) Same(o *Transport) bool {
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
