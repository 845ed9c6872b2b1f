package proxy

import (
	"testing"

	"spillway/internal/config"
)

// What has been counted stays over a reload as long as it is counted by the same key.
func TestALimitWithAnotherKeyBeginsAnew(t *testing.T) {
	address, header := config.LimitKey{Source: config.LimitClientIP}, config.LimitKey{Source: config.LimitHeader, Name: "X-Tenant"}
	for _, c := range []struct {
		name    string
		was, is config.LimitKey
		anew    bool
	}{
		{"the same address", address, address, false},
		{"the same header", header, header, false},
		{"the same header in other letters", header, config.LimitKey{Source: config.LimitHeader, Name: "x-tenant"}, false},
		{"a header in place of the address", address, header, true},
		{"the route in place of the header", header, config.LimitKey{Source: config.LimitRoute}, true},
		{"another header", header, config.LimitKey{Source: config.LimitHeader, Name: "X-User"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			limited := func(rate, most config.LimitKey) *config.Route {
				return &config.Route{RateLimit: &config.RateLimit{Key: rate, Rate: 1, Burst: 1, Size: 10},
					ConcurrencyLimit: &config.ConcurrencyLimit{Key: most, Limit: 1, Size: 10}}
			}
			const key, now = 5, 1
			tables := &limitTables{}
			before := newRouteLimits(limited(c.was, c.was), tables, now)
			if !before.rate.Allow(key, now).OK || !before.concurrency.Acquire(key) {
				t.Fatal("the first request is refused")
			}
			after := newRouteLimits(limited(c.is, c.was), tables, now)
			if got := after.rate.Allow(key, now).OK; got != c.anew {
				t.Errorf("another request is admitted by rate: %t, want %t", got, c.anew)
			}
			if after.concurrency.Acquire(key) {
				t.Error("the limit whose key has stayed forgot a request")
			}
			after = newRouteLimits(limited(c.is, c.is), tables, now)
			if after.rate.Allow(key, now).OK {
				t.Error("the limit that began anew began once more")
			}
			if got := after.concurrency.Acquire(key); got != c.anew {
				t.Errorf("another request at once is admitted: %t, want %t", got, c.anew)
			}
		})
	}
}
