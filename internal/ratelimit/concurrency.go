package ratelimit

import (
	"sync"
	"sync/atomic"
)

// Concurrency limits how many requests of each key are in progress at once. It is exact over all loops and reloads. Its table holds
// just the keys that have a request in progress, so it is bounded by their number: a table that forgets the oldest would forget that they
// are in progress. All methods may be called from any goroutine.
type Concurrency struct {
	limit  atomic.Int64
	shards [shards]concurrencyShard
}

type concurrencyShard struct {
	mu         sync.Mutex
	inProgress map[uint64]int64
	_          [112]byte // no two shards on one pair of cache lines
}

// NewConcurrency returns a table that admits limit requests of a key at once; a limit below 1 is none.
func NewConcurrency(limit int) *Concurrency {
	c := &Concurrency{}
	c.Configure(limit)
	for i := range c.shards {
		c.shards[i].inProgress = map[uint64]int64{}
	}
	return c
}

// Configure replaces the limit. Requests in progress go on, though they may be more.
func (c *Concurrency) Configure(limit int) { c.limit.Store(int64(limit)) }

// Acquire takes a place for a request of a key that [Key] or [AddrKey] made, and reports true, unless all are taken. It counts where there is no limit too, as one may come.
func (c *Concurrency) Acquire(key uint64) bool {
	limit := c.limit.Load()
	s := &c.shards[key%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.inProgress[key]
	if limit >= 1 && n >= limit {
		return false
	}
	s.inProgress[key] = n + 1
	return true
}

// Release gives a place back, once for each that Acquire took.
func (c *Concurrency) Release(key uint64) {
	s := &c.shards[key%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.inProgress[key]; n > 1 {
		s.inProgress[key] = n - 1
	} else {
		delete(s.inProgress, key)
	}
}

// Len is the number of keys that have a request in progress.
func (c *Concurrency) Len() (n int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += len(s.inProgress)
		s.mu.Unlock()
	}
	return n
}
