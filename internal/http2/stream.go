package http2

import (
	"net/netip"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// A Stream is one request and its answer on an HTTP/2 connection. To its user it
// is a connection on which HTTP/1.1 is spoken: see [loop.Stream]. After Close its
// methods report [loop.ErrClosed] and do nothing.
type Stream struct {
	conn *conn
	id   uint32

	// What comes in, as text.
	input        fifo
	headLeft     int        // bytes of heads at the front of input
	bodyLeft     int        // bytes of the body behind them
	trailerLeft  int        // bytes of the trailer's text behind that
	chunkLeft    int        // bytes of the body whose chunk has begun
	staged       [20]byte   // framing of chunks that goes out next
	stagedFrom   uint8      //
	stagedTo     uint8      //
	declared     int64      // content-length of what comes in; -1: none
	received     int64      // bytes of the body
	credit       credit     // of what comes in
	reader       *loop.Task // that waits for input
	readDeadline int64
	lastRead     int64

	// What goes out.
	out           outgoing
	window        int64
	lastFrame     int64      // where the last frame of the stream begins in the output; -1: none
	writer        *loop.Task // that waits to send
	writeDeadline int64
	urgency       uint8
	passed        uint8 // how often it was overtaken in the queue

	watcher *loop.Task
	failure error // what ended the stream before its time
	accept  string

	headSeen    bool // the head has come in; of answers the final one
	chunked     bool // the body comes as chunks
	tunnel      bool // the bytes are neither side's HTTP, in both directions
	upgrade     bool // extended CONNECT: it may become a tunnel
	lastChunk   bool // has been staged
	asksHead    bool // the request is a HEAD
	bodiless    bool // the answer that comes in has no body
	discards    bool // what comes in is passed over
	remoteEnded bool // END_STREAM has come
	localEnded  bool // END_STREAM has been sent
	queued      bool
	sendsHead   bool
	handed      bool // the handler has it
	peerReset   bool // RST_STREAM has come
	https       bool
	closed      bool
}

var _ loop.Stream = (*Stream)(nil)

// Loop returns the loop of the stream's connection.
func (s *Stream) Loop() *loop.Loop { return s.conn.worker.loop }

// RemoteAddr is the address of the connection's peer.
func (s *Stream) RemoteAddr() netip.AddrPort { return s.conn.socket.RemoteAddr() }

// LocalAddr is this side's address of the connection.
func (s *Stream) LocalAddr() netip.AddrPort { return s.conn.socket.LocalAddr() }

// Scheme is what the request's :scheme says, "http" or "https". A CONNECT has
// none; that counts as "https".
func (s *Stream) Scheme() string {
	if s.https {
		return "https"
	}
	return "http"
}

// ID is the stream's number; 0 for one whose request has not been sent yet.
func (s *Stream) ID() uint32 { return s.id }

// LastRead is when input was last taken from the stream; 0 if never.
func (s *Stream) LastRead() int64 { return s.lastRead }

// SetReadDeadline sets when a waiting Read ends with [loop.ErrTimeout]; 0 means never.
func (s *Stream) SetReadDeadline(at int64) {
	s.readDeadline = at
	if s.reader != nil {
		s.reader.Resume()
	}
}

// SetWriteDeadline sets when a waiting Write ends with [loop.ErrTimeout]; 0 means never.
func (s *Stream) SetWriteDeadline(at int64) {
	s.writeDeadline = at
	if s.writer != nil {
		s.writer.Resume()
	}
}

// Idle returns false: a stream is for one request.
func (s *Stream) Idle(loop.Waker) bool { return false }

// Busy tells whether nothing has come in that was not read.
func (s *Stream) Busy() bool { return s.Quiet() }

// Quiet tells whether nothing has come in that was not read, not even the end.
func (s *Stream) Quiet() bool {
	return !s.closed && s.failure == nil && !s.remoteEnded && !s.readable()
}

// Watch has t interrupted with [loop.ErrHangup] when the peer resets the stream
// or the connection is lost; nil ends it. What has happened before interrupts
// the next wait that begins in this turn of the loop.
func (s *Stream) Watch(t *loop.Task) {
	s.watcher = t
	if t != nil && s.HungUp() {
		s.conn.worker.loop.Start(&lateNotice{stream: s, task: t})
	}
}

// HungUp tells whether the peer has reset the stream or the connection is lost.
func (s *Stream) HungUp() bool { return s.failure != nil && !s.closed }

// A lateNotice interrupts a watcher that runs while it begins to watch, once it waits.
type lateNotice struct {
	stream *Stream
	task   *loop.Task
}

// Run interrupts the watcher, if it still is one.
func (n *lateNotice) Run(*loop.Task) {
	if n.stream.watcher == n.task {
		n.task.Interrupt(loop.ErrHangup)
	}
}

// answered tells whether the answer has gone out whole, or of a client's stream come in.
func (s *Stream) answered() bool {
	if s.conn.isClient {
		return s.remoteEnded
	}
	return s.localEnded
}

// ended tells whether no frame of the stream means anything any more.
func (s *Stream) ended() bool { return s.failure != nil || s.closed }

// end marks the stream as ended before its time and tells whoever waits.
func (s *Stream) end(err error) {
	if s.ended() {
		return
	}
	s.failure = err
	s.wakeReader()
	if s.writer != nil {
		s.writer.Resume()
	}
	if s.watcher != nil {
		s.watcher.Interrupt(loop.ErrHangup)
	}
}

// lost is told that the connection is no more.
func (s *Stream) lost(err error) {
	if !s.conn.isClient || !s.remoteEnded {
		s.end(err)
	} else if s.writer != nil { // what is left can still be read
		s.writer.Resume()
	}
}

// resetByPeer takes an RST_STREAM.
func (s *Stream) resetByPeer(code ErrCode) {
	s.peerReset = true
	switch {
	case s.conn.isClient && s.remoteEnded:
		// The answer is whole: the backend does not want the rest of the request.
		s.localEnded = true
		if s.writer != nil {
			s.writer.Resume()
		}
	case code == RefusedStream && s.conn.isClient:
		s.end(ErrRefused)
	default:
		s.end(&ResetError{Code: code, ByPeer: true})
	}
}

// Close ends the stream and gives back what it holds. One whose message is not
// whole is reset. Tasks that wait for it go on with [loop.ErrClosed]. Closing
// twice is fine.
func (s *Stream) Close() { s.close(false, InternalError) }

// Reset closes the stream so that the peer does not take its message for whole.
func (s *Stream) Reset() { s.close(true, InternalError) }

// Cancel is Reset of a message with which nothing is wrong but that its time is
// over. Clients of gRPC take CANCEL for that, and INTERNAL_ERROR for a fault.
func (s *Stream) Cancel() { s.close(true, Cancel) }

// close ends the stream; code is for an answer that is not whole.
func (s *Stream) close(abruptly bool, code ErrCode) {
	if s.closed {
		return
	}
	c := s.conn
	if s.failure == nil && !c.ending {
		s.endWire(abruptly, code)
	}
	s.closed = true
	s.watcher = nil
	c.dequeue(s)
	c.giveTurn(s)
	c.used(s.bodyLeft)
	s.input.drop(&c.worker.blocks)
	s.headLeft, s.bodyLeft, s.trailerLeft, s.stagedFrom, s.stagedTo = 0, 0, 0, 0, 0
	s.out.part = nil
	s.wakeReader()
	if s.writer != nil {
		s.writer.Resume()
	}
	c.remove(s)
	if client, ok := c.side.(*ClientConn); ok {
		client.left()
	}
}

// endWire says to the peer how the stream ends.
func (s *Stream) endWire(abruptly bool, code ErrCode) {
	c := s.conn
	if !abruptly && !c.isClient && s.out.phase == inUntilClose {
		s.endStream()
	}
	switch {
	case c.isClient && s.id == 0 || s.localEnded && s.remoteEnded:
	case c.isClient:
		c.sendReset(s.id, Cancel)
	case s.localEnded:
		c.spending.earnAll()
		c.sendReset(s.id, NoError)
		return
	default:
		c.sendReset(s.id, code)
		return
	}
	c.spending.earnAll()
}

// CloseWrite ends this side's direction where the end of it ends the message; of
// an answer that is whole it ends the stream: what the peer still sends of its
// request is not wanted (RFC 9113 8.1).
func (s *Stream) CloseWrite(*loop.Task) error {
	switch {
	case s.closed:
		return loop.ErrClosed
	case s.failure != nil:
		return s.failure
	case s.conn.ending:
		return ErrConnection
	case s.tunnel && !s.localEnded, s.out.phase == inUntilClose:
		s.endStream()
	case !s.localEnded:
		return loop.ErrClosed
	}
	if !s.tunnel && !s.conn.isClient && !s.remoteEnded && !s.discards {
		s.stopInput()
	}
	return nil
}

// stopInput passes over what the peer still sends.
func (s *Stream) stopInput() {
	s.conn.sendReset(s.id, NoError)
	s.discards, s.remoteEnded = true, true
	s.conn.used(s.bodyLeft)
	s.input.drop(&s.conn.worker.blocks)
	s.headLeft, s.bodyLeft, s.trailerLeft, s.chunkLeft, s.stagedFrom, s.stagedTo = 0, 0, 0, 0, 0, 0
	s.chunked = false
	s.wakeReader()
}

func (s *Stream) wakeReader() {
	if s.reader != nil {
		s.reader.Resume()
	}
}

// methodForHead is the method by which the answer's framing is judged.
func (s *Stream) methodForHead() []byte {
	if s.asksHead {
		return headMethod
	}
	return getMethod
}

var headMethod, getMethod = []byte("HEAD"), []byte("GET")

var (
	requestLimits = http1.Limits{Head: maxHead, Fields: 2000, Target: maxHead}
	headLimits    = http1.Limits{Head: maxHead, Fields: 2000}
)

// maxHead bounds a head that is written to a stream.
const maxHead = 512 << 10
