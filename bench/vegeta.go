//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const vegetaVersion = "v12.13.0"

// A vegetaRow is a row at a constant rate: how a proxy answers when it has
// time to spare, which wrk never leaves it.
type vegetaRow struct {
	path        string
	connections int
	perSecond   int
}

// run drives one round against a site.
func (v vegetaRow) run(ctx context.Context, b *bench, at site, d time.Duration) (load, error) {
	vegeta, err := vegetaBinary(ctx)
	if err != nil {
		return load{}, err
	}
	targets, results := filepath.Join(b.sup.Dir, "vegeta.targets"), filepath.Join(b.sup.Dir, "vegeta.results")
	if err := os.WriteFile(targets, []byte("GET "+at.url(v.path)+"\n"), 0o644); err != nil {
		return load{}, err
	}
	connections := strconv.Itoa(v.connections)
	if _, err := b.runLoad(ctx, d, vegeta, "attack", "-targets", targets, "-output", results,
		"-rate", strconv.Itoa(v.perSecond), "-duration", d.String(),
		"-connections", connections, "-workers", connections, "-max-workers", connections); err != nil {
		return load{}, err
	}
	out, err := b.runLoad(ctx, d, vegeta, "report", "-type", "json", results)
	if err != nil {
		return load{}, err
	}
	return parseVegeta(out)
}

// parseVegeta reads vegeta's JSON report. A request without a 2xx or 3xx
// answer is an error.
func parseVegeta(report []byte) (load, error) {
	var r struct {
		Latencies struct {
			P99 time.Duration `json:"99th"`
		}
		Requests   int64
		Throughput float64 // successful requests a second
		Success    float64
		Errors     []string
	}
	if err := json.Unmarshal(report, &r); err != nil {
		return load{}, fmt.Errorf("vegeta: %w", err)
	}
	if r.Requests == 0 {
		return load{}, errors.New("vegeta: no request was sent")
	}
	if r.Success < 1 {
		return load{}, fmt.Errorf("vegeta: %.2f%% succeeded: %s", 100*r.Success, strings.Join(r.Errors, "; "))
	}
	return load{requests: r.Requests, rate: r.Throughput, p99: r.Latencies.P99}, nil
}

// vegetaBinary returns the path of vegeta's pinned version, which it builds
// into the user's cache at the first time, so that it is no dependency of the
// module.
func vegetaBinary(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "spillway-bench", "vegeta-"+vegetaVersion)
	path := filepath.Join(dir, "vegeta")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.CommandContext(ctx, "go", "install", "github.com/tsenart/vegeta/v12@"+vegetaVersion)
	cmd.Env = append(os.Environ(), "GOBIN="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building vegeta: %w\n%s", err, out)
	}
	return path, nil
}
