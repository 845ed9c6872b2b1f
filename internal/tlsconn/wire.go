package tlsconn

import (
	"io"
	"net"
	"time"

	"spillway/internal/loop"
)

// A Transport is the connection below TLS: a [loop.Stream] that can also be
// read and written without waiting, as a *[loop.Conn] can.
type Transport interface {
	loop.Stream
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
}

var _ Transport = (*loop.Conn)(nil)

const (
	maxPlaintext = 16 << 10 // of one record (RFC 8446 5.1)
	// maxRecord is a record with the most that any cipher suite of crypto/tls adds to it.
	maxRecord    = maxPlaintext + 256
	batchRecords = 4
	batchSize    = batchRecords * maxRecord
	// maxReplies bounds what is kept for a peer that makes crypto/tls answer
	// (alerts, key updates) and does not read.
	maxReplies = 4 << 10
)

// A wire is the net.Conn under a tls.Conn. In a handshake it waits as a net.Conn
// does; after that it never waits: a read that finds nothing fails with
// wouldBlock, and what the socket does not take is kept in out.
type wire struct {
	under   Transport
	worker  *Worker
	step    *step  // of the handshake that runs; nil after it
	preread []byte // read before TLS began; crypto/tls gets it first
	out     []byte // ciphertext that the socket has not taken
	replies int    // bytes of out that were added to what was there
	taken   int    // bytes given to crypto/tls since somebody asked
	records framing
	// What ended a direction for good.
	readErr, writeErr error
	batching          bool // what is written goes to the worker's batch
	flushing          bool // a task waits in a write of out
}

// errWouldBlock is what crypto/tls takes for a failure that passes.
type errWouldBlock struct{}

func (errWouldBlock) Error() string   { return loop.ErrWouldBlock.Error() }
func (errWouldBlock) Timeout() bool   { return true }
func (errWouldBlock) Temporary() bool { return true }

var wouldBlock net.Error = errWouldBlock{}

// Read is called by crypto/tls.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.read(p)
	w.taken += n
	w.records.add(p[:n])
	if err == io.ErrUnexpectedEOF {
		err = errCut // crypto/tls takes the other one for an end
	}
	return n, err
}

func (w *wire) read(p []byte) (n int, err error) {
	switch {
	case w.readErr != nil:
		return 0, w.readErr
	case len(w.preread) > 0:
		n = copy(p, w.preread)
		if w.preread = w.preread[n:]; len(w.preread) == 0 {
			w.preread = nil
		}
	case w.step != nil:
		w.step.leave()
		n, err = w.under.Read(w.step.task, p)
	default:
		if n, err = w.under.TryRead(p); err == loop.ErrWouldBlock {
			return 0, wouldBlock
		}
	}
	if err == nil && w.step != nil {
		err = w.step.enter()
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // only a close_notify is an end
	}
	w.readErr = err
	return n, err
}

// Write is called by crypto/tls with one record, or with a flight of a handshake.
func (w *wire) Write(p []byte) (int, error) {
	switch {
	case w.writeErr != nil:
		return 0, w.writeErr
	case w.batching:
		w.worker.batch = append(w.worker.batch, p...)
		return len(p), nil
	case w.step != nil:
		return w.writeFlight(p)
	}
	return w.send(p)
}

// send gives p to the socket and keeps what it does not take. Only answers that
// the peer made crypto/tls give come when something is kept already.
func (w *wire) send(p []byte) (int, error) {
	n := 0
	if len(w.out) == 0 {
		var err error
		if n, err = w.under.TryWrite(p); err != nil && err != loop.ErrWouldBlock {
			w.writeErr = err
			return 0, err
		}
		if n == len(p) {
			return n, nil
		}
		w.replies = 0
	} else if w.replies += len(p); w.replies > maxReplies {
		w.writeErr = errDeaf
		return 0, errDeaf
	}
	if w.out == nil {
		w.out = w.worker.takeBuffer()
	}
	w.out = append(w.out, p[n:]...)
	return len(p), nil
}

// writeFlight waits until the socket has taken p.
func (w *wire) writeFlight(p []byte) (int, error) {
	n, err := w.under.TryWrite(p)
	if err == nil && n == len(p) {
		return n, nil
	}
	if err == nil || err == loop.ErrWouldBlock {
		w.step.leave()
		var more int
		more, err = w.under.Write(w.step.task, p[n:])
		n += more
		w.step.resume()
	}
	w.writeErr = err
	return n, err
}

// flush waits until the socket has taken what was kept for it. An error leaves
// the rest to a later flush.
func (w *wire) flush(t *loop.Task) error {
	for len(w.out) > 0 && w.writeErr == nil {
		w.flushing = true
		n, err := w.under.Write(t, w.out)
		w.flushing = false
		w.drop(n)
		if err != nil {
			return err
		}
	}
	return w.writeErr
}

// tryFlush is flush as far as that goes without waiting.
func (w *wire) tryFlush() {
	if len(w.out) == 0 || w.flushing || w.writeErr != nil {
		return
	}
	n, err := w.under.TryWrite(w.out)
	if err != nil && err != loop.ErrWouldBlock {
		w.writeErr = err
	}
	w.drop(n)
}

// drop takes n bytes off the front of out, and gives the buffer back at its end.
func (w *wire) drop(n int) {
	w.out = w.out[:copy(w.out, w.out[n:])]
	if len(w.out) == 0 && w.out != nil {
		w.worker.giveBuffer(w.out)
		w.out = nil
	}
}

// beginBatch has the records that follow collected, and sendBatch sends them.
// Nothing may wait between the two: the batch is the loop's.
func (w *wire) beginBatch() {
	w.worker.batch = w.worker.batch[:0]
	w.batching = true
}

func (w *wire) sendBatch() {
	w.batching = false
	if batch := w.worker.batch; len(batch) > 0 && w.writeErr == nil {
		_, _ = w.send(batch)
	}
}

// Addresses as package net has them: crypto/tls keys sessions by the peer's
// where no server name is set.

// LocalAddr is called by crypto/tls.
func (w *wire) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(w.under.LocalAddr()) }

// RemoteAddr is called by crypto/tls.
func (w *wire) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(w.under.RemoteAddr()) }

// Closing and deadlines are not crypto/tls's business here.

// Close does nothing.
func (w *wire) Close() error { return nil }

// SetDeadline does nothing.
func (w *wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
