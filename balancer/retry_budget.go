package balancer

import "sync/atomic"

const (
	budgetSlot  = 1e9 // ns
	budgetSlots = 10
	budgetRing  = 16 // a power of two, with room beyond budgetSlots for loops whose clocks differ
)

// RetryBudget limits retries to a share of the requests of the last 10 s, so that they cannot multiply the
// load on backends that fail because they are overloaded. All loops share it; all its methods may be called
// concurrently.
type RetryBudget struct {
	share    float64
	floor    int64
	requests budgetCount
	_        [128]byte
	retries  budgetCount
}

// NewRetryBudget allows retries up to share (0.2 is usual) of the requests, and where that is less, perSecond (10
// is usual) on the average over the window, so that a pool with little traffic can retry at all.
func NewRetryBudget(share, perSecond float64) *RetryBudget {
	return &RetryBudget{share: share, floor: int64(perSecond * budgetSlots)}
}

// Request counts a request; its retries are not to be counted again.
func (b *RetryBudget) Request(now int64) {
	slot := budgetSlotOf(now)
	for {
		old, current := b.requests.at(slot)
		if !current || b.requests.add(slot, old) {
			return
		}
	}
}

// Allow reports whether a retry may be made, and counts it if so. Concurrent calls do not exceed the budget.
func (b *RetryBudget) Allow(now int64) bool {
	slot := budgetSlotOf(now)
	for {
		old, current := b.retries.at(slot)
		if !current {
			return false
		}
		limit := max(b.floor, int64(b.share*float64(b.requests.sum(slot))))
		if b.retries.sum(slot) >= limit {
			return false
		}
		if b.retries.add(slot, old) {
			return true
		}
	}
}

func budgetSlotOf(now int64) uint32 { return uint32(now / budgetSlot) }

// budgetCount is a ring of counters, each with the number of its slot above its count in one word.
type budgetCount [budgetRing]atomic.Uint64

// at reads the counter for slot. It is current unless the ring has gone on a whole round already, which happens
// only to a caller whose now is long past.
func (c *budgetCount) at(slot uint32) (word uint64, current bool) {
	word = c[slot%budgetRing].Load()
	return word, int32(uint32(word>>32)-slot) <= 0
}

// add counts one in slot, if its counter is still as read.
func (c *budgetCount) add(slot uint32, old uint64) bool {
	next := old + 1
	if uint32(old>>32) != slot {
		next = uint64(slot)<<32 | 1
	}
	return c[slot%budgetRing].CompareAndSwap(old, next)
}

func (c *budgetCount) sum(slot uint32) (total int64) {
	for i := range c {
		word := c[i].Load()
		if age := int32(slot - uint32(word>>32)); age > -2 && age < budgetSlots {
			total += int64(uint32(word))
		}
	}
	return total
}
