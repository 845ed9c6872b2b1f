package http2

import (
	"time"

	"spillway/internal/loop"
)

// A Handler is given the requests of a server's connection.
type Handler interface {
	// Stream is called on the loop for each request whose head is whole. It must
	// not wait; it may start a task. The stream is the handler's to close. One that
	// the client has taken back already is not handed over.
	Stream(s *Stream)
	// Closed is called on the loop, once, when the connection's socket is closed. Streams
	// that are still open then have failed, and are still the handler's to close.
	Closed(c *ServerConn)
}

// ServerOptions are what a server's connection is run with. The zero value is usable.
type ServerOptions struct {
	Settings
	// MaxStreams is how many streams a client may have open; 100. A stream counts
	// until the handler has closed it, also when the client has reset it.
	MaxStreams int
}

const (
	defaultMaxStreams = 100
	// drainPatience is how long a client has to answer the first GOAWAY of a drain.
	drainPatience = time.Second
)

// A ServerConn is a connection that a client has opened. It is used on its loop only.
type ServerConn struct {
	conn
	handler    Handler
	maxStreams int
	fresh      []*Stream // not handed over yet
	drain      drainStage
	drainAt    int64 // when the drain goes on without the client
}

type drainStage uint8

const (
	notDraining drainStage = iota
	drainSaid              // streams that are under way are still taken
	drainBegun             // none is
)

// MaxRead is how much of a connection may have been read when it is handed over.
const MaxRead = largeSize

// Serve runs a connection that speaks HTTP/2, whose first bytes may have been
// read already, at most MaxRead of them; they are copied. After it the package owns the socket.
func (w *Worker) Serve(socket loop.Stream, read []byte, options ServerOptions, h Handler) *ServerConn {
	c := &ServerConn{handler: h, maxStreams: options.MaxStreams}
	if c.maxStreams <= 0 {
		c.maxStreams = defaultMaxStreams
	}
	c.init(w, socket, c, options.Settings)
	w.stats.ServerConns++
	if len(read) > 0 {
		c.in = w.blocks.takeLarge()
		c.in.end = copy(c.in.data[:], read)
	}
	c.begin(
		setting{maxConcurrentStreams, uint32(c.maxStreams)},
		setting{initialWindowSize, uint32(c.settings.StreamWindow)},
		setting{maxHeaderListSize, uint32(c.settings.MaxHeaderList)},
		setting{enableConnectProtocol, 1},
		setting{noPriorities, 1},
	)
	return c
}

// Loop returns the connection's loop.
func (c *ServerConn) Loop() *loop.Loop { return c.worker.loop }

// Streams is how many streams are open.
func (c *ServerConn) Streams() int { return len(c.streams) }

// Shutdown has the client open no more streams, lets those that run end, and
// closes the connection then. The client is warned first, so that no request that it
// has sent meanwhile is lost (RFC 9113 6.8).
func (c *ServerConn) Shutdown() {
	if c.drain != notDraining || c.ending {
		return
	}
	c.drain = drainSaid
	c.drainAt = c.worker.loop.Now() + int64(drainPatience)
	c.sendGoAway(maxStreamID, NoError)
	c.sendPing(0, drainPing)
	c.arm()
}

// drainPing is the payload of the PING behind the first GOAWAY: its answer says
// that the client has seen both.
var drainPing = []byte("drain...")

// Close closes the connection at once. Its streams fail.
func (c *ServerConn) Close() { c.lose(ErrConnection) }

func (c *ServerConn) pong(payload []byte) {
	if c.drain == drainSaid && string(payload) == string(drainPing) {
		c.beginDrain()
	}
}

func (c *ServerConn) beginDrain() {
	c.drain = drainBegun
	c.sendGoAway(c.lastID, NoError)
	c.streamsChanged()
}

func (c *ServerConn) goAway(uint32, ErrCode) {}

func (c *ServerConn) streamsChanged() {
	if c.drain == drainBegun && len(c.streams) == 0 {
		c.finish()
	}
}

func (c *ServerConn) due(now int64) int64 {
	at := after(now, c.settings.IdleTimeout)
	if c.drain == drainSaid && (at == 0 || c.drainAt < at) {
		at = c.drainAt
	}
	return at
}

func (c *ServerConn) tick(now int64) {
	if c.drain == drainSaid && now >= c.drainAt {
		c.beginDrain()
		return
	}
	idle := int64(c.settings.IdleTimeout)
	if idle > 0 && (len(c.streams) == 0 || c.unfinished()) && now-c.silentSince() >= idle {
		c.worker.stats.Timeouts++
		c.abort(NoError)
	}
}

func (c *ServerConn) closed() { c.handler.Closed(c) }

// batchEnded hands over the streams that were opened and still stand.
func (c *ServerConn) batchEnded() {
	for i, s := range c.fresh {
		c.fresh[i] = nil
		switch {
		case s.closed:
		case s.failure != nil || c.ending:
			c.worker.stats.Cancelled++
			s.Close()
		default:
			s.handed = true
			c.worker.stats.ServerStreams++
			c.handler.Stream(s)
		}
	}
	c.fresh = c.fresh[:0]
}
