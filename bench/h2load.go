//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An h2loadRow is a row over HTTP/2 that h2load drives: each connection has
// so many requests under way at any time.
type h2loadRow struct {
	path        string
	connections int
	streams     int
}

// run drives one round against a site.
func (h h2loadRow) run(ctx context.Context, b *bench, at site, d time.Duration) (load, error) {
	out, err := b.runLoad(ctx, d, "h2load", "-t1", "-c"+strconv.Itoa(h.connections), "-m"+strconv.Itoa(h.streams),
		"-D"+strconv.Itoa(int(d.Seconds()))+"s", "--npn-list=h2",
		"--tls13-ciphers="+tls.CipherSuiteName(tlsCipher), "--groups="+tlsCurve.String(), at.url(h.path))
	if err != nil {
		return load{}, err
	}
	return parseH2load(string(out))
}

var (
	h2loadProtocol = regexp.MustCompile(`(?m)^Application protocol: (.*)$`)
	h2loadElapsed  = regexp.MustCompile(`(?m)^finished in ([\d.]+(?:us|ms|s)), `)
	h2loadRequests = regexp.MustCompile(`(?m)^requests: .* (\d+) done, .*$`)
	h2loadStatus   = regexp.MustCompile(`(?m)^status codes: .*$`)
)

// parseH2load reads the report of h2load, which has no percentiles. A request
// that failed, or whose answer is not 2xx, is an error; those under way at the
// end count neither way. The rate is over the whole time: h2load's own is over
// the time that it was to take.
func parseH2load(report string) (load, error) {
	if m := h2loadProtocol.FindStringSubmatch(report); m != nil && m[1] != "h2" {
		return load{}, fmt.Errorf("h2load: the connection speaks %s", m[1])
	}
	elapsed, requests, status := h2loadElapsed.FindStringSubmatch(report), h2loadRequests.FindStringSubmatch(report), h2loadStatus.FindString(report)
	if elapsed == nil || requests == nil || status == "" {
		return load{}, fmt.Errorf("h2load: cannot read its report: %s", report)
	}
	if !strings.HasSuffix(requests[0], ", 0 failed, 0 errored, 0 timeout") || !strings.HasSuffix(status, " 2xx, 0 3xx, 0 4xx, 0 5xx") {
		return load{}, fmt.Errorf("h2load: %s; %s", requests[0], status)
	}
	done, err := strconv.ParseInt(requests[1], 10, 64)
	took, err2 := time.ParseDuration(elapsed[1])
	if err := errors.Join(err, err2); err != nil {
		return load{}, fmt.Errorf("h2load: %w", err)
	}
	if done == 0 || took <= 0 {
		return load{}, errors.New("h2load: no request was answered")
	}
	return load{requests: done, rate: float64(done) / took.Seconds()}, nil
}
