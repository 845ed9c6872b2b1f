package evacuation

import (
	"strings"
	"testing"
	"time"
)

// served is what a second brought.
func served(requests, errors, refused uint64, takes time.Duration) Outcomes {
	o := Outcomes{Requests: requests, Errors: errors, Refused: refused}
	for range requests {
		o.Latency.Observe(int64(takes))
	}
	return o
}

func TestGuard(t *testing.T) {
	quiet := Outcomes{}
	busy := served(1000, 10, 0, 10*time.Millisecond)
	for _, c := range []struct {
		name      string
		before    Outcomes
		elsewhere time.Duration
		seconds   []Outcomes
		says      string // of the last second; all before say nothing
	}{
		{"all is well", busy, 0, []Outcomes{served(200, 2, 0, 10*time.Millisecond), served(400, 4, 0, 12*time.Millisecond)}, ""},
		{"errors rise", busy, 0, []Outcomes{served(200, 2, 0, 10*time.Millisecond), served(200, 20, 0, 10*time.Millisecond)}, "10.0% of 200 requests failed at the destinations, 1.0% before"},
		{"errors rise by less than five points", busy, 0, []Outcomes{served(200, 11, 0, 10*time.Millisecond)}, ""},
		{"there were as many before", served(1000, 300, 0, 0), 0, []Outcomes{served(100, 33, 0, 0)}, ""},
		{"nine errors are too few", quiet, 0, []Outcomes{served(9, 9, 0, 0)}, ""},
		{"few requests add up", quiet, 0, []Outcomes{served(6, 6, 0, 0), served(6, 6, 0, 0)}, "failed"},
		{"but not for ever", quiet, 0, []Outcomes{served(6, 6, 0, 0), quiet, quiet, quiet, quiet, served(6, 6, 0, 0)}, ""},
		{"latency rises", busy, 0, []Outcomes{served(20, 0, 0, 200*time.Millisecond)}, "p90 latency"},
		{"latency within its margin", busy, 0, []Outcomes{served(20, 0, 0, 60*time.Millisecond)}, ""},
		{"nineteen requests are too few", busy, 0, []Outcomes{served(19, 0, 0, time.Second)}, ""},
		{"idle before: what it is elsewhere counts", quiet, 80 * time.Millisecond, []Outcomes{served(100, 0, 0, 200*time.Millisecond)}, ""},
		{"idle before, and slow", quiet, 80 * time.Millisecond, []Outcomes{served(100, 0, 0, 500*time.Millisecond)}, "p90 latency"},
		{"nothing known: the first that is seen counts", quiet, 0, []Outcomes{served(100, 0, 0, 300*time.Millisecond), served(100, 0, 0, 500*time.Millisecond)}, ""},
		{"nothing known, then slow", quiet, 0, []Outcomes{served(100, 0, 0, 20*time.Millisecond), served(100, 0, 0, 300*time.Millisecond)}, "p90 latency"},
		{"one request is refused", busy, 0, []Outcomes{served(500, 0, 1, 0)}, "1 of 501 requests were refused"},
		{"some were refused before", served(900, 0, 100, 0), 0, []Outcomes{served(90, 0, 10, 0)}, ""},
		{"more are refused than before", served(900, 0, 100, 0), 0, []Outcomes{served(80, 0, 20, 0)}, "20 of 100 requests were refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWatch(c.before, int64(c.elsewhere))
			for i := range c.seconds {
				want := ""
				if i == len(c.seconds)-1 {
					want = c.says
				}
				if got := w.judge(&c.seconds[i]); (got == "") != (want == "") || !strings.Contains(got, want) {
					t.Errorf("second %d: %q, want %q", i, got, want)
				}
			}
		})
	}
}
