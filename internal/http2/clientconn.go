package http2

import (
	"time"

	"spillway/internal/loop"
)

// ClientOptions are what a client's connection is run with. The zero value is usable.
type ClientOptions struct {
	Settings
	// Scheme is what requests say: "http" or "https"; "http" if empty.
	Scheme string
	// PingAfter is how long a server with open streams may be silent until it is
	// asked for a sign of life, 15 s, and PingTimeout how long that may take, 5 s.
	PingAfter, PingTimeout time.Duration
	// Changed is called on the loop when CanTakeStream may have changed, also by the
	// end of the connection; nil: nobody asks. It must not wait.
	Changed func(*ClientConn)
}

func (o *ClientOptions) setDefaults() {
	if o.Scheme == "" {
		o.Scheme = "http"
	}
	if o.PingAfter <= 0 {
		o.PingAfter = 15 * time.Second
	}
	if o.PingTimeout <= 0 {
		o.PingTimeout = 5 * time.Second
	}
}

// A ClientConn is a connection to a server, for many requests at a time. It is
// used on its loop only.
type ClientConn struct {
	conn
	options  ClientOptions
	open     int  // streams that were opened and not closed
	goingOff bool // the server takes no further streams
	draining bool // nor are any wanted
	pingedAt int64
	settling []*loop.Task // that wait for the server's SETTINGS
}

// NewClientConn begins HTTP/2 on a connection to a server that is known to speak
// it. After it the package owns the socket.
func (w *Worker) NewClientConn(socket loop.Stream, options ClientOptions) *ClientConn {
	options.setDefaults()
	c := &ClientConn{options: options}
	c.isClient = true
	c.init(w, socket, c, options.Settings)
	w.stats.ClientConns++
	c.out.grow(len(preface))
	copy(c.out.tail.data[:], preface)
	c.out.tail.end = len(preface)
	c.out.added(len(preface))
	c.begin(
		setting{enablePush, 0},
		setting{initialWindowSize, uint32(c.settings.StreamWindow)},
		setting{maxHeaderListSize, uint32(c.settings.MaxHeaderList)},
	)
	return c
}

// Loop returns the connection's loop.
func (c *ClientConn) Loop() *loop.Loop { return c.worker.loop }

// Streams is how many streams are open.
func (c *ClientConn) Streams() int { return c.open }

// CanTakeStream tells whether Open would succeed: the connection stands, and the
// server's limit, as far as it is known, leaves room.
func (c *ClientConn) CanTakeStream() bool {
	return !c.Done() && c.open < int(min(c.peer.maxStreams, maxStreamID))
}

// Done tells whether the connection will never take a stream again.
func (c *ClientConn) Done() bool {
	return c.ending || c.goingOff || c.draining || c.lastID >= maxStreamID-1
}

// Open makes a stream for one request. It is opened on the wire when the head
// has been written to it. It counts until it is closed.
func (c *ClientConn) Open() (*Stream, error) {
	if !c.CanTakeStream() {
		return nil, ErrUnavailable
	}
	s := c.newStream(0)
	if c.open == 0 {
		c.active = c.worker.loop.Now()
	}
	c.open++
	c.arm()
	return s, nil
}

// AwaitSettings waits for the server's first SETTINGS, which tell whether it
// takes WebSockets: a request for one that is written before fails.
func (c *ClientConn) AwaitSettings(t *loop.Task, deadline int64) error {
	for !c.settled {
		if c.ending {
			return ErrConnection
		}
		c.settling = append(c.settling, t)
		err := t.Park(deadline)
		for i, each := range c.settling {
			if each == t {
				c.settling = append(c.settling[:i], c.settling[i+1:]...)
				break
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Shutdown takes no more streams and closes the connection when those there are
// have ended.
func (c *ClientConn) Shutdown() {
	c.draining = true
	c.endIfDone()
}

// Close closes the connection at once. Its streams fail.
func (c *ClientConn) Close() { c.lose(ErrConnection) }

// begins gives a stream its id, now that its head is sent; false when the server
// takes none any more.
func (c *ClientConn) begins(s *Stream) bool {
	if c.ending || c.goingOff || c.lastID >= maxStreamID-1 {
		return false
	}
	s.id = c.lastID + 2
	if c.lastID == 0 {
		s.id = 1
	}
	c.resets.opened(s.id, c.lastID)
	c.lastID = s.id
	s.window = c.peer.window
	c.add(s)
	c.worker.stats.ClientStreams++
	return true
}

func (c *ClientConn) goAway(last uint32, code ErrCode) {
	c.goingOff = true
	for _, s := range c.streams {
		if s.id > last {
			s.end(ErrGoneAway)
		}
	}
	c.streamsChanged()
	c.endIfDone()
}

func (c *ClientConn) endIfDone() {
	if (c.goingOff || c.draining) && c.open == 0 && !c.ending {
		c.abort(NoError)
	}
}

func (c *ClientConn) streamsChanged() {
	if c.settled {
		c.wakeSettling()
	}
	if c.options.Changed != nil {
		c.options.Changed(c)
	}
}

func (c *ClientConn) wakeSettling() {
	for _, t := range c.settling {
		t.Resume()
	}
}

// left is told that a stream has been closed.
func (c *ClientConn) left() {
	if c.open--; c.open == 0 {
		c.active = c.worker.loop.Now()
	}
	c.endIfDone()
}

func (c *ClientConn) pong([]byte) { c.pingedAt = 0 }

func (c *ClientConn) due(now int64) int64 {
	switch {
	case c.open == 0:
		return after(now, c.settings.IdleTimeout)
	case c.pingedAt != 0:
		return after(c.pingedAt, c.options.PingTimeout)
	}
	return after(now, c.options.PingAfter)
}

func (c *ClientConn) tick(now int64) {
	heard := c.silentSince()
	idle := int64(c.settings.IdleTimeout)
	switch {
	case c.open == 0:
		if idle > 0 && now-heard >= idle {
			c.abort(NoError)
		}
	case c.pingedAt != 0 && now-c.pingedAt >= int64(c.options.PingTimeout):
		c.worker.stats.Timeouts++
		c.lose(ErrConnection)
	case c.pingedAt == 0 && now-heard >= int64(c.options.PingAfter):
		c.pingedAt = now
		c.sendPing(0, lifePing)
	}
}

// lifePing is the payload of the PING that asks for a sign of life.
var lifePing = []byte("alive...")

func (c *ClientConn) batchEnded() {}

func (c *ClientConn) closed() {
	c.wakeSettling()
	if c.options.Changed != nil {
		c.options.Changed(c)
	}
}
