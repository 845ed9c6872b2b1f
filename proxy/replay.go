package proxy

// What an upload of chunks has passed on is kept for a while, since a call of
// gRPC is a few bytes that often come behind its head, and a backend that does not
// serve it may say so before they do. The call then goes on at another one.

// keep remembers p, which goes out now, as long as all of it is no more than would
// be read ahead of a body whose length is known.
func (b *requestBody) keep(p []byte) {
	if !b.keeping {
		return
	}
	if b.keeping = int64(len(b.kept)+len(p)) <= b.exchange.pool.requestBuffer; b.keeping {
		b.kept = append(b.kept, p...)
	}
}

// holdKept makes a body that has been read whole, and kept whole, one that is held.
func (b *requestBody) holdKept() {
	if b.mode == streamed && b.keeping && b.read {
		b.mode, b.whole = held, b.kept
	}
}

// canGoOn tells whether another backend can be sent what this one was, and the rest.
func (b *requestBody) canGoOn() bool {
	return b.mode != streamed || b.keeping && b.refusal == nil
}

// putBack leaves what the upload has read and not passed on to the next one.
func (b *requestBody) putBack() {
	if b.buffer == nil || b.read || !b.keeping {
		return
	}
	in := b.exchange.in
	n := copy(in.room(), b.buffer.unread())
	in.end += n
	b.keeping = n == len(b.buffer.unread())
}

// rewind makes the body, which can go on, ready for another backend once the upload
// to this one has ended.
func (b *requestBody) rewind() {
	if b.mode == streamed {
		b.early = b.kept
	}
}
