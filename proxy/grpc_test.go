package proxy

import (
	"testing"
	"time"
)

func TestGRPCTimeouts(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1H": time.Hour, "2M": 2 * time.Minute, "30S": 30 * time.Second, "250m": 250 * time.Millisecond,
		"5u": 5 * time.Microsecond, "00000007n": 7, "0S": 1,
		"99999999H": 876000 * time.Hour, "99999999M": 876000 * time.Hour, "99999999S": 99999999 * time.Second,
		"": -1, "1": -1, "S": -1, "1s": -1, "-1S": -1, "+1S": -1, "1.5S": -1, "123456789S": -1, " 1S": -1,
	} {
		got, ok := parseGRPCTimeout([]byte(text))
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

// A caller may shorten the time that its route gives it, and never lengthen it.
func TestTheShorterTimeHolds(t *testing.T) {
	for _, c := range [][3]int64{{0, 0, 0}, {5, 0, 5}, {0, 5, 5}, {5, 3, 3}, {3, 5, 3}} {
		if got := shorter(c[0], c[1]); got != c[2] {
			t.Errorf("of %d and %d it is %d", c[0], c[1], got)
		}
	}
}
