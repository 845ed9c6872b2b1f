package ratelimit_test

import (
	"math"
	"testing"
	"time"

	"spillway/internal/ratelimit"
)

func TestPolicy(t *testing.T) {
	for _, tc := range []struct {
		name  string
		limit ratelimit.RateLimit
		want  string
	}{
		{"default", ratelimit.RateLimit{Rate: 10, Burst: 100}, `"default";q=100;w=10`},
		{"slow", ratelimit.RateLimit{Rate: 0.1, Burst: 3}, `"slow";q=3;w=30`},
		{"rounded up", ratelimit.RateLimit{Rate: 1000, Burst: 100}, `"rounded up";q=100;w=1`},
		{"a \"quoted\" \\ \n ü", ratelimit.RateLimit{Rate: 7, Burst: 10}, `"a \"quoted\" \\ ? ??";q=10;w=2`},
		{"", ratelimit.RateLimit{}, `"";q=1;w=2305843010`},
		{"most", ratelimit.RateLimit{Rate: math.Inf(1), Burst: math.MaxInt}, `"most";q=999999999999999;w=2305843010`},
	} {
		if got := string(tc.limit.AppendPolicy(nil, tc.name)); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.limit, got, tc.want)
		}
	}
	if got := string(ratelimit.AppendConcurrencyPolicy([]byte("x, "), "at once", 10)); got != `x, "at once";q=10;qu="concurrent-requests"` {
		t.Error(got)
	}
}

func TestRateLimitAndRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		decision          ratelimit.Decision
		limit, retryAfter string
	}{
		{ratelimit.Decision{OK: true, Remaining: 50, Reset: 30 * time.Second}, `"d";r=50;t=30`, "30"},
		{ratelimit.Decision{Reset: time.Nanosecond}, `"d";r=0;t=1`, "1"},
		{ratelimit.Decision{Reset: 1001 * time.Millisecond}, `"d";r=0;t=2`, "2"},
		{ratelimit.Decision{}, `"d";r=0;t=0`, "1"},
	} {
		limit, retryAfter := string(tc.decision.AppendRateLimit(nil, "d")), string(tc.decision.AppendRetryAfter(nil))
		if limit != tc.limit || retryAfter != tc.retryAfter {
			t.Errorf("%+v: %s and %s, want %s and %s", tc.decision, limit, retryAfter, tc.limit, tc.retryAfter)
		}
	}
}
