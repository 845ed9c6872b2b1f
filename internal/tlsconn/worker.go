package tlsconn

import "spillway/internal/loop"

// A Worker is what the TLS connections of one loop share. It belongs to its loop.
type Worker struct {
	Handshakes Handshakes

	batch  []byte // records on their way to the socket
	gather []byte // small slices on their way into one record
	free   [][]byte
}

// maxFreeBuffers caps what is kept for the next slow peers.
const maxFreeBuffers = 32

// NewWorker makes the loop's Worker. It is called on the loop, or before the loop has work.
func NewWorker(l *loop.Loop) *Worker {
	w := &Worker{batch: make([]byte, 0, batchSize), gather: make([]byte, 0, maxPlaintext)}
	w.Handshakes.init(l)
	return w
}

// takeBuffer returns room for what a full socket leaves of a batch.
func (w *Worker) takeBuffer() []byte {
	if n := len(w.free); n > 0 {
		b := w.free[n-1]
		w.free = w.free[:n-1]
		return b[:0]
	}
	return make([]byte, 0, batchSize+maxReplies)
}

// giveBuffer takes a buffer back. Nothing may refer to its bytes any more.
func (w *Worker) giveBuffer(b []byte) {
	if len(w.free) < maxFreeBuffers {
		w.free = append(w.free, b)
	}
}
