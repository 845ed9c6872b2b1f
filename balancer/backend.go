package balancer

import (
	"math"
	"sync/atomic"
)

// Backend is the live state of one backend. All loops share it and it survives reloads, so every loop sees the
// true load. All methods may be called by any number of goroutines at once.
type Backend struct {
	id     string
	hash   uint64
	timed  atomic.Bool // its latency is of interest
	learns atomic.Bool // and its limit
	_      [96]byte

	// What a pick reads of a backend stands on one cache line that nothing else shares: every pick has to
	// fetch inflight, and the others are written seldom. 128 bytes, because CPUs fetch lines in pairs.
	inflight atomic.Int64
	troubled atomic.Int64
	cost     atomic.Uint64
	warm     atomic.Int64
	_        [96]byte

	learned  learnedLimit
	reported atomic.Uint64
	_        [16]byte
}

// Result is how an exchange with a backend ended.
type Result uint8

// The results.
const (
	Succeeded  Result = iota
	Failed            // the backend is at fault
	Overloaded        // and it looks as if it had too much to do: no answer in time, a reset, 503
)

// NewBackend makes the state of the backend that goes by id, with nothing in flight and no history. The id
// is its identity for hashing and must be the same on every instance that shall hash alike.
func NewBackend(id string) *Backend {
	b := &Backend{id: id, hash: Hash(id)}
	b.troubled.Store(math.MinInt64 / 2)
	b.warm.Store(math.MinInt64 / 2)
	return b
}

// ID is the name given to NewBackend.
func (b *Backend) ID() string { return b.id }

// Hash is a hash of the id: the same in every process, on every machine and in every release that keeps Hash.
func (b *Backend) Hash() uint64 { return b.hash }

// Inflight is the number of slots taken now.
func (b *Backend) Inflight() int64 { return b.inflight.Load() }

// LearnedLimit is how many requests the backend seems to be able to have in flight without queueing them; 0
// while that is not known, or nobody needs it.
func (b *Backend) LearnedLimit() int64 { return b.learned.current() }

// acquire takes a slot and reports true, unless max slots (when max > 0) are taken already. It is exact: of
// any number of concurrent callers as many succeed as there is room for.
func (b *Backend) acquire(max int64) bool {
	if max <= 0 {
		b.inflight.Add(1)
		return true
	}
	for {
		n := b.inflight.Load()
		if n >= max {
			return false
		}
		if b.inflight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// upTo reports whether there is room below limit, and takes it if told so.
func (b *Backend) upTo(limit int64, take bool) bool {
	switch {
	case limit <= 0:
		return false
	case take:
		return b.acquire(limit)
	}
	return b.inflight.Load() < limit
}

// release gives back a slot that acquire took. Once for each, or the count is wrong for good.
func (b *Backend) release() { b.inflight.Add(-1) }

// Observe records the end of an exchange, before its slot is given back: its latency in nanoseconds and how it
// ended. A failure makes the backend look loaded for a while, so that one that fails fast does not attract traffic.
// The latency counts only once a view that needs it has held the backend.
func (b *Backend) Observe(now, latency int64, result Result) {
	if result != Succeeded {
		b.fail(now)
	}
	if b.timed.Load() {
		b.observeLatency(now, latency, result != Succeeded)
	}
	if b.learns.Load() {
		b.learned.observe(now, latency, b.inflight.Load(), result)
	}
}

func (b *Backend) hasRoom(max int64) bool { return max <= 0 || b.inflight.Load() < max }
