package accesslog

import (
	"sync"
	"sync/atomic"
)

const (
	handOver  = 32 << 10 // a buffer this full goes to the writer
	allocated = 40 << 10 // its size, so that an ordinary line fits behind that
	keepUpTo  = 64 << 10 // a buffer that a long line made larger is not kept
)

// buffer holds whole lines.
type buffer struct {
	data  []byte
	lines int
}

// stack holds the empty buffers. The last one used comes first, so that a log that keeps up touches few of them.
type stack struct {
	mu      sync.Mutex
	buffers []*buffer
}

// pop returns nil when the stack is empty.
func (s *stack) pop() *buffer {
	s.mu.Lock()
	defer s.mu.Unlock()
	top := len(s.buffers) - 1
	if top < 0 {
		return nil
	}
	b := s.buffers[top]
	s.buffers = s.buffers[:top]
	return b
}

func (s *stack) push(b *buffer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buffers = append(s.buffers, b)
}

// Shard takes the lines of one loop. Its methods belong to that loop.
type Shard struct {
	log     *Log
	format  Format
	stamp   stamp
	buffer  *buffer // nil: the log is closed
	dropped atomic.Uint64
	_       [64]byte // no cache line shared with the next shard
}

// Append adds the line of an exchange. It never waits: when the output is behind, the line is dropped and counted.
func (s *Shard) Append(e *Entry) {
	if s.buffer == nil || len(s.buffer.data) >= handOver && !s.handOver() {
		s.dropped.Add(1)
		return
	}
	b := s.buffer
	if b.data == nil {
		b.data = make([]byte, 0, allocated)
	}
	if s.format == Combined {
		b.data = s.stamp.appendCombined(b.data, e)
	} else {
		b.data = s.stamp.appendJSON(b.data, e)
	}
	b.lines++
	if len(b.data) >= handOver {
		s.handOver()
	}
}

// Flush hands what has been appended to the writer. The loop calls it from time to time, once a second say, so that lines of little traffic appear too.
// It reports whether nothing is left; when the output is behind, call it again later.
func (s *Shard) Flush() bool {
	return s.buffer == nil || s.buffer.lines == 0 || s.handOver()
}

// handOver exchanges the buffer for an empty one, unless all are at the writer.
func (s *Shard) handOver() bool {
	empty := s.log.empty.pop()
	if empty == nil {
		return false
	}
	s.log.hand(s.buffer)
	s.buffer = empty
	return true
}

// close hands over the last lines and lets no more in.
func (s *Shard) close() {
	if s.buffer.lines > 0 {
		s.log.hand(s.buffer)
	}
	s.buffer = nil
}
