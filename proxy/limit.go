package proxy

import (
	"strings"

	"spillway/internal/config"
	"spillway/internal/ratelimit"
)

// A routeLimits is how much of a route each client, header value or the route as
// a whole gets. The tables outlive reloads as long as the route keeps its name and
// the limit its key.
type routeLimits struct {
	rate        *ratelimit.Rate
	rateLimit   ratelimit.RateLimit
	rateKey     config.LimitKey
	concurrency *ratelimit.Concurrency
	most        int
	mostKey     config.LimitKey
}

// limitTables are what a route's limits count in.
type limitTables struct {
	rate        *ratelimit.Rate
	rateKey     config.LimitKey
	concurrency *ratelimit.Concurrency
	mostKey     config.LimitKey
}

// newRouteLimits gives a route its limits; nil: it has none.
func newRouteLimits(c *config.Route, tables *limitTables, now int64) *routeLimits {
	if c.RateLimit == nil || !sameKey(tables.rateKey, c.RateLimit.Key) {
		tables.rate = nil
	}
	if c.ConcurrencyLimit == nil || !sameKey(tables.mostKey, c.ConcurrencyLimit.Key) {
		tables.concurrency = nil
	}
	if c.RateLimit == nil && c.ConcurrencyLimit == nil {
		return nil
	}
	l := &routeLimits{}
	if r := c.RateLimit; r != nil {
		l.rateLimit = ratelimit.RateLimit{Rate: r.Rate, Burst: r.Burst}
		l.rateKey = r.Key
		if tables.rate == nil {
			tables.rate = ratelimit.NewRate(l.rateLimit, max(r.Size, 1))
		} else {
			tables.rate.Configure(l.rateLimit, max(r.Size, 1), now)
		}
		l.rate, tables.rateKey = tables.rate, r.Key
	}
	if r := c.ConcurrencyLimit; r != nil {
		l.most, l.mostKey = r.Limit, r.Key
		if tables.concurrency == nil {
			tables.concurrency = ratelimit.NewConcurrency(r.Limit)
		} else {
			tables.concurrency.Configure(r.Limit)
		}
		l.concurrency, tables.mostKey = tables.concurrency, r.Key
	}
	return l
}

// sameKey tells whether what was counted by one key means the same by the other.
func sameKey(a, b config.LimitKey) bool {
	return a.Source == b.Source && strings.EqualFold(a.Name, b.Name)
}

// admit counts the request against its route's limits and refuses one that is
// above them. What it has taken is given back by leave.
func (x *exchange) admit() *refusal {
	l := x.route.limits
	if l == nil {
		return nil
	}
	if l.rate != nil {
		d := l.rate.Allow(x.limitKey(l.rateKey), x.worker.loop.Now())
		if !d.OK {
			x.noteRateLimit(l, d)
			x.routeStats().rateLimited++
			return errRateLimited
		}
	}
	if l.concurrency != nil {
		key := x.limitKey(l.mostKey)
		if !l.concurrency.Acquire(key) {
			x.limitLines = append(x.limitLines[:0], "Retry-After: 1\r\nRateLimit-Policy: "...)
			x.limitLines = ratelimit.AppendConcurrencyPolicy(x.limitLines, concurrencyName, l.most)
			x.limitLines = append(x.limitLines, "\r\n"...)
			x.routeStats().concurrencyLimited++
			return errTooMany
		}
		x.admitted, x.admittedKey = l.concurrency, key
	}
	return nil
}

const (
	rateName        = "rate"
	concurrencyName = "concurrency"
)

// noteRateLimit makes the fields that tell a refused client when to come back.
func (x *exchange) noteRateLimit(l *routeLimits, d ratelimit.Decision) {
	lines := append(x.limitLines[:0], "Retry-After: "...)
	lines = d.AppendRetryAfter(lines)
	lines = append(lines, "\r\nRateLimit-Policy: "...)
	lines = l.rateLimit.AppendPolicy(lines, rateName)
	lines = append(lines, "\r\nRateLimit: "...)
	lines = d.AppendRateLimit(lines, rateName)
	x.limitLines = append(lines, "\r\n"...)
}

// leave gives back what admit has taken.
func (x *exchange) leave() {
	if x.admitted != nil {
		x.admitted.Release(x.admittedKey)
		x.admitted = nil
	}
}

// limitKey is what a request is counted by. One that lacks the header is counted
// by its client, so that leaving it out does not help.
func (x *exchange) limitKey(k config.LimitKey) uint64 {
	switch k.Source {
	case config.LimitRoute:
		return 0
	case config.LimitHeader:
		if value, ok := x.request.GetName(k.Name); ok && len(value) > 0 {
			return ratelimit.Key(value)
		}
	}
	return ratelimit.AddrKey(x.clientIP())
}
