package http2

const (
	// largeSize is the room of a block for frames on their way in or out: two
	// frames of the largest size and a little less than their headers.
	largeSize = 32<<10 - 32
	// smallSize is the room of a block of a stream's input.
	smallSize = 4<<10 - 16

	maxFreeLarge = 256
	maxFreeSmall = 1024
)

// A largeBlock holds frames. data[start:end] is what waits.
type largeBlock struct {
	next       *largeBlock
	start, end int
	data       [largeSize]byte
}

func (b *largeBlock) waiting() []byte { return b.data[b.start:b.end] }

// compact moves what waits to the front.
func (b *largeBlock) compact() {
	if b.start > 0 {
		b.end = copy(b.data[:], b.data[b.start:b.end])
		b.start = 0
	}
}

// A smallBlock holds part of a stream's input.
type smallBlock struct {
	next *smallBlock
	data [smallSize]byte
}

// blocks are a worker's free lists, last in first out.
type blocks struct {
	large      *largeBlock
	small      *smallBlock
	largeCount int
	smallCount int
}

func (f *blocks) takeLarge() *largeBlock {
	b := f.large
	if b == nil {
		return new(largeBlock)
	}
	f.large, b.next = b.next, nil
	f.largeCount--
	return b
}

// putLarge takes a block back; nil is fine.
func (f *blocks) putLarge(b *largeBlock) {
	if b == nil || f.largeCount >= maxFreeLarge {
		return
	}
	b.start, b.end = 0, 0
	b.next = f.large
	f.large = b
	f.largeCount++
}

func (f *blocks) takeSmall() *smallBlock {
	b := f.small
	if b == nil {
		return new(smallBlock)
	}
	f.small, b.next = b.next, nil
	f.smallCount--
	return b
}

func (f *blocks) putSmall(b *smallBlock) {
	if f.smallCount >= maxFreeSmall {
		return
	}
	b.next = f.small
	f.small = b
	f.smallCount++
}

// A fifo is bytes in borrowed blocks; without any it holds none.
type fifo struct {
	first, last *smallBlock
	from        int // in first
	to          int // in last
}

// push appends p.
func (q *fifo) push(free *blocks, p []byte) {
	for len(p) > 0 {
		if q.last == nil || q.to == smallSize {
			b := free.takeSmall()
			if q.last == nil {
				q.first, q.from = b, 0
			} else {
				q.last.next = b
			}
			q.last, q.to = b, 0
		}
		n := copy(q.last.data[q.to:], p)
		q.to += n
		p = p[n:]
	}
}

// pull moves bytes from the front to p, as many as there are.
func (q *fifo) pull(free *blocks, p []byte) (n int) {
	for n < len(p) && q.first != nil {
		end := smallSize
		if q.first == q.last {
			end = q.to
		}
		took := copy(p[n:], q.first.data[q.from:end])
		n += took
		if q.from += took; q.from < end {
			break
		}
		b := q.first
		q.first, q.from = b.next, 0
		if q.first == nil {
			q.last = nil
		}
		free.putSmall(b)
	}
	return n
}

// drop gives everything back.
func (q *fifo) drop(free *blocks) {
	for b := q.first; b != nil; {
		next := b.next
		free.putSmall(b)
		b = next
	}
	*q = fifo{}
}
