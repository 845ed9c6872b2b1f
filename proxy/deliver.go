package proxy

import (
	"errors"
	"io"
	"strconv"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// deliver forwards the answer whose head has been received.
func (x *exchange) deliver() outcome {
	r := &x.response
	x.record.status = r.Status
	if !x.requestRead() || x.lastAnswer() || r.Framing == http1.UntilClose && x.request.Minor == 0 || r.Framing == http1.Chunked && x.request.Minor == 0 {
		// Without the rest of the request, or with the close as the end of the answer,
		// this connection serves no other request.
		x.keepAlive = false
	}
	x.responseHead()
	x.answered = true
	if r.Status == 101 {
		return x.tunnel()
	}
	var o outcome
	switch r.Framing {
	case http1.NoBody:
		o = x.write()
	case http1.Length:
		o = x.deliverLength()
	case http1.Chunked:
		o = x.deliverChunks()
	default:
		o = x.deliverUntilClose()
	}
	if o.kind != succeeded {
		return o
	}
	x.record.end = "ok"
	if r.KeepAlive && r.Framing != http1.UntilClose && x.body.sent && x.out.empty() {
		x.keepConn()
	}
	return outcome{}
}

// lastAnswer tells whether the client's connection shall end with the answer that
// begins now: also where a reload has left the listener to another protocol.
func (x *exchange) lastAnswer() bool {
	return x.client.ending() || !x.settings.takesRequests(x.client.secure)
}

// write sends x.slices to the client.
func (x *exchange) write() outcome {
	conn := x.client.conn
	conn.SetWriteDeadline(x.until(x.settings.bodyTimeout))
	if _, err := conn.WriteBuffers(x.task, x.slices); err != nil {
		return x.clientWriteOutcome(err)
	}
	return outcome{}
}

func (x *exchange) clientWriteOutcome(err error) outcome {
	x.record.end = "client_reset"
	if errors.Is(err, loop.ErrTimeout) {
		x.record.end = "client_timeout"
	}
	return outcome{kind: clientGone, err: err}
}

// bodyError says what it means that the answer's body could not be read on.
func (x *exchange) bodyError(err error) outcome {
	switch {
	case errors.Is(err, loop.ErrHangup):
		x.record.end = "client_reset"
		return outcome{kind: clientGone, err: err}
	case x.body.refusal != nil:
		x.record.end = x.body.refusal.end
		return outcome{kind: bodyFailed, err: err}
	case errors.Is(err, loop.ErrTimeout):
		x.record.end = "backend_timeout"
	case errors.Is(err, loop.ErrStopped):
		x.record.end = "stopping"
		return outcome{kind: stopped, err: err}
	default:
		x.record.end = "backend_cut"
	}
	return outcome{kind: cut, err: err}
}

// more reads the next part of the answer's body into x.out, which is empty or
// holds an unfinished piece at its start.
func (x *exchange) more() error {
	conn := x.conn.conn
	conn.SetReadDeadline(x.until(x.pool.responseTimeout))
	n, err := conn.Read(x.task, x.out.room())
	if err != nil {
		return err
	}
	x.out.end += n
	x.worker.backendStats(x.backend).bytesReceived += uint64(n)
	return nil
}

func (x *exchange) deliverLength() outcome {
	left := x.response.ContentLength
	for {
		p := x.out.unread()
		if int64(len(p)) > left {
			p = p[:left]
		}
		x.addSlice(p)
		left -= int64(len(p))
		splice := left >= spliceFrom && x.canSplice()
		if splice {
			loop.Hold(x.conn.conn, x.client.conn)
		}
		if o := x.write(); o.kind != succeeded {
			return o
		}
		x.out.start += len(p)
		x.record.bytesOut += int64(len(p))
		if left == 0 {
			return outcome{}
		}
		x.out.clear()
		if splice {
			moved, readErr, writeErr := x.splice(left)
			left -= moved
			switch {
			case writeErr != nil:
				return x.clientWriteOutcome(writeErr)
			case readErr != nil && !errors.Is(readErr, loop.ErrNoSplice):
				return x.bodyError(readErr)
			case left == 0:
				return outcome{}
			}
		}
		x.slices = x.slices[:0]
		if err := x.more(); err != nil {
			return x.bodyError(err)
		}
	}
}

func (x *exchange) canSplice() bool { return loop.CanSplice(x.conn.conn, x.client.conn) }

// splice moves n bytes of the body from socket to socket.
func (x *exchange) splice(n int64) (moved int64, readErr, writeErr error) {
	moved, readErr, writeErr = loop.Splice(x.task, x.conn.conn, x.client.conn, n, x.pool.responseTimeout, x.settings.bodyTimeout)
	x.record.bytesOut += moved
	x.worker.backendStats(x.backend).bytesReceived += uint64(moved)
	return moved, readErr, writeErr
}

// deliverChunks forwards a chunked body: as it came to a client that understands
// it, else its payload alone.
func (x *exchange) deliverChunks() outcome {
	s := &x.chunks
	s.reset(responseLimits)
	for {
		if !s.last {
			before := s.payload
			n, err := x.addChunks(s)
			if o := x.writeIfAny(); o.kind != succeeded {
				return o
			}
			x.out.start += n
			x.record.bytesOut += s.payload - before
			if err != nil {
				x.record.end = "bad_answer"
				return outcome{kind: cut, err: err}
			}
			if o := x.spliceChunk(s); o.kind != succeeded {
				return o
			}
		}
		if s.last {
			lines, n, err := s.trailer(x.scratch[:0], x.out.unread(), &x.response)
			x.scratch = lines
			if err != nil {
				x.record.end = "bad_answer"
				return outcome{kind: cut, err: err}
			}
			if n > 0 {
				x.out.start += n
				if x.chunksToClient() {
					x.addSlice(lines)
				}
				return x.writeIfAny()
			}
		}
		if !x.out.grow(responseHeadMax) {
			x.record.end = "bad_answer"
			return outcome{kind: cut, err: errHeadTooLarge}
		}
		if err := x.more(); err != nil {
			return x.bodyError(err)
		}
	}
}

// addChunks adds to x.slices what can be forwarded of the chunks in x.out.
func (x *exchange) addChunks(s *chunkScanner) (n int, err error) {
	p := x.out.unread()
	if x.chunksToClient() {
		n, err = s.scan(p)
		x.addSlice(p[:n])
		return n, err
	}
	for n < len(p) && !s.last {
		took, kind, err := s.step(p[n:])
		if err != nil {
			return n, err
		}
		if kind == http1.Data {
			x.addSlice(p[n : n+took])
		}
		n += took
		if kind == http1.NeedMore {
			break
		}
	}
	return n, nil
}

// spliceChunk moves the rest of a large chunk from socket to socket.
func (x *exchange) spliceChunk(s *chunkScanner) outcome {
	left := s.state.Remaining()
	if left < spliceFrom || !x.out.empty() || !x.canSplice() {
		return outcome{}
	}
	moved, readErr, writeErr := x.splice(left)
	s.state.Skip(moved)
	s.payload += moved
	switch {
	case writeErr != nil:
		return x.clientWriteOutcome(writeErr)
	case readErr != nil && !errors.Is(readErr, loop.ErrNoSplice):
		return x.bodyError(readErr)
	}
	return outcome{}
}

func (x *exchange) writeIfAny() outcome {
	if len(x.slices) == 0 {
		return outcome{}
	}
	o := x.write()
	x.slices = x.slices[:0]
	return o
}

// deliverUntilClose forwards a body that ends with the backend's connection: in
// chunks, so that the client's connection lives on and a cut shows, else as it came.
func (x *exchange) deliverUntilClose() outcome {
	chunked := x.chunksToClient()
	for {
		if p := x.out.unread(); len(p) > 0 {
			if chunked {
				from := len(x.scratch)
				x.scratch = strconv.AppendInt(x.scratch, int64(len(p)), 16)
				x.scratch = append(x.scratch, "\r\n"...)
				x.addSlice(x.scratch[from:])
			}
			x.addSlice(p)
			if chunked {
				x.addSlice(lineEnd)
			}
		}
		if o := x.writeIfAny(); o.kind != succeeded {
			return o
		}
		x.record.bytesOut += int64(len(x.out.unread()))
		x.out.clear()
		x.scratch = x.scratch[:0]
		err := x.more()
		if err == io.EOF {
			break
		}
		if err != nil {
			x.record.reset = !chunked
			return x.bodyError(err)
		}
	}
	if !chunked {
		return outcome{}
	}
	x.slices = append(x.slices[:0], lastChunk)
	return x.write()
}

var (
	lineEnd   = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)
