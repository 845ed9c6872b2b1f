package proxy

import (
	"net/netip"

	"spillway/internal/config"
	"spillway/internal/http2"
	"spillway/internal/loop"
	"spillway/internal/proxyproto"
)

// A client is a connection that a listener accepted. It belongs to its worker.
type client struct {
	worker     *worker
	conn       loop.Stream
	listener   *listener
	origin     *origin           // nil: all that is known is what the socket shows
	h2         *http2.ServerConn // nil: HTTP/1.1, or one stream of HTTP/2
	next, prev *client           // in the worker's clientList

	trustedBy *listenerSettings // for which trusted was judged
	idleSince int64             // 0 while an exchange runs
	served    uint32
	trusted   bool
	opened    bool // requests may be read
	secure    bool // TLS with the client ends here
	stream    bool // it is one stream of HTTP/2 and ends with its request
}

// Accepted makes a client of a new connection; it waits for the first bytes, where
// clients begin.
func (ln *listener) Accepted(c *loop.Conn) {
	w := ln.server.workers[c.Loop().Index()]
	settings := ln.settings.Load()
	if n := ln.connections.Add(1); settings.maxConnections > 0 && n > settings.maxConnections {
		ln.connections.Add(-1)
		ln.stats[w.index].refused++
		c.Close()
		return
	}
	ln.stats[w.index].accepted++
	cl := &client{worker: w, conn: c, listener: ln, opened: settings.beginsWithRequests()}
	w.clients.add(cl)
	if settings.protocol == config.ListenerTCP && !(settings.proxyProtocol && cl.namesItsClient()) {
		cl.begin() // the server may be the one who speaks first
		return
	}
	cl.rest(settings.headTimeout)
}

// begin has a task serve the client.
func (cl *client) begin() {
	cl.idleSince = 0
	x := cl.worker.takeExchange()
	x.client = cl
	cl.worker.loop.Start(x)
}

// rest hands the connection to the loop until its next request, for patience
// nanoseconds at the longest. False: there is input already.
func (cl *client) rest(patience int64) bool {
	now := cl.worker.loop.Now()
	cl.conn.SetReadDeadline(deadlineAfter(now, patience))
	cl.idleSince = now
	if cl.conn.Idle(cl) {
		return true
	}
	cl.idleSince = 0
	return false
}

// Wake is called by the loop when the idle connection has input or has idled too long.
func (cl *client) Wake(e loop.Event) {
	if e != loop.Readable {
		cl.close()
		return
	}
	cl.begin()
}

// close ends the connection. Closing twice is fine.
func (cl *client) close() {
	if cl.worker.clients.remove(cl) {
		cl.listener.connections.Add(-1)
	}
	cl.conn.Close()
}

// ending tells whether the connection takes no further requests: the process or
// the listener ends.
func (cl *client) ending() bool {
	return cl.worker.server.draining.Load() || cl.listener.retired.Load()
}

// scheme is how the client's requests came, whatever its listener asks for by now.
func (cl *client) scheme() string {
	if cl.secure {
		return "https"
	}
	return "http"
}

// trusts tells whether the peer may set the forwarding fields.
func (cl *client) trusts(s *listenerSettings) bool {
	if cl.trustedBy != s {
		cl.trustedBy = s
		cl.trusted = s.trusts(cl.peer()) || cl.origin != nil && s.trustsNames(cl.origin.names)
	}
	return cl.trusted
}

// peer is the address of whoever is connected; invalid on a unix socket.
func (cl *client) peer() netip.Addr { return cl.remoteAddr().Addr() }

// remoteAddr is peer with its port.
func (cl *client) remoteAddr() netip.AddrPort {
	if o := cl.origin; o != nil && o.peer.IsValid() {
		return o.peer
	}
	return cl.conn.RemoteAddr()
}

// localAddr is the address that the client connected to.
func (cl *client) localAddr() netip.AddrPort {
	if o := cl.origin; o != nil && o.local.IsValid() {
		return o.local
	}
	return cl.conn.LocalAddr()
}

// header tells a backend who its client is; nil: spillway speaks for itself.
func (cl *client) header() proxyproto.Header {
	if cl == nil {
		return proxyproto.Header{Local: true}
	}
	h := proxyproto.Header{Source: cl.remoteAddr(), Destination: cl.localAddr()}
	if cl.origin != nil {
		h.ServerName = cl.origin.serverName
	}
	return h
}

// A clientList is all clients of a worker, so that a drain finds the idle ones.
type clientList struct {
	head  *client
	count int
}

func (l *clientList) add(c *client) {
	c.next = l.head
	if l.head != nil {
		l.head.prev = c
	}
	l.head = c
	l.count++
}

// remove takes c out; false when it was not in.
func (l *clientList) remove(c *client) bool {
	if c.prev == nil && l.head != c {
		return false
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.head = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.next, c.prev = nil, nil
	l.count--
	return true
}

func deadlineAfter(now, patience int64) int64 {
	if patience <= 0 {
		return 0
	}
	return now + patience
}
