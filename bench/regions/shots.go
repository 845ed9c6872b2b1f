//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// shots are what became of a load, in the order in which it was due.
type shots []shot

// due are those due from a moment on and before another; 0 as the latter: all that follow.
func (s shots) due(from, to time.Duration) shots {
	return s.where(func(x *shot) bool { return x.Due >= from && (to == 0 || x.Due < to) })
}

func (s shots) where(which func(*shot) bool) (some shots) {
	for i := range s {
		if which(&s[i]) {
			some = append(some, s[i])
		}
	}
	return some
}

func (s shots) ofMethod(method string) shots {
	return s.where(func(x *shot) bool { return x.Method == method })
}

func (x *shot) good() bool { return x.Status == 200 }

// failed counts what was not answered well and had not begun to be, cut what had.
func (s shots) failed() int { return len(s.where(func(x *shot) bool { return !x.good() && !x.cut() })) }
func (s shots) cut() int    { return len(s.where(func(x *shot) bool { return x.cut() })) }
func (x *shot) cut() bool   { return x.Began && x.Status == 0 }

// quantile is of the time of the good ones; 0: there are none.
func (s shots) quantile(q float64) time.Duration {
	var took []time.Duration
	for i := range s {
		if s[i].good() {
			took = append(took, s[i].Took)
		}
	}
	return quantile(took, q)
}

// late is a quantile of how long after its moment the load got to a request.
func (s shots) late(q float64) time.Duration {
	var late []time.Duration
	for i := range s {
		late = append(late, s[i].Late)
	}
	return quantile(late, q)
}

// quantile is the least value that a part q does not exceed; 0: there are none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}

// share is the part of the good ones that servers answered whose names begin so.
func (s shots) share(prefix string) float64 {
	all, some := 0, 0
	for i := range s {
		if s[i].good() {
			all++
			if strings.HasPrefix(s[i].Backend, prefix) {
				some++
			}
		}
	}
	return float64(some) / float64(max(all, 1))
}

const homeStep = 250 * time.Millisecond

// homeAfter is how long after a moment at least 95 % were home and stayed there, in steps;
// false: until the end they were not.
func (s shots) homeAfter(moment time.Duration) (time.Duration, bool) {
	last := s[len(s)-1].Due
	home := time.Duration(0)
	for at := moment; at+homeStep <= last; at += homeStep {
		if s.due(at, at+homeStep).share("home") < 0.95 {
			home = at + homeStep - moment
		}
	}
	return home, home+homeStep <= last-moment
}

// errors counts what went wrong, by kind, the most frequent first.
func (s shots) errors() string {
	counts := map[string]int{}
	for i := range s {
		switch x := &s[i]; {
		case x.Error != "":
			counts[x.Error[strings.LastIndex(x.Error, ": ")+1:]]++
		case !x.good():
			counts[fmt.Sprint(x.Status)]++
		}
	}
	var kinds []string
	for kind := range counts {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int { return counts[b] - counts[a] })
	var words []string
	for _, kind := range kinds[:min(3, len(kinds))] {
		words = append(words, fmt.Sprintf("%d x %s", counts[kind], strings.TrimSpace(kind)))
	}
	return strings.Join(words, ", ")
}

// failures says how many failed, and how.
func (s shots) failures() string {
	text := fmt.Sprintf("%d failed", s.failed())
	if s.failed() > 0 {
		text += " (" + s.errors() + ")"
	}
	if n := s.cut(); n > 0 {
		text += fmt.Sprintf(", %d cut", n)
	}
	return text
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
func percent(part float64) string { return fmt.Sprintf("%.2f %%", 100*part) }
