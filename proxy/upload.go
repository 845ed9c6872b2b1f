package proxy

import (
	"errors"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// spliceFrom is how much must be left of a body for splicing to be worth its system calls.
const spliceFrom = 64 << 10

var errUploadHalted = errors.New("upload halted")

// stopPoll is how often an upload that could not be interrupted is asked again to end.
const stopPoll = int64(10e6)

// start runs the upload on a task of its own.
func (b *requestBody) start() {
	b.halt = false
	b.running = b.exchange.worker.loop.Start(b)
}

// Run takes the rest of the body to the backend.
func (b *requestBody) Run(t *loop.Task) {
	b.task = t
	defer b.stopped()
	if b.halt {
		return
	}
	x := b.exchange
	var err error
	if x.request.Framing == http1.Length {
		err = b.uploadLength()
	} else {
		err = b.uploadChunks()
	}
	if err != nil {
		return
	}
	b.read, b.sent = true, true
	x.conn.conn.SetReadDeadline(x.until(x.pool.responseTimeout))
}

func (b *requestBody) stopped() {
	x := b.exchange
	b.putBack()
	x.worker.buffers.put(b.buffer)
	b.buffer, b.task, b.running = nil, nil, false
	x.task.Resume()
}

// stopUpload ends the upload, if one runs.
func (x *exchange) stopUpload() {
	b := &x.body
	for b.running {
		b.halt = true
		if b.task != nil {
			b.task.Interrupt(errUploadHalted)
		}
		_ = x.task.Park(x.worker.loop.Now() + stopPoll)
	}
}

func (b *requestBody) uploadLength() error {
	x := b.exchange
	for b.left > 0 && !b.halt {
		if b.left >= spliceFrom && loop.CanSplice(x.client.conn, x.conn.conn) {
			moved, readErr, writeErr := loop.Splice(b.task, x.client.conn, x.conn.conn, b.left, x.settings.bodyTimeout, x.pool.responseTimeout)
			b.left -= moved
			b.size += moved
			switch {
			case errors.Is(readErr, loop.ErrNoSplice):
			case readErr != nil:
				return b.clientFailed(readErr)
			default:
				return writeErr
			}
		}
		n := min(b.left, bufferSize)
		if err := b.fill(int(n)); err != nil {
			return err
		}
		b.left -= int64(len(b.buffer.unread()))
		b.read = b.left == 0
		b.size += int64(len(b.buffer.unread()))
		if err := b.pass(b.buffer.end - b.buffer.start); err != nil {
			return err
		}
	}
	if b.left > 0 {
		return errUploadHalted
	}
	return nil
}

func (b *requestBody) uploadChunks() error {
	x := b.exchange
	b.borrow()
	if len(x.in.unread()) > len(b.buffer.data) {
		return b.fail(errBadBody) // a line or a trailer section without end
	}
	b.buffer.end = copy(b.buffer.data, x.in.unread())
	x.in.start = x.in.end
	for !b.halt {
		if b.chunks.last {
			if done, err := b.uploadTrailer(); done || err != nil {
				return err
			}
		} else {
			n, err := b.chunks.scan(b.buffer.unread())
			if err != nil {
				return b.fail(errBadBody)
			}
			b.size = b.chunks.payload
			if b.limit > 0 && b.size > b.limit {
				return b.fail(errBodyTooLarge)
			}
			b.keep(b.buffer.unread()[:n])
			if err := b.pass(n); err != nil {
				return err
			}
			if b.chunks.last {
				continue
			}
		}
		b.buffer.compact()
		if len(b.buffer.room()) == 0 {
			return b.fail(errBadBody)
		}
		if err := b.fill(len(b.buffer.room())); err != nil {
			return err
		}
	}
	return errUploadHalted
}

// uploadTrailer ends a chunked body. What follows it is the next request's.
func (b *requestBody) uploadTrailer() (done bool, err error) {
	x := b.exchange
	lines, n, err := b.chunks.trailer(b.spare[:0], b.buffer.unread(), &x.request)
	b.spare = lines
	if err != nil {
		return false, b.fail(errBadBody)
	}
	if n == 0 {
		return false, nil
	}
	b.keep(lines)
	b.buffer.start += n
	next := copy(x.in.room(), b.buffer.unread())
	x.in.end += next
	if next < len(b.buffer.unread()) {
		b.surplus, x.keepAlive = true, false
	}
	b.read = true
	x.conn.conn.SetWriteDeadline(x.until(x.pool.responseTimeout))
	_, err = x.conn.conn.Write(b.task, lines)
	return true, err
}

func (b *requestBody) borrow() {
	if b.buffer == nil {
		b.buffer = b.exchange.worker.buffers.take()
	}
}

// fill reads from the client at least one and at most n bytes.
func (b *requestBody) fill(n int) error {
	x := b.exchange
	conn := x.client.conn
	conn.SetReadDeadline(x.until(x.settings.bodyTimeout))
	if b.buffer == nil {
		if err := conn.WaitReadable(b.task); err != nil {
			return b.clientFailed(err)
		}
		b.borrow()
	}
	got, err := conn.Read(b.task, b.buffer.room()[:n])
	if err != nil {
		return b.clientFailed(err)
	}
	b.buffer.end += got
	return nil
}

// pass sends the first n bytes of what was read to the backend.
func (b *requestBody) pass(n int) error {
	x := b.exchange
	p := b.buffer.unread()[:n]
	x.conn.conn.SetWriteDeadline(x.until(x.pool.responseTimeout))
	b.buffer.start += n // also of what fails: it has been kept
	if _, err := x.conn.conn.Write(b.task, p); err != nil {
		return err
	}
	if b.buffer.empty() {
		b.buffer.clear()
	}
	return nil
}

// clientFailed ends the exchange at the backend too: without the rest of its
// body the request is void.
func (b *requestBody) clientFailed(err error) error {
	if errors.Is(err, errUploadHalted) {
		return err
	}
	return b.fail(b.clientRefusal(err))
}

func (b *requestBody) fail(r *refusal) error {
	b.refusal = r
	b.exchange.conn.conn.Close()
	return r
}
