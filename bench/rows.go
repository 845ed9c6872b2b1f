//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"spillway/bench/internal/rig"
)

// A row is one line of questions: the same load, put to each proxy in turn.
type row struct {
	name     string // on the command line
	title    string // in the table
	listener listener
	logs     bool // access logs to a file
	large    bool // answers of 1 MiB: the buffers of a proxy that copies them are as large as makes it cheapest
	drive    driver
	idle     []int // no load: the memory of so many idle connections
}

// A driver puts one round of load on a proxy.
type driver interface {
	run(ctx context.Context, b *bench, at site, d time.Duration) (load, error)
}

var allRows = []row{
	{name: "125", title: "125 B, 64 connections", drive: wrkRow{path: "/125", connections: 64}},
	{name: "125x1000", title: "125 B, 1,000 connections", drive: wrkRow{path: "/125", connections: 1000}},
	{name: "log", title: "125 B, 64 connections, access log", logs: true, drive: wrkRow{path: "/125", connections: 64}},
	{name: "16k", title: "16 KiB, 64 connections", drive: wrkRow{path: "/16k", connections: 64}},
	{name: "1m", title: "1 MiB, 16 connections", large: true, drive: wrkRow{path: "/1m", connections: 16}},
	{name: "upload", title: "1 MiB upload, 16 connections", drive: wrkRow{path: "/upload", connections: 16, script: "upload.lua"}},
	{name: "rate", title: "125 B at 5,000/s, 64 connections", drive: vegetaRow{path: "/125", connections: 64, perSecond: 5000}},
	{name: "idle", title: "idle connections", idle: []int{1000, 4000, 9000}},
	{name: "tls", title: "TLS, 125 B, 64 connections", listener: tlsListener, drive: wrkRow{path: "/125", connections: 64}},
	{name: "tls1m", title: "TLS, 1 MiB, 16 connections", listener: tlsListener, large: true, drive: wrkRow{path: "/1m", connections: 16}},
	{name: "handshake", title: "TLS, a new connection for each 125 B", listener: tlsListener, drive: handshakeRow{clients: 4}},
	{name: "resume", title: "TLS, a resumed connection for each 125 B", listener: tlsListener, drive: handshakeRow{clients: 4, resumed: true}},
	{name: "flood", title: "TLS, new connections without pause; p99 of requests on kept connections", listener: tlsListener, drive: floodRow{clients: 32, probe: probeOrder{Connections: 8, PerSecond: 50}}},
	{name: "h2", title: "HTTP/2 by TLS, 125 B, 16 connections of 10 streams", listener: http2Listener, drive: h2loadRow{path: "/125", connections: 16, streams: 10}},
	{name: "tcp64", title: "TCP, 64 B each way, 64 connections", listener: tcpListener, drive: wrkRow{path: "/64", connections: 64, requestSize: 64}},
	{name: "tcp1m", title: "TCP, 1 MiB, 16 connections", listener: tcpListener, large: true, drive: wrkRow{path: "/1m", connections: 16}},
	{name: "tlsidle", title: "idle TLS connections", listener: tlsListener, idle: []int{500, 1500, 3000}},
}

func rowNames() []string {
	var names []string
	for _, r := range allRows {
		names = append(names, r.name)
	}
	return names
}

func chooseRows(list string) ([]row, error) {
	if list == "all" {
		return allRows, nil
	}
	var chosen []row
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(rowNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("no row %q: %s", name, strings.Join(rowNames(), ", "))
		}
		chosen = append(chosen, allRows[i])
	}
	return chosen, nil
}

// A sample is one proxy in one round.
type sample struct {
	load
	usage // of the round; memory at its end
}

// A result holds the samples of a row, by proxy and round.
type result struct {
	row
	samples [][]sample
	idle    [][]idleSample
	err     error
}

// run measures the rows and prints the table. A row that fails is reported in
// the table, the others are measured all the same, and the run is an error.
func (b *bench) run(ctx context.Context, rows []row) error {
	if err := b.startBackends(ctx); err != nil {
		return err
	}
	report := b.begin(ctx, os.Stdout)
	failed := 0
	for _, r := range rows {
		measure := b.measure
		if r.idle != nil {
			measure = b.measureIdle
		}
		done := measure(ctx, r)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if done.err != nil {
			failed++
		}
		report.add(done)
	}
	report.end()
	if failed > 0 {
		return fmt.Errorf("%d of %d rows failed", failed, len(rows))
	}
	return nil
}

// startBackends starts one process that listens as two backends: the load's
// processor has no time to lose on switching between two.
func (b *bench) startBackends(ctx context.Context) error {
	b.backends = []string{b.ports.FreeAddress(), b.ports.FreeAddress()}
	cmd := rig.Prepare(ctx, b.loadCPUs, append([]string{b.sup.Self, "backend"}, b.backends...)...)
	proc, err := b.sup.Start("backend", cmd)
	if err != nil {
		return err
	}
	for _, address := range b.backends {
		p := proxy{site: site{Address: address}, proc: proc}
		if err := p.await(ctx, http.DefaultClient); err != nil {
			return err
		}
	}
	return nil
}

// measure starts the proxies afresh and lets them take turns: forwards in one
// round, backwards in the next.
func (b *bench) measure(ctx context.Context, r row) (done result) {
	done.row = r
	done.samples = make([][]sample, len(b.contenders))
	var proxies []*proxy
	defer func() {
		for _, p := range proxies {
			p.proc.Stop()
		}
	}()
	for _, c := range b.contenders {
		p, err := b.startProxy(ctx, c, r)
		if err != nil {
			done.err = err
			return done
		}
		proxies = append(proxies, p)
		if _, err := r.drive.run(ctx, b, p.site, time.Second); err != nil { // connections to the backends, caches
			done.err = fmt.Errorf("%s: %w", p.name, err)
			return done
		}
		if r.logs {
			if err := os.Truncate(p.AccessLog, 0); err != nil {
				done.err = err
				return done
			}
		}
	}
	for round := range b.rounds {
		for i := range proxies {
			if round%2 == 1 {
				i = len(proxies) - 1 - i
			}
			s, err := b.sample(ctx, r, proxies[i])
			if err != nil {
				done.err = fmt.Errorf("%s: %w", proxies[i].name, err)
				return done
			}
			done.samples[i] = append(done.samples[i], s)
		}
	}
	return done
}

// sample measures one round of one proxy.
func (b *bench) sample(ctx context.Context, r row, p *proxy) (sample, error) {
	group := p.proc.Group()
	before, err := groupUsage(group)
	if err != nil {
		return sample{}, err
	}
	seen, err := r.drive.run(ctx, b, p.site, b.duration)
	if err != nil {
		return sample{}, err
	}
	if p.AccessLog != "" { // before the clock is read: writing it is part of the work
		if err := awaitLog(p.AccessLog, seen.requests); err != nil {
			return sample{}, err
		}
	}
	after, err := groupUsage(group)
	if err != nil {
		return sample{}, p.proc.Failure(err.Error())
	}
	return sample{load: seen, usage: after.since(before)}, nil
}

// awaitLog returns when the access log has a line for each request, and
// empties it. A log that keeps less than 99% is an error.
func awaitLog(path string, requests int64) error {
	var lines int64
	for range 30 { // buffers are flushed within a second or two
		log, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if lines = int64(bytes.Count(log, []byte("\n"))); lines >= requests {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if lines*100 < requests*99 {
		return fmt.Errorf("logged %d of %d requests", lines, requests)
	}
	return os.Truncate(path, 0)
}
