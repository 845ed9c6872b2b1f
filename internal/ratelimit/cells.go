package ratelimit

import (
	"math"
	"time"
)

// cells is the arithmetic of the generic cell rate algorithm. A bucket is described by the time at which it will be full again: each request
// puts that off by one interval, and is refused if it would then be further away than burst intervals.
type cells struct {
	interval int64 // ns that refill one request, rounded up, so that no more than the rate is admitted
	burst    int64
}

// farthest is how far ahead a bucket may be filled, so that sums of times cannot overflow.
const farthest = math.MaxInt64 / 4

func newCells(l RateLimit) cells {
	c := cells{burst: int64(max(l.Burst, 1))}
	c.burst = min(c.burst, farthest)
	interval := math.Inf(1)
	if l.Rate > 0 {
		interval = math.Ceil(float64(time.Second) / l.Rate)
	}
	c.interval = int64(max(1, min(interval, float64(farthest/c.burst))))
	return c
}

// take decides on one request at now, and puts off full if it is admitted.
func (c *cells) take(full *int64, now int64) Decision {
	debt := max(*full-now, 0)
	ok := debt <= (c.burst-1)*c.interval
	if ok {
		debt += c.interval
		*full = now + debt
	}
	spent := (debt + c.interval - 1) / c.interval
	d := Decision{OK: ok, Remaining: int(max(c.burst-spent, 0))}
	d.Reset = time.Duration(debt - min(spent-1, c.burst-1)*c.interval)
	return d
}

// translate returns when a bucket will be full under these rules that was under old ones until now, with as many requests spent.
func (c *cells) translate(full, now int64, old *cells) int64 {
	debt := max(full-now, 0)
	whole, part := debt/old.interval, debt%old.interval
	if whole >= c.burst {
		return now + c.burst*c.interval
	}
	rest := float64(part) / float64(old.interval) * float64(c.interval)
	return now + whole*c.interval + int64(math.Ceil(rest))
}
