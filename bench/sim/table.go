package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// writeTable writes what the trials of a scenario showed, as Markdown, and below it what of the promises does not hold.
func writeTable(out io.Writer, s *scenario, list []*trial, complaints []string) {
	fmt.Fprintf(out, "\n## %s: %s\n\n%s\n\n", s.name, s.title, s.about)
	least := list[0].summary
	fmt.Fprintf(out, "Had to leave home: %s.", percent(least.least/float64(least.due)))
	if note := lossNote(list[0].scenario, list); note != "" {
		fmt.Fprintf(out, " %s", note)
	}
	first := "policy"
	if len(s.fleets) > 0 {
		first = "proxies"
	}
	head := []string{first, "left home", "beyond the least", "failed", "p50 ms", "p99 ms", "p99 of the answered", "swing", "amplitude"}
	if s.keys > 0 {
		head = append(head, "keys moved")
	}
	if s.returns > 0 {
		head = append(head, "95 % home after")
	}
	if s.graded {
		head = append(head, "failed, priority 51-100", "failed, 1-50")
	}
	fmt.Fprintf(out, "\n\n| %s |\n|%s\n", strings.Join(head, " | "), "---|"+strings.Repeat("---:|", len(head)-1))
	for _, t := range list {
		x := t.summary
		row := []string{t.label, percent(float64(x.away) / float64(x.due)), x.beyond(), percent(float64(x.failed) / float64(x.due)),
			millis(x.p50), millis(x.p99), millis(x.p99Answered), points(x.swing), points(x.amplitude)}
		if s.keys > 0 {
			row = append(row, percent(x.moved))
		}
		if s.returns > 0 {
			row = append(row, seconds(x.homeAfter))
		}
		if s.graded {
			row = append(row, percent(x.important), percent(x.lowest))
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
	}
	fmt.Fprintln(out)
	for _, c := range complaints {
		fmt.Fprintf(out, "- %s\n", c)
	}
	if len(complaints) == 0 {
		fmt.Fprintln(out, "- All promises hold.")
	}
}

// lossNote says what Erlang's formula gives for the greatest steady load, where nobody waits.
func lossNote(s *scenario, list []*trial) string {
	home := s.regions[0]
	if s.learned || home.rate == nil || s.settled[0] == 0 {
		return ""
	}
	load := home.rate(s.settled[0]) * float64(s.service.mean+s.local) / 1e9
	slots := home.backends * home.slots
	note := fmt.Sprintf("While the load is steady: %s without failures, and without waiting (Erlang B) %s", percent(max(0, 1-float64(slots)/load)), percent(erlangB(load, slots)))
	for _, t := range list[1:] {
		if n := t.scenario.regions[0].proxies; n > 1 && len(s.fleets) > 0 {
			note += fmt.Sprintf(", %s by %d that do not talk", percent(erlangB(load/float64(n), slots/n)), n)
		}
	}
	return note + "."
}

// beyond is how much more than the least has left: of the least, or where that is next to nothing, of all.
func (x *summary) beyond() string {
	due := float64(x.due)
	more := float64(x.away) - x.least
	if x.least < 0.01*due {
		return fmt.Sprintf("%+.2f points", 100*more/due)
	}
	return fmt.Sprintf("%+.1f %%", 100*more/x.least)
}

func percent(part float64) string {
	switch {
	case math.IsNaN(part):
		return "-"
	case part != 0 && math.Abs(part) < 0.0995:
		return fmt.Sprintf("%.2f %%", 100*part)
	}
	return fmt.Sprintf("%.1f %%", 100*part)
}

func points(x float64) string { return fmt.Sprintf("%.2f", x) }

func seconds(s float64) string {
	if math.IsInf(s, 1) {
		return "never"
	}
	return fmt.Sprintf("%.1f s", s)
}

func millis(ms float64) string {
	if math.IsInf(ms, 1) {
		return "failed"
	}
	return fmt.Sprintf("%.1f", ms)
}
