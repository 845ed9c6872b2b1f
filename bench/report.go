//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"spillway/bench/internal/rig"
)

// A report writes the table while rows arrive.
type report struct {
	b        *bench
	w        io.Writer
	started  time.Time
	failures []string
	idle     []result
	rounds   int     // so many samples,
	waited   float64 // and the sum of their waiting parts
}

// begin writes what the numbers depend on, and the head of the table.
func (b *bench) begin(ctx context.Context, w io.Writer) *report {
	var versions []string
	for _, c := range b.contenders {
		versions = append(versions, rig.Version(ctx, c.name, c.version))
	}
	first := b.contenders[0].name
	fmt.Fprintf(w, "%s. %s. Proxy on processor %s, load and backends on %s. %d rounds of %s in turns.\n",
		strings.Join(versions, ", "), rig.Machine(), b.proxyCPU, b.loadCPUs, b.rounds, b.duration)
	fmt.Fprintf(w, "Medians; the last column is %s's CPU time a request divided by that proxy's, within each round: median (quartiles).\n\n", first)
	fmt.Fprintf(w, "| load | proxy | CPU µs/request | user | kernel | requests/s | p99 | memory MiB (RSS/PSS) | %s against it |\n", first)
	fmt.Fprintf(w, "|---|---|---:|---:|---:|---:|---:|---:|---:|\n")
	return &report{b: b, w: w, started: time.Now()}
}

// add writes the lines of one row.
func (r *report) add(done result) {
	if done.err != nil {
		r.failures = append(r.failures, fmt.Sprintf("%s: %v", done.title, done.err))
		fmt.Fprintf(r.w, "| %s | failed | | | | | | | |\n", done.title)
		return
	}
	if done.idle != nil {
		r.idle = append(r.idle, done) // a table of its own
		return
	}
	title := done.title
	for i, c := range r.b.contenders {
		samples := done.samples[i]
		for _, s := range samples {
			r.rounds++
			r.waited += float64(s.delay) / float64(r.b.duration)
		}
		at := func(f func(sample) float64) float64 { return median(collect(samples, f)) }
		ratio := ""
		if i > 0 {
			ratio = ratios(done.samples[0], samples).String()
		}
		fmt.Fprintf(r.w, "| %s | %s | %.2f | %.2f | %.2f | %.0f | %s | %.1f/%.1f | %s |\n",
			title, c.name,
			at(sample.cost),
			at(func(s sample) float64 { return s.perRequest(s.user) }),
			at(func(s sample) float64 { return s.perRequest(s.kernel) }),
			at(func(s sample) float64 { return s.rate }),
			shortDuration(time.Duration(at(func(s sample) float64 { return float64(s.p99) }))),
			at(func(s sample) float64 { return float64(s.rss) / (1 << 20) }),
			at(func(s sample) float64 { return float64(s.pss) / (1 << 20) }),
			ratio)
		title = ""
	}
}

// addIdle writes the table of a row of idle connections.
func (r *report) addIdle(done result) {
	steps := done.row.idle
	fmt.Fprintf(r.w, "\n| %s | KiB each |", done.title)
	for _, step := range steps {
		fmt.Fprintf(r.w, " RSS MiB at %d |", step)
	}
	fmt.Fprintf(r.w, "\n|---|---:|%s\n", strings.Repeat("---:|", len(steps)))
	for i, c := range r.b.contenders {
		var each []float64
		at := make([][]float64, len(steps))
		for _, s := range done.idle[i] {
			each = append(each, s.perConnection(steps))
			for step, memory := range s {
				at[step] = append(at[step], float64(memory)/(1<<20))
			}
		}
		fmt.Fprintf(r.w, "| %s | %.2f |", c.name, median(each))
		for _, memory := range at {
			fmt.Fprintf(r.w, " %.1f |", median(memory))
		}
		fmt.Fprintln(r.w)
	}
}

// end writes the memory of idle connections and what went wrong.
func (r *report) end() {
	for _, done := range r.idle {
		r.addIdle(done)
	}
	if r.rounds > 0 {
		// A proxy is alone on its processor unless something else runs there.
		fmt.Fprintf(r.w, "\nWhile measured, a proxy's threads waited for the processor %.1f%% of the time: where that is much, other work ran there, and of these numbers only the ratios of CPU time mean something.\n", 100*r.waited/float64(r.rounds))
	}
	for _, f := range r.failures {
		fmt.Fprintf(r.w, "\nFailed: %s\n", f)
	}
	fmt.Fprintf(os.Stderr, "took %s\n", time.Since(r.started).Round(time.Second))
}

// cost is the CPU time of a request in microseconds.
func (s sample) cost() float64 { return s.perRequest(s.total) }

func (s sample) perRequest(d time.Duration) float64 {
	return float64(d) / float64(time.Microsecond) / float64(s.requests)
}

func collect(samples []sample, f func(sample) float64) []float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, f(s))
	}
	return values
}

// A spread is the middle of some values and the quartiles around it.
type spread struct{ q1, median, q3 float64 }

func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f-%.2f)", s.median, s.q1, s.q3) }

// ratios pairs the rounds of two proxies.
func ratios(ours, theirs []sample) spread {
	var r []float64
	for i := range ours {
		r = append(r, ours[i].cost()/theirs[i].cost())
	}
	return spread{quantile(r, 0.25), median(r), quantile(r, 0.75)}
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile interpolates between the two nearest values; values is not empty.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// shortDuration keeps three digits; nothing stands for 0.
func shortDuration(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d >= 100*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
