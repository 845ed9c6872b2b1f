//go:build linux

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values         []float64
		q1, median, q3 float64
	}{
		{[]float64{7}, 7, 7, 7},
		{[]float64{4, 2}, 2.5, 3, 3.5},
		{[]float64{9, 1, 5}, 3, 5, 7},
		{[]float64{5, 3, 1, 2, 4}, 2, 3, 4},
	} {
		got := [3]float64{quantile(c.values, 0.25), median(c.values), quantile(c.values, 0.75)}
		if want := [3]float64{c.q1, c.median, c.q3}; got != want {
			t.Errorf("%v: got %v, want %v", c.values, got, want)
		}
	}
}

func costing(micros ...int) []sample {
	var samples []sample
	for _, m := range micros {
		total := time.Duration(m) * time.Millisecond
		samples = append(samples, sample{
			load:  load{requests: 1000, rate: 500, p99: time.Millisecond},
			usage: usage{total: total, user: total / 4, kernel: total - total/4, rss: 8 << 20, pss: 4 << 20},
		})
	}
	return samples
}

// A round that was slow for both proxies leaves their ratio as it is.
func TestRatiosPairRounds(t *testing.T) {
	got := ratios(costing(10, 40, 10), costing(20, 80, 20))
	if want := (spread{0.5, 0.5, 0.5}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSinceSplitsTheExactTotal(t *testing.T) {
	before := usage{total: time.Second, user: 300 * time.Millisecond, kernel: 700 * time.Millisecond}
	after := usage{total: 3 * time.Second, user: 810 * time.Millisecond, kernel: 2230 * time.Millisecond, rss: 5}
	got := after.since(before)
	want := usage{total: 2 * time.Second, user: 500 * time.Millisecond, kernel: 1500 * time.Millisecond, rss: 5}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestIdleSlope(t *testing.T) {
	s := idleSample{10 << 20, 13 << 20, 10<<20 + 8000<<10}
	if got := s.perConnection([]int{1000, 4000, 9000}); got != 1 {
		t.Errorf("got %v KiB a connection, want 1", got)
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	r := report{w: &out, b: &bench{contenders: []contender{{name: "spillway"}, {name: "nginx"}}}}
	r.add(result{row: row{title: "125 B"}, samples: [][]sample{costing(12, 12, 24), costing(16, 24, 32)}})
	r.add(result{row: row{title: "1 MiB"}, err: bytes.ErrTooLarge})
	r.add(result{row: row{title: "idle connections", idle: []int{1000, 4000, 9000}}, idle: [][]idleSample{{{8 << 20, 9 << 20, 16 << 20}}, {{8 << 20, 9 << 20, 24 << 20}}}})
	r.end()
	for _, want := range []string{
		"| 125 B | spillway | 12.00 | 3.00 | 9.00 | 500 | 1ms | 8.0/4.0 |  |\n" +
			"|  | nginx | 24.00 | 6.00 | 18.00 | 500 | 1ms | 8.0/4.0 | 0.75 (0.62-0.75) |\n",
		"| 1 MiB | failed |",
		"\nFailed: 1 MiB: bytes.Buffer: too large\n",
		"| idle connections | KiB each | RSS MiB at 1000 | RSS MiB at 4000 | RSS MiB at 9000 |\n",
		"| nginx | 2.05 | 8.0 | 9.0 | 24.0 |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
