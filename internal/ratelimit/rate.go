package ratelimit

import (
	"math"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// RateLimit is how much of one key is admitted.
type RateLimit struct {
	Rate  float64 // requests a second, on the average; 0: none comes back
	Burst int     // requests at once, after a pause; below 1 counts as 1
}

// Decision is what becomes of a request, and what its client may be told.
type Decision struct {
	OK        bool
	Remaining int           // requests that would be admitted now, besides this one
	Reset     time.Duration // until there is one more; for a refused one, until it would be admitted
}

// Rate limits the rate of each key: a token bucket, kept by the generic cell rate algorithm (ITU-T I.371) as one time per key. It never admits
// more than Burst + Rate x t of one key in any time t. It knows the most recently used keys; one that it forgot has its whole burst
// again. All methods may be called from any goroutine.
type Rate struct {
	shards [shards]rateShard
}

type rateShard struct {
	mu    sync.Mutex
	cells cells
	table *simplelru.LRU[uint64, *int64] // when the key's bucket will be full, ns
	_     [96]byte                       // no two shards on one pair of cache lines
}

// NewRate returns a table for about size keys: so many find room even where they fall unevenly, for which there is some room more: half as
// much again at 4,000, a twentieth at 400,000.
func NewRate(l RateLimit, size int) *Rate {
	r := &Rate{}
	for i := range r.shards {
		table, err := simplelru.NewLRU[uint64, *int64](shardSize(size), nil)
		if err != nil {
			panic(err) // only for a size below one
		}
		r.shards[i].table, r.shards[i].cells = table, newCells(l)
	}
	return r
}

// shardSize is a shard's part of size, with four standard deviations of what chance adds to it.
func shardSize(size int) int {
	mean := float64(max(size, 1)) / shards
	return int(math.Ceil(mean + 4*math.Sqrt(mean) + 4))
}

// Configure replaces the limit and the size. What keys have used stays used: one that had 3 of its burst left before has spent as many requests
// afterwards, as far as the new burst goes.
func (r *Rate) Configure(l RateLimit, size int, now int64) {
	for i := range r.shards {
		r.shards[i].configure(newCells(l), shardSize(size), now)
	}
}

func (s *rateShard) configure(next cells, size int, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.Resize(size)
	if next == s.cells {
		return
	}
	for _, full := range s.table.Values() {
		*full = next.translate(*full, now, &s.cells)
	}
	s.cells = next
}

// Allow decides on a request of a key that [Key] or [AddrKey] made. It allocates for a key that it does not know.
func (r *Rate) Allow(key uint64, now int64) Decision {
	s := &r.shards[key%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	full, known := s.table.Get(key)
	if !known {
		full = new(int64)
		*full = now
		s.table.Add(key, full)
	}
	return s.cells.take(full, now)
}

// Len is the number of keys known now.
func (r *Rate) Len() (n int) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		n += s.table.Len()
		s.mu.Unlock()
	}
	return n
}
