package http2

import (
	"time"

	"golang.org/x/net/http2/hpack"

	"spillway/internal/loop"
)

// A conn is what both sides of HTTP/2 have in common. It belongs to its worker's loop.
type conn struct {
	worker   *Worker
	socket   loop.Stream
	side     side
	isClient bool
	settings Settings

	reader      reader
	in          *largeBlock // nil: nothing has been read that was not used
	readerRuns  bool
	readerWaits *loop.Task // for the output to shrink
	prefaceSeen int        // bytes of the client's preface
	settled     bool       // the peer's first SETTINGS have come
	block       headerBlock
	decoder     *hpack.Decoder

	writer  writer
	out     output
	encoder *hpack.Encoder
	resized bool // the encoder's table, and the peer has not been told
	peer    peerSettings

	streams  []*Stream // by id; those that are not closed by their user
	lastID   uint32    // the highest id of a stream that was opened
	lateID   uint32    // the highest id of one that came behind the last GOAWAY, and is ignored
	usedIDs  idHistory
	resets   recentResets
	window   int64 // what may be sent
	credit   credit
	queue    []*Stream // those that wait for their turn to send
	granted  *Stream   // the one whose turn it is
	spending spending

	deadline  int64 // of the socket's reads, as set last; 0: none
	active    int64 // when a stream last ended
	expiry    int64 // when lingering ends
	ending    bool  // GOAWAY is on its way and no stream goes on
	lingering bool  // this side's direction has ended
	dead      bool  // the socket is closed
}

// A side is what a server and a client do differently.
type side interface {
	// headers takes a decoded header block; it returns what the connection ends with.
	headers(b headerBlock) ErrCode
	// batchEnded is told that all that was read has been dealt with.
	batchEnded()
	goAway(last uint32, code ErrCode)
	pong(payload []byte)
	streamsChanged()
	// due is when tick is wanted at the latest; 0: never.
	due(now int64) int64
	tick(now int64)
	closed()
}

// Settings are what a connection of either side is run with. The zero value
// stands for the defaults.
type Settings struct {
	MaxHeaderList int           // bytes of a head as RFC 9113 6.5.2 counts them; 32 KiB
	StreamWindow  int           // bytes of a body that wait to be read from a stream; 256 KiB
	ConnWindow    int           // the same for all streams of a connection together; 1 MiB
	WriteTimeout  time.Duration // for the peer to take 32 KiB; 30 s
	IdleTimeout   time.Duration // without a stream; 0: no limit
}

func (s *Settings) setDefaults() {
	if s.MaxHeaderList <= 0 {
		s.MaxHeaderList = 32 << 10
	}
	if s.StreamWindow <= 0 {
		s.StreamWindow = 256 << 10
	}
	if s.ConnWindow <= 0 {
		s.ConnWindow = 1 << 20
	}
	s.StreamWindow = min(s.StreamWindow, maxWindow)
	s.ConnWindow = min(max(s.ConnWindow, firstWindow), maxWindow)
	if s.WriteTimeout <= 0 {
		s.WriteTimeout = 30 * time.Second
	}
}

func (c *conn) init(w *Worker, socket loop.Stream, side side, settings Settings) {
	settings.setDefaults()
	c.worker, c.socket, c.side, c.settings = w, socket, side, settings
	c.reader.conn, c.writer.conn = c, c
	c.out.free = &w.blocks
	c.out.lastData = -1
	c.window = firstWindow
	c.credit.left = int64(settings.ConnWindow)
	c.peer = peerSettings{window: firstWindow, maxStreams: streamsAtStart}
	c.active = w.loop.Now()
	c.spending.since = c.active
}

// begin sends what opens the connection and begins to read.
func (c *conn) begin(settings ...setting) {
	c.sendSettings(settings)
	if n := c.settings.ConnWindow - firstWindow; n > 0 {
		c.sendWindowUpdate(0, n)
	}
	if c.in != nil {
		c.startReader()
	} else {
		c.rest()
	}
}

