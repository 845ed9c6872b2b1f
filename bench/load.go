//go:build linux

package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A load is what a load generator saw of one round.
type load struct {
	requests int64
	rate     float64       // requests a second
	p99      time.Duration // 0: the generator does not tell
}

// A wrkRow is a row that wrk drives: as fast as it goes over kept connections.
type wrkRow struct {
	path        string
	connections int
	script      string // a Lua template, or none
	requestSize int    // bytes that a field fills a request up to; 0: as it is
}

// run drives one round against a site.
func (w wrkRow) run(ctx context.Context, b *bench, at site, d time.Duration) (load, error) {
	argv := []string{
		"wrk", "--latency", "-t1", "-c" + strconv.Itoa(w.connections),
		"-d" + strconv.Itoa(int(d.Seconds())) + "s",
	}
	if w.script != "" {
		path, err := b.render(w.script, nil)
		if err != nil {
			return load{}, err
		}
		argv = append(argv, "-s", path)
	}
	if w.requestSize > 0 {
		argv = append(argv, "-H", w.filling(at))
	}
	out, err := b.runLoad(ctx, d, append(argv, at.url(w.path))...)
	if err != nil {
		return load{}, err
	}
	return parseWrk(string(out))
}

// filling is the field that makes a request of wrk as large as it is to be.
func (w wrkRow) filling(at site) string {
	const name = "X-Fill: "
	rest := len("GET " + w.path + " HTTP/1.1\r\nHost: " + at.Address + "\r\n" + name + "\r\n\r\n")
	return name + strings.Repeat("x", max(1, w.requestSize-rest))
}

// runLoad runs a load generator, which is to take so long, and returns what it
// printed. One that does not end by itself is killed.
func (b *bench) runLoad(ctx context.Context, d time.Duration, argv ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, d+overtime)
	defer cancel()
	return b.sup.Output(ctx, b.loadCPUs, argv...)
}

// overtime is what a load may take beyond its duration.
const overtime = 20 * time.Second

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s*(\d+) requests in `)
	wrkRate     = regexp.MustCompile(`(?m)^Requests/sec:\s*([\d.]+)`)
	wrkP99      = regexp.MustCompile(`(?m)^\s*99%\s+([\d.]+(?:us|ms|s|m|h))`)
	wrkErrors   = regexp.MustCompile(`(?m)^\s*Socket errors: (.*)$`)
	wrkStatus   = regexp.MustCompile(`(?m)^\s*(Non-2xx or 3xx responses: .*)$`)
)

// parseWrk reads the report of wrk --latency. A socket error or an answer
// that is not 2xx or 3xx is an error: such a round measures something else.
func parseWrk(report string) (load, error) {
	if m := wrkErrors.FindStringSubmatch(report); m != nil {
		return load{}, fmt.Errorf("wrk: socket errors: %s", m[1])
	}
	if m := wrkStatus.FindStringSubmatch(report); m != nil {
		return load{}, fmt.Errorf("wrk: %s", m[1])
	}
	requests, rate, p99 := wrkRequests.FindStringSubmatch(report), wrkRate.FindStringSubmatch(report), wrkP99.FindStringSubmatch(report)
	if requests == nil || rate == nil || p99 == nil {
		return load{}, fmt.Errorf("wrk: cannot read its report: %s", report)
	}
	var l load
	var err [3]error
	l.requests, err[0] = strconv.ParseInt(requests[1], 10, 64)
	l.rate, err[1] = strconv.ParseFloat(rate[1], 64)
	l.p99, err[2] = time.ParseDuration(p99[1])
	for _, e := range err {
		if e != nil {
			return load{}, fmt.Errorf("wrk: %w", e)
		}
	}
	if l.requests == 0 {
		return load{}, fmt.Errorf("wrk: no request was answered")
	}
	return l, nil
}
