package proxy

// bufferSize holds a 16 KiB answer with its head. A buffer's untouched pages cost nothing.
const bufferSize = 32 << 10

// firstRead is how much is read at once when a message begins: a small one whole, and of a
// large one not more than need be, for what is left in the socket is spliced.
const firstRead = 18 << 10

// maxFreeBuffers caps what a worker keeps for the next exchange.
const maxFreeBuffers = 1024

// A buffer is borrowed from a worker. data[start:end] has been read from a
// connection and not been used yet.
type buffer struct {
	data       []byte
	start, end int
	next       *buffer
}

func (b *buffer) unread() []byte { return b.data[b.start:b.end] }

func (b *buffer) empty() bool { return b.start == b.end }

func (b *buffer) room() []byte { return b.data[b.end:] }

// firstRoom is room, less where a message begins. Slices into an empty buffer are void.
func (b *buffer) firstRoom() []byte {
	if b.empty() {
		b.clear()
		return b.data[:firstRead]
	}
	return b.room()
}

func (b *buffer) clear() { b.start, b.end = 0, 0 }

// compact moves what is unread to the front. Slices into the buffer are void.
func (b *buffer) compact() {
	if b.start > 0 {
		b.end = copy(b.data, b.data[b.start:b.end])
		b.start = 0
	}
}

// grow makes room for at least one more byte up to limit bytes in all; false
// when the unread part is that large already. Slices into the buffer are void.
func (b *buffer) grow(limit int) bool {
	b.compact()
	if b.end < len(b.data) {
		return true
	}
	if len(b.data) >= limit {
		return false
	}
	larger := make([]byte, min(2*len(b.data), limit))
	copy(larger, b.data)
	b.data = larger
	return true
}

// A bufferPool is a worker's free list, last in first out.
type bufferPool struct {
	free  *buffer
	count int
	made  int
}

func (p *bufferPool) take() *buffer {
	if b := p.free; b != nil {
		p.free, b.next = b.next, nil
		p.count--
		return b
	}
	p.made++
	from := p.made % colours * cacheLine
	return &buffer{data: make([]byte, from+bufferSize)[from:]}
}

// Buffers begin at different cache lines of their pages: else the heads of a
// thousand of them would fight for the same few places in the processor's cache.
const (
	cacheLine = 64
	colours   = 64
)

// put takes a buffer back; nil is fine. Nothing may refer to its bytes any more.
func (p *bufferPool) put(b *buffer) {
	if b == nil || p.count >= maxFreeBuffers || len(b.data) != bufferSize {
		return
	}
	b.clear()
	poison(b.data)
	b.next = p.free
	p.free = b
	p.count++
}
