package balancer

import (
	"math"
	"sync/atomic"
)

// Backend is the live state of one backend. All loops share it and it survives reloads, so every loop sees the
// true load. All methods may be called by any number of goroutines at once.
type Backend struct {
	id    string
	hash  uint64
	timed atomic.Bool
	_     [100]byte

	// What a pick reads of a backend stands on one cache line that nothing else shares: every pick has to
	// fetch inflight, and the other two are written seldom. 128 bytes, because CPUs fetch lines in pairs.
	inflight atomic.Int64
	troubled atomic.Int64
	cost     atomic.Uint64
	_        [104]byte
}

// NewBackend makes the state of the backend that goes by id, with nothing in flight and no history. The id
// is its identity for hashing and must be the same on every instance that shall hash alike.
func NewBackend(id string) *Backend {
	b := &Backend{id: id, hash: Hash(id)}
	b.troubled.Store(math.MinInt64 / 2)
	return b
}

// ID is the name given to NewBackend.
func (b *Backend) ID() string { return b.id }

// Hash is a hash of the id: the same in every process, on every machine and in every release that keeps Hash.
func (b *Backend) Hash() uint64 { return b.hash }

// Inflight is the number of slots taken now.
func (b *Backend) Inflight() int64 { return b.inflight.Load() }

// Acquire takes a slot and reports true, unless max slots (when max > 0) are taken already. It is exact: of
// any number of concurrent callers as many succeed as there is room for.
func (b *Backend) Acquire(max int64) bool {
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

// Release gives back a slot that Acquire or Pick took. Once for each, or the count is wrong for good.
func (b *Backend) Release() { b.inflight.Add(-1) }

// Observe records the end of an exchange: its latency in nanoseconds and whether the backend failed it. A
// failure makes the backend look loaded for a while, so that one that fails fast does not attract traffic. The
// latency counts only once a view with PeakEWMA has held the backend.
func (b *Backend) Observe(now, latency int64, failed bool) {
	if failed {
		b.fail(now)
	}
	if b.timed.Load() {
		b.observeLatency(now, latency, failed)
	}
}

func (b *Backend) hasRoom(max int64) bool { return max <= 0 || b.inflight.Load() < max }
