package proxy

import (
	"time"

	"spillway/internal/http2"
)

// startHTTP2 hands the connection over to HTTP/2, with what has been read of it.
// It goes on without the exchange: x.client is nil afterwards.
func (x *exchange) startHTTP2() (ready bool) {
	cl, s := x.client, x.settings
	x.client = nil
	var read []byte
	if x.in != nil {
		read = x.in.unread()
	}
	cl.idleSince = 0
	cl.h2 = x.worker.h2.Serve(cl.conn, read, http2.ServerOptions{
		MaxStreams: s.maxStreams,
		Settings: http2.Settings{
			MaxHeaderList: s.limits.Head,
			WriteTimeout:  time.Duration(s.bodyTimeout),
			IdleTimeout:   time.Duration(s.idleTimeout),
		},
	}, cl)
	if cl.ending() {
		cl.h2.Shutdown()
	}
	return false
}

// Stream begins the exchange of one request of an HTTP/2 connection.
func (cl *client) Stream(s *http2.Stream) {
	x := cl.worker.takeExchange()
	x.client = &client{worker: cl.worker, conn: s, listener: cl.listener, origin: cl.origin, opened: true, stream: true, secure: cl.secure,
		trustedBy: cl.trustedBy, trusted: cl.trusted}
	cl.worker.loop.Start(x)
	if !cl.listener.settings.Load().takesRequests(cl.secure) {
		cl.h2.Shutdown()
	}
}

// Closed forgets an HTTP/2 connection that has ended.
func (cl *client) Closed(*http2.ServerConn) { cl.close() }
