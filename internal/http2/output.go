package http2

import (
	"encoding/binary"

	"spillway/internal/loop"
)

const (
	// dataLimit is how much may wait to be written while more DATA is taken from streams.
	dataLimit = 64 << 10
	// headLimit is the same for the heads of messages, which wait for no window.
	headLimit = 256 << 10
	// controlLimit is the same for answers to frames: above it nothing is read any more.
	controlLimit = 512 << 10
	// dataFrameLeast is what must fit into a block so that a DATA frame is begun in it.
	dataFrameLeast = 1 << 10
)

// An output gathers the frames of all streams of a connection. What gathers in
// one turn of the loop leaves in one write.
type output struct {
	free        *blocks
	first, tail *largeBlock
	pending     int   // bytes in the blocks and in the one that is being written
	total       int64 // bytes ever appended
	tailFrom    int64 // total when the tail was empty
	lastData    int64 // where the DATA frame begins that ends the tail; -1: none does
	running     bool  // the writer has been started and has not ended
}

// grow makes the tail have room for at least n bytes.
func (o *output) grow(n int) {
	if o.tail != nil && largeSize-o.tail.end >= n {
		return
	}
	b := o.free.takeLarge()
	if o.tail == nil {
		o.first = b
	} else {
		o.tail.next = b
	}
	o.tail = b
	o.tailFrom = o.total
}

// frame appends a frame's header and returns room for its payload, which must
// fit into a block.
func (o *output) frame(h frameHeader) []byte {
	n := frameHeaderLen + h.length
	o.grow(n)
	p := o.tail.data[o.tail.end : o.tail.end+n]
	o.tail.end += n
	o.added(n)
	h.put(p)
	return p[frameHeaderLen:]
}

func (o *output) added(n int) {
	o.pending += n
	o.total += int64(n)
	o.lastData = -1
}

// headers appends a header block in as many frames as it needs, and returns
// where it begins.
func (o *output) headers(stream uint32, block []byte, end bool) (at int64) {
	h := frameHeader{kind: headersFrame, stream: stream}
	if end {
		h.flags = flagEndStream
	}
	for first := true; first || len(block) > 0; first = false {
		h.length = min(len(block), ownMaxFrame)
		if h.length == len(block) {
			h.flags |= flagEndHeaders
		}
		copy(o.frame(h), block)
		block = block[h.length:]
		if first {
			at = o.total - int64(frameHeaderLen+h.length)
		}
		h.kind, h.flags = continuationFrame, 0
	}
	return at
}

// data appends up to most bytes of p to the stream's DATA frame that ends the
// tail, if it begins at last, or else in a frame of their own. It returns how many
// were taken and where their frame begins.
func (o *output) data(stream uint32, p []byte, most int, last int64) (n int, at int64) {
	if last == o.lastData && o.ends(last) {
		b := o.tail
		head := b.data[last-o.tailFrom+int64(b.start):]
		if n = min(len(p), most, ownMaxFrame-frameLength(head), largeSize-b.end); n > 0 {
			copy(b.data[b.end:], p[:n])
			b.end += n
			putLength(head, frameLength(head)+n)
			o.added(n)
			o.lastData = last
			return n, last
		}
	}
	n = min(len(p), most, ownMaxFrame)
	o.grow(frameHeaderLen + min(n, dataFrameLeast))
	n = min(n, largeSize-frameHeaderLen-o.tail.end)
	at = o.total
	copy(o.frame(frameHeader{length: n, kind: dataFrame, stream: stream}), p)
	o.lastData = at
	return n, at
}

// ends tells whether the frame that begins at the given place can still be changed.
func (o *output) ends(at int64) bool { return o.tail != nil && at >= o.tailFrom }

// endStream sets END_STREAM in the frame that begins at the given place; false
// when that is on its way already.
func (o *output) endStream(at int64) bool {
	if !o.ends(at) {
		return false
	}
	o.tail.data[at-o.tailFrom+int64(o.tail.start)+flagsAt] |= flagEndStream
	return true
}

// take takes the first block out, for writing.
func (o *output) take() *largeBlock {
	b := o.first
	if b == nil {
		return nil
	}
	o.first, b.next = b.next, nil
	if o.first == nil {
		o.tail = nil
	}
	o.lastData = -1
	return b
}

// drop gives all blocks back.
func (o *output) drop() {
	for b := o.take(); b != nil; b = o.take() {
		o.free.putLarge(b)
	}
	o.pending = 0
}

// room is how much DATA may be appended now.
func (o *output) room() int { return dataLimit - o.pending }

func (c *conn) sendReset(stream uint32, code ErrCode) {
	p := c.out.frame(frameHeader{length: resetLen, kind: resetFrame, stream: stream})
	binary.BigEndian.PutUint32(p, uint32(code))
	c.resets.note(stream)
	c.worker.stats.ResetsSent++
	c.flush()
}

func (c *conn) sendGoAway(last uint32, code ErrCode) {
	p := c.out.frame(frameHeader{length: goAwayLen, kind: goAwayFrame})
	binary.BigEndian.PutUint32(p, last)
	binary.BigEndian.PutUint32(p[4:], uint32(code))
	c.worker.stats.GoAwaysSent++
	c.flush()
}

func (c *conn) sendPing(flags uint8, payload []byte) {
	copy(c.out.frame(frameHeader{length: pingLen, kind: pingFrame, flags: flags}), payload)
	c.flush()
}

func (c *conn) sendWindowUpdate(stream uint32, n int) {
	p := c.out.frame(frameHeader{length: windowLen, kind: windowUpdateFrame, stream: stream})
	binary.BigEndian.PutUint32(p, uint32(n))
	c.flush()
}

// flush has the writer run behind whatever is ready to run now.
func (c *conn) flush() {
	if !c.out.running && !c.dead {
		c.out.running = true
		c.worker.loop.Start(&c.writer)
	}
}

// A writer is the task that takes a connection's output to the socket. It lives
// only as long as there is some.
type writer struct{ conn *conn }

// Run writes what has gathered.
func (w *writer) Run(t *loop.Task) {
	c := w.conn
	defer c.writerEnded()
	for b := c.out.take(); b != nil; b = c.out.take() {
		if !c.writeBlock(t, b) {
			return
		}
	}
	if c.ending && !c.lingering {
		c.linger(t)
	}
}

func (c *conn) writeBlock(t *loop.Task, b *largeBlock) (ok bool) {
	c.socket.SetWriteDeadline(after(c.worker.loop.Now(), c.settings.WriteTimeout))
	_, err := c.socket.Write(t, b.waiting())
	c.out.pending -= len(b.waiting())
	c.worker.blocks.putLarge(b)
	if err != nil {
		if err == loop.ErrTimeout {
			c.worker.stats.Timeouts++
		}
		c.lose(err)
		return false
	}
	c.grant()
	if c.readerWaits != nil && c.out.pending < controlLimit/2 {
		c.readerWaits.Resume()
	}
	return true
}

// writerEnded also comes after a panic, which leaves the connection useless.
func (c *conn) writerEnded() {
	c.out.running = false
	if c.out.first != nil && !c.dead {
		c.lose(ErrConnection)
	}
}
