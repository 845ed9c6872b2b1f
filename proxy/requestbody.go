package proxy

import (
	"errors"
	"io"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

type bodyMode uint8

const (
	noBody   bodyMode = iota
	held              // all of it is here and can be sent again
	streamed          // it goes to the backend as it comes, once
)

// A requestBody is the body of the exchange's request. What streams runs as a
// second task on the same loop, so that the answer may come meanwhile.
type requestBody struct {
	exchange *exchange
	mode     bodyMode
	whole    []byte // held: in the head's buffer, in spare, or in both kinds of scratch
	spare    []byte // room for a held body that the head's buffer has not
	early    []byte // streamed: what came with the head and goes out with it
	left     int64  // streamed with Length: what the client has yet to send
	chunks   chunkScanner
	kept     []byte // streamed in chunks: all that went out, as long as keeping
	keeping  bool
	limit    int64 // 0: none
	size     int64 // bytes of payload seen

	read    bool       // the client has sent all of it
	surplus bool       // what the client sent behind it has found no room
	sent    bool       // the backend has taken all of it
	refusal *refusal   // what was wrong with it
	task    *loop.Task // of the upload, once it runs
	running bool       // the upload
	halt    bool       // the upload shall end
	buffer  *buffer    // of the upload
}

func (b *requestBody) reset() {
	b.mode, b.whole, b.early, b.left = noBody, nil, nil, 0
	b.limit, b.size = 0, 0
	b.kept, b.keeping = b.kept[:0], false
	b.read, b.surplus, b.sent, b.refusal, b.task, b.running, b.halt = false, false, false, nil, nil, false, false
}

// requestRead tells whether the client has sent its request whole.
func (x *exchange) requestRead() bool {
	return x.request.Framing == http1.NoBody && x.request.HeadLen > 0 || x.body.read
}

// holdBody decides what becomes of the request's body, and reads one that shall
// be held before a backend is taken.
func (x *exchange) holdBody() *refusal {
	b := &x.body
	b.limit = x.route.bodyLimit(x.settings)
	switch x.request.Framing {
	case http1.NoBody:
		b.read, b.sent = true, true
		return nil
	case http1.Chunked:
		return b.holdChunked()
	}
	n := x.request.ContentLength
	if b.limit > 0 && n > b.limit {
		return errBodyTooLarge
	}
	if n <= int64(len(x.in.unread())) || n <= x.pool.requestBuffer && !x.request.Expect100 {
		return b.hold(int(n))
	}
	b.mode = streamed
	b.early = x.in.unread()
	b.left = n - int64(len(b.early))
	b.size = int64(len(b.early))
	x.in.start = x.in.end
	return nil
}

// hold reads a body of n bytes whole.
func (b *requestBody) hold(n int) *refusal {
	x := b.exchange
	b.mode = held
	have := len(x.in.unread())
	if x.in.start+n <= len(x.in.data) {
		for ; have < n; have = len(x.in.unread()) {
			got, err := b.readSome(x.in.room())
			if err != nil {
				return b.clientRefusal(err)
			}
			x.in.end += got
		}
		b.whole = x.in.unread()[:n]
		x.in.start += n
	} else {
		if cap(b.spare) < n {
			b.spare = make([]byte, n)
		}
		b.spare = b.spare[:n]
		x.in.start += copy(b.spare, x.in.unread())
		for have = min(have, n); have < n; {
			got, err := b.readSome(b.spare[have:])
			if err != nil {
				return b.clientRefusal(err)
			}
			have += got
		}
		b.whole = b.spare
	}
	b.size = int64(n)
	b.read = true
	return nil
}

// readSome reads from the client within the time that a body's progress may take.
func (b *requestBody) readSome(p []byte) (int, error) {
	x := b.exchange
	conn := x.client.conn
	conn.SetReadDeadline(x.until(x.settings.bodyTimeout))
	return conn.Read(x.task, p)
}

// holdChunked holds a chunked body that came whole with its head; any other streams.
func (b *requestBody) holdChunked() *refusal {
	x := b.exchange
	b.mode = streamed
	b.chunks.reset(x.settings.limits)
	n, err := b.chunks.scan(x.in.unread())
	if err != nil {
		return errBadBody
	}
	b.early = x.in.unread()[:n]
	x.in.start += n
	b.size = b.chunks.payload
	if b.limit > 0 && b.size > b.limit {
		return errBodyTooLarge
	}
	b.keeping = true
	b.keep(b.early)
	if !b.chunks.last {
		return nil
	}
	whole := append(b.spare[:0], b.early...)
	whole, size, err := b.chunks.trailer(whole, x.in.unread(), &x.request)
	b.spare = whole
	if err != nil {
		return errBadBody
	}
	if size > 0 {
		x.in.start += size
		b.mode, b.read, b.whole = held, true, whole
	}
	return nil
}

// skipBody passes over what is left of the request so that the connection can
// serve another one; false when that is not worth its while.
func (x *exchange) skipBody() bool {
	b := &x.body
	switch {
	case x.requestRead():
		return true
	case x.request.Framing != http1.Length || x.request.Expect100 || b.mode != noBody:
		return false
	}
	n := x.request.ContentLength
	if n > bufferSize {
		return false
	}
	return b.hold(int(n)) == nil
}

// clientRefusal says what a failed read of the body means.
func (b *requestBody) clientRefusal(err error) *refusal {
	switch {
	case errors.Is(err, loop.ErrTimeout):
		return errSlowBody
	case errors.Is(err, io.EOF):
		return errCutBody
	case errors.Is(err, loop.ErrStopped):
		return errStopping
	}
	return errClientReset
}

// sendRequest sends the head and what there is of the body in one write, and
// starts the upload of the rest.
func (x *exchange) sendRequest() outcome {
	x.requestHead()
	switch x.body.mode {
	case held:
		x.addSlice(x.body.whole)
	case streamed:
		x.addSlice(x.body.early)
	}
	conn := x.conn.conn
	conn.SetWriteDeadline(x.until(x.pool.responseTimeout))
	sent, err := conn.WriteBuffers(x.task, x.slices)
	x.worker.backendStats(x.backend).bytesSent += uint64(sent)
	switch {
	case err == nil:
	case errors.Is(err, loop.ErrHangup):
		return outcome{kind: clientGone, err: err}
	case errors.Is(err, loop.ErrTimeout):
		return outcome{kind: timedOut, err: err}
	case errors.Is(err, loop.ErrStopped):
		return outcome{kind: stopped, err: err}
	default:
		// The backend may have answered before it closed: that is for receiveHead to find out.
		return outcome{}
	}
	if x.body.mode == streamed {
		x.body.start()
	} else {
		x.body.sent = true
	}
	return outcome{}
}
