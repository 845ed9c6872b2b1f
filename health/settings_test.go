package health_test

import (
	"testing"
	"time"

	"spillway/health"
)

func TestNextCheck(t *testing.T) {
	c := health.CheckSettings{Interval: 2 * time.Second, FastInterval: 500 * time.Millisecond, Jitter: 0.1}
	slow := c
	slow.FastInterval = 0
	for _, tc := range []struct {
		name       string
		settings   health.CheckSettings
		inQuestion bool
		dice       float64
		want       time.Duration
	}{
		{"settled", c, false, 0.5, 2 * time.Second},
		{"settled, least", c, false, 0, 1800 * time.Millisecond},
		{"settled, most", c, false, 1, 2200 * time.Millisecond},
		{"in question", c, true, 0.5, 500 * time.Millisecond},
		{"in question, least", c, true, 0, 450 * time.Millisecond},
		{"in question without a fast interval", slow, true, 0.5, 2 * time.Second},
	} {
		if got := tc.settings.Next(tc.inQuestion, tc.dice); got.Round(time.Microsecond) != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestFirstChecksAreSpread(t *testing.T) {
	c := health.CheckSettings{Interval: 8 * time.Second, FastInterval: time.Second}
	for i, want := range []time.Duration{0, 25 * time.Millisecond, 50 * time.Millisecond, 75 * time.Millisecond} {
		if got := c.First(i, 4); got != want {
			t.Errorf("first check of backend %d of 4 after %v, want %v", i, got, want)
		}
	}
	if got := c.First(0, 0); got != 0 {
		t.Errorf("first check of nobody after %v", got)
	}
}

func TestExpect(t *testing.T) {
	ranges := []health.StatusRange{{Low: 200, High: 204}, {Low: 301, High: 301}}
	for _, tc := range []struct {
		expect health.Expect
		status int
		body   string
		reason string // empty: it matches
	}{
		{health.Expect{}, 200, "", ""},
		{health.Expect{}, 399, "anything", ""},
		{health.Expect{}, 199, "", "status 199, expected 200-399"},
		{health.Expect{}, 404, "", "status 404, expected 200-399"},
		{health.Expect{Statuses: ranges}, 204, "", ""},
		{health.Expect{Statuses: ranges}, 301, "", ""},
		{health.Expect{Statuses: ranges}, 302, "", "status 302, expected 200-204,301"},
		{health.Expect{Body: []byte("ok")}, 200, "all ok here", ""},
		{health.Expect{Body: []byte("ok")}, 200, "O K", `body of 3 bytes without "ok"`},
		{health.Expect{Body: []byte("ok")}, 500, "ok", "status 500, expected 200-399"},
	} {
		ok, reason := tc.expect.Match(tc.status, []byte(tc.body))
		if ok != (tc.reason == "") || reason != tc.reason {
			t.Errorf("%+v, status %d, body %q: %v %q, want %q", tc.expect, tc.status, tc.body, ok, reason, tc.reason)
		}
	}
}

func TestWords(t *testing.T) {
	for state, want := range map[health.State]string{
		health.Healthy: "healthy", health.Unhealthy: "unhealthy", health.Ejected: "ejected", health.Draining: "draining",
		health.Warming: "warming", 99: "unknown",
	} {
		if got := state.String(); got != want {
			t.Errorf("state %d is %q, want %q", state, got, want)
		}
	}
	for cause, want := range map[health.Cause]string{
		health.ConnectRefused: "connection refused", health.ConnectTimeout: "connect timed out", health.ConnectFailed: "connect failed",
		health.Reset: "reset by backend", health.ResponseTimeout: "no response in time", health.BadResponse: "unreadable response", 99: "unknown failure",
	} {
		if got := cause.String(); got != want {
			t.Errorf("cause %d is %q, want %q", cause, got, want)
		}
	}
}