func after(now int64, patience time.Duration) int64 {
	if patience <= 0 {
		return 0
	}
	return now + int64(patience)
}

// find returns the stream, or nil if there is none of that id (any more).
func (c *conn) find(id uint32) *Stream {
	for low, high := 0, len(c.streams); low < high; {
		middle := int(uint(low+high) / 2)
		switch s := c.streams[middle]; {
		case s.id == id:
			return s
		case s.id < id:
			low = middle + 1
		default:
			high = middle
		}
	}
	return nil
}

// add takes a stream that has the highest id.
func (c *conn) add(s *Stream) { c.streams = append(c.streams, s) }

func (c *conn) remove(s *Stream) {
	for i, each := range c.streams {
		if each == s {
			copy(c.streams[i:], c.streams[i+1:])
			c.streams[len(c.streams)-1] = nil
			c.streams = c.streams[:len(c.streams)-1]
			break
		}
	}
	if len(c.streams) == 0 {
		c.active = c.worker.loop.Now()
	}
	c.side.streamsChanged()
}

// failStreams ends every stream.
func (c *conn) failStreams(err error) {
	for _, s := range c.streams {
		s.lost(err)
	}
}

// abort ends the connection because of what the peer did.
func (c *conn) abort(code ErrCode) {
	if c.ending || c.dead {
		return
	}
	last := c.lastID
	if c.isClient {
		last = 0 // of the streams that the peer has opened
	}
	c.sendGoAway(last, code)
	c.finish()
}

// finish ends the connection once its output is written.
func (c *conn) finish() {
	if c.ending || c.dead {
		return
	}
	c.ending = true
	c.failStreams(ErrConnection)
	c.flush()
}

const (
	// lingerTime and lingerBytes bound what is read after the end, so that the
	// last frames are not destroyed by a reset (RFC 9112 9.6 says how).
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// linger ends this side's direction and waits for the peer's end.
func (c *conn) linger(t *loop.Task) {
	if err := c.socket.CloseWrite(t); err != nil || c.dead {
		c.lose(ErrConnection)
		return
	}
	c.lingering = true
	c.expiry = c.worker.loop.Now() + int64(lingerTime)
	if c.readerWaits != nil {
		c.readerWaits.Resume()
	}
	c.arm()
}

// lose closes the socket at once.
func (c *conn) lose(err error) {
	if c.dead {
		return
	}
	c.dead, c.ending = true, true
	c.socket.Close()
	c.out.drop()
	if !c.readerRuns {
		c.worker.blocks.putLarge(c.in)
		c.in = nil
	}
	if c.readerWaits != nil {
		c.readerWaits.Resume()
	}
	if err != ErrConnection && err != loop.ErrClosed {
		err = ErrConnection
	}
	c.failStreams(err)
	c.side.closed()
}

// arm sets the deadline of the socket's reads where it would come too late.
func (c *conn) arm() {
	at := c.expiry
	if !c.lingering {
		at = c.side.due(c.worker.loop.Now())
	}
	if at != 0 && (c.deadline == 0 || at < c.deadline) && !c.dead {
		c.deadline = at
		c.socket.SetReadDeadline(at)
	}
}

// expired looks at what the passing of time may have ended.
func (c *conn) expired() {
	c.deadline = 0
	now := c.worker.loop.Now()
	switch {
	case c.lingering:
		if now >= c.expiry {
			c.lose(ErrConnection)
		}
	case !c.ending:
		c.side.tick(now)
	}
}

// unfinished tells whether the peer has begun something that only more bytes end.
func (c *conn) unfinished() bool {
	return c.in != nil && c.in.start < c.in.end || c.block.stream != 0 || !c.settled
}

// silentSince is when the peer was last heard of, or a stream last ended.
func (c *conn) silentSince() int64 { return max(c.active, c.socket.LastRead()) }
