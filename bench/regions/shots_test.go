//go:build linux

package main

import (
	"bufio"
	"strings"
	"testing"
	"time"
)

func TestHomeAfter(t *testing.T) {
	series := func(parts ...string) (s shots) {
		for i, part := range parts { // one for each step
			for j, name := range strings.Fields(part) {
				s = append(s, shot{Due: time.Duration(i)*homeStep + time.Duration(j), Status: 200, Backend: name})
			}
		}
		return s
	}
	for _, tc := range []struct {
		name string
		load shots
		want time.Duration
		ever bool
	}{
		{"at once", series("home", "home", "home", "home"), 0, true},
		{"after the second step", series("far", "far home", "home", "home"), 2 * homeStep, true},
		{"not if it leaves again", series("home", "far", "home", "far", "home", "home"), 4 * homeStep, true},
		{"never", series("far", "far", "far", "far"), 3 * homeStep, false},
	} {
		got, ever := tc.load.homeAfter(0)
		if got != tc.want || ever != tc.ever {
			t.Errorf("%s: %v and %v, want %v and %v", tc.name, got, ever, tc.want, tc.ever)
		}
	}
}

func TestFailuresAreCountedByHowTheyEnd(t *testing.T) {
	s := shots{
		{Status: 200, Took: 1, Backend: "home0"}, {Status: 200, Took: 3, Backend: "far0"}, {Status: 503},
		{Error: "read: connection reset"}, {Began: true, Error: "unexpected EOF"},
	}
	if s.failed() != 2 || s.cut() != 1 {
		t.Errorf("%d failed and %d were cut, want 2 and 1", s.failed(), s.cut())
	}
	if s.share("far") != 0.5 || s.quantile(0.99) != 3 || s.quantile(0) != 1 {
		t.Errorf("share %v, quantiles %v and %v", s.share("far"), s.quantile(0.99), s.quantile(0))
	}
}

func TestScheduleHasTheRateOfEachPhase(t *testing.T) {
	for _, poisson := range []bool{false, true} {
		p := plan{Phases: []phase{{1000, 2 * time.Second}, {5000, time.Second}}, Poisson: poisson, Seed: 7, Methods: []string{"GET", "POST"}}
		list := shots(p.schedule())
		first, second := list.due(0, 2*time.Second), list.due(2*time.Second, 0)
		if n := len(first); n < 1800 || n > 2200 {
			t.Errorf("%d in the first phase, want about 2000", n)
		}
		if n := len(second); n < 4700 || n > 5300 {
			t.Errorf("%d in the second phase, want about 5000", n)
		}
		for i := 1; i < len(list); i++ {
			if list[i].Due < list[i-1].Due {
				t.Fatal("the moments are not in order")
			}
		}
		if n := len(list.ofMethod("POST")); n != len(list)/2 {
			t.Errorf("%d of %d are POSTs", n, len(list))
		}
	}
}

func TestReadMessage(t *testing.T) {
	for _, tc := range []struct {
		name, raw, line, rest string
		bad                   bool
	}{
		{"with a body", "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyNEXT", "POST / HTTP/1.1", "NEXT", false},
		{"without", "GET / HTTP/1.1\r\nHost: a\r\n\r\nNEXT", "GET / HTTP/1.1", "NEXT", false},
		{"cut", "GET / HTTP/1.1\r\nHost", "GET / HTTP/1.1", "", true},
		{"a body of unknown length", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "GET / HTTP/1.1", "", true},
		{"a length that is none", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1", "", true},
	} {
		r := bufio.NewReader(strings.NewReader(tc.raw))
		m, err := readMessage(r)
		if m == nil || m.line != tc.line || (err != nil) != tc.bad {
			t.Errorf("%s: %+v, %v", tc.name, m, err)
			continue
		}
		if rest, _ := r.ReadString(0); !tc.bad && rest != tc.rest {
			t.Errorf("%s: %q is left", tc.name, rest)
		}
	}
	if _, err := readMessage(bufio.NewReader(strings.NewReader(""))); err == nil {
		t.Error("nothing is no message")
	}
}

func TestBusiestAndMoves(t *testing.T) {
	from := map[string]string{"a": "x", "b": "x", "c": "y", "d": "z"}
	to := map[string]string{"a": "y", "b": "y", "c": "y", "d": "y"}
	if busy := busiestOf(from, 3); busy != 1.5 {
		t.Errorf("the busiest has %v of the mean, want 1.5", busy)
	}
	if n := moves(from, to, "x"); n != 1 {
		t.Errorf("%d of the others' keys moved, want that of z alone", n)
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	f.Add("GET / HTTP/1.1\r\n: \r\n\r\n")
	f.Fuzz(func(t *testing.T, raw string) {
		readMessage(bufio.NewReader(strings.NewReader(raw)))
	})
}
