package proxy

import (
	"net"
	"net/netip"
	"strings"
	"sync/atomic"

	"spillway/internal/config"
	"spillway/internal/http1"
	"spillway/internal/loop"
)

// A listener is an open address. It lives from the snapshot that first names
// its address to the one that no longer does.
type listener struct {
	server      *Server
	address     string
	socket      *loop.Listener
	settings    atomic.Pointer[listenerSettings]
	connections atomic.Int64
	retired     atomic.Bool // closed: its connections end with their next answer
	stats       []listenerStats
}

// listenerSettings are what one snapshot says of a listener. They are immutable.
type listenerSettings struct {
	config         *config.Listener
	name           string
	protocol       config.ListenerProtocol
	proxyProtocol  bool
	tls            *listenerTLS // nil: it ends no TLS
	maxStreams     int          // of an HTTP/2 connection; 0: HTTP/1.1 only
	rawTarget      *target      // where bytes go that no route names; nil: nowhere
	headTimeout    int64        // nanoseconds, like all that follow; 0: none
	bodyTimeout    int64
	idleTimeout    int64
	limits         http1.Limits
	headRoom       int // how large the buffer of a head may grow
	bodyLimit      int64
	maxConnections int64
	trustedProxies []netip.Prefix
	forwarded      forwardedFields
}

func newListenerSettings(c *config.Listener, port uint16) *listenerSettings {
	maxStreams := 0
	if c.HTTP2 != nil {
		maxStreams = c.HTTP2.MaxStreams
	}
	return &listenerSettings{
		maxStreams:     maxStreams,
		config:         c,
		name:           c.Name,
		protocol:       c.Protocol,
		proxyProtocol:  c.ProxyProtocol,
		headTimeout:    int64(c.Timeouts.Head),
		bodyTimeout:    int64(c.Timeouts.Body),
		idleTimeout:    int64(c.Timeouts.Idle),
		limits:         http1.Limits{Head: int(c.Limits.Head), Fields: c.Limits.Fields, Target: int(c.Limits.Target)},
		headRoom:       max(bufferSize, int(c.Limits.Head)+4),
		bodyLimit:      c.Limits.Body,
		maxConnections: int64(c.Limits.Connections),
		trustedProxies: c.TrustedProxies,
		forwarded:      newForwardedFields(&c.Forwarded, port),
	}
}

func newForwardedFields(c *config.Forwarded, port uint16) forwardedFields {
	f := forwardedFields{forr: c.For, proto: c.Proto, host: c.Host, port: c.Port, realIP: c.RealIP, requestID: c.RequestID, ownPort: port}
	if c.Via != "" {
		f.via = append(f.via, "Via: 1.1 "+c.Via+"\r\n"...)
	}
	return f
}

// takesRequests tells whether requests are what comes on the listener's
// connections, over TLS or without.
func (s *listenerSettings) takesRequests(overTLS bool) bool {
	if overTLS {
		return s.tls != nil
	}
	return s.protocol == config.ListenerHTTP
}

// trusts tells whether a peer may say who its client is. The peer of a unix
// socket (an invalid address) is as local as can be, and still has to be named.
func (s *listenerSettings) trusts(peer netip.Addr) bool {
	for _, each := range s.trustedProxies {
		if each.Contains(peer) {
			return true
		}
	}
	return false
}

// trustsNames tells the same of the names in a peer's verified certificate.
func (s *listenerSettings) trustsNames(names []string) bool {
	if s.config.TLS == nil {
		return false
	}
	for _, trusted := range s.config.TLS.TrustedNames {
		parent, wildcard := strings.CutPrefix(trusted, "*")
		for _, name := range names {
			if name == trusted || wildcard && strings.HasSuffix(name, parent) {
				return true
			}
		}
	}
	return false
}

// listen opens an address; connections are accepted once the listener is in force.
func (s *Server) listen(address string) (*listener, error) {
	ln := &listener{server: s, address: address, stats: make([]listenerStats, len(s.workers))}
	socket, err := s.group.Open(address, ln)
	if err != nil {
		return nil, err
	}
	ln.socket = socket
	return ln, nil
}

func portOf(ln *listener) uint16 {
	if tcp, ok := ln.socket.Addr().(*net.TCPAddr); ok {
		return uint16(tcp.Port)
	}
	return 0
}

// retire closes a listener. What waits in its queue is served; connections end
// with their next answer, idle ones at once.
func (ln *listener) retire(done func()) {
	ln.socket.Close(func() {
		ln.retired.Store(true)
		done()
		for _, w := range ln.server.workers {
			w.loop.Post(func() { w.closeIdleClients(0, ln) })
		}
	})
}
