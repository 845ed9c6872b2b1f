package proxy

import (
	"net/netip"

	"spillway/internal/config"
	"spillway/internal/proxyproto"
	"spillway/internal/router"
	"spillway/internal/tlsconn"
)

// An origin is what a connection's opening tells of its client, beyond what the
// socket shows. It is immutable once requests are read, and shared by the streams
// of a connection.
type origin struct {
	peer, local netip.AddrPort // as a trusted proxy named them; invalid: the socket's own
	serverName  string         // by SNI, or by a trusted proxy
	certificate []byte         // the X-Client-Cert-* lines of a client that was verified
	names       []string       // that its certificate is for, in lower case
}

// beginsWithRequests tells whether a new connection has no opening.
func (s *listenerSettings) beginsWithRequests() bool {
	return s.protocol == config.ListenerHTTP && !s.proxyProtocol
}

// open brings a new connection past what comes before requests: the PROXY header
// and the handshake that its listener asks for, or to a backend where bytes are
// passed on as they come. False: there is no HTTP/1.1 request to be read on it,
// and x.client is nil.
func (x *exchange) open() (ready bool) {
	x.reset()
	s := x.settings
	x.client.conn.SetReadDeadline(deadlineAfter(x.worker.loop.Now(), s.headTimeout))
	if s.proxyProtocol && x.client.namesItsClient() && !x.readProxyHeader() {
		return x.openingFailed()
	}
	switch s.protocol {
	case config.ListenerTCP:
		return x.passOn("")
	case config.ListenerTLS:
		return x.openBySNI()
	case config.ListenerHTTPS:
		return x.startTLS()
	}
	x.client.opened = true
	return true
}

// openingFailed closes a connection that no request came from.
func (x *exchange) openingFailed() bool {
	x.worker.listenerStats(x.client.listener).failedOpenings++
	x.client.close()
	x.client = nil
	return false
}

// namesItsClient tells whether the peer has to begin with a PROXY header: it is
// trusted, or local as the peers of unix sockets are.
func (cl *client) namesItsClient() bool {
	return !cl.peer().IsValid() || cl.trusts(cl.listener.settings.Load())
}

// readProxyHeader takes the header off and believes what it says of the client.
func (x *exchange) readProxyHeader() bool {
	for x.readOpening(proxyproto.MaxLen) {
		h, n, err := proxyproto.Parse(x.in.unread())
		if err != nil {
			return false
		}
		if n > 0 {
			x.in.start += n
			x.client.origin = &origin{peer: h.Source, local: h.Destination, serverName: h.ServerName}
			x.client.trustedBy = nil // that was the proxy
			return true
		}
	}
	return false
}

// readOpening reads more of what a connection begins with, up to limit bytes in all.
func (x *exchange) readOpening(limit int) bool {
	if x.in == nil {
		x.in = x.worker.buffers.take()
	}
	if len(x.in.unread()) >= limit || !x.in.grow(max(limit, bufferSize)) {
		return false
	}
	n, err := x.client.conn.Read(x.task, x.in.room())
	x.in.end += n
	return err == nil
}

// openBySNI sends a TLS connection where the name in its ClientHello is routed,
// or ends its TLS here where a certificate claims the name.
func (x *exchange) openBySNI() bool {
	for {
		if x.in != nil && !x.in.empty() {
			hello, state, err := tlsconn.ParseClientHello(x.in.unread())
			if err != nil || state == tlsconn.NotTLS {
				return x.openingFailed()
			}
			if state == tlsconn.Complete {
				if t := x.settings.tls; t != nil && x.findRaw(hello.ServerName) == nil && t.certificates.Has(hello.ServerName) {
					return x.startTLS()
				}
				return x.passOn(hello.ServerName)
			}
		}
		if !x.readOpening(tlsconn.MaxHello) {
			return x.openingFailed()
		}
	}
}

// passOn has a backend take the connection as it is: one of the pool that a
// route names for the server's name, else of the listener's own.
func (x *exchange) passOn(serverName string) bool {
	x.serverName = serverName
	r := x.findRaw(serverName)
	switch {
	case r != nil:
		x.forwardRaw(r, &r.targets[0])
	case x.settings.rawTarget != nil:
		x.forwardRaw(nil, x.settings.rawTarget)
	default:
		return x.openingFailed()
	}
	return false
}

// findRaw returns the first route that takes the connection as it is, or nil.
func (x *exchange) findRaw(serverName string) *route {
	s := x.worker.server.snapshot.Load()
	r := &x.worker.lookup
	*r = router.Request{Listener: x.settings.name, ClientIP: x.clientIP()}
	x.keyRoom = append(x.keyRoom[:0], serverName...)
	r.Host = x.keyRoom
	index, ok := s.rawTable.Find(r)
	if !ok {
		return nil
	}
	return s.rawRoutes[index]
}
