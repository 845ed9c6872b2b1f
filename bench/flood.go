//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A floodRow opens TLS connections without pause, as a handshakeRow does, and
// asks at a constant rate over connections that were there before: its p99 is theirs.
// The flood gives way to the questions on the load's own processor.
type floodRow struct {
	clients int // that flood
	probe   probeOrder
}

// run drives one round against a site.
func (f floodRow) run(ctx context.Context, b *bench, at site, d time.Duration) (load, error) {
	f.probe.Address, f.probe.Certificate, f.probe.Duration = at.Address, at.Certificate, d
	probe, err := json.Marshal(f.probe)
	if err != nil {
		return load{}, err
	}
	order, err := json.Marshal(handshakeOrder{at.Address, at.Certificate, f.clients, false, d})
	if err != nil {
		return load{}, err
	}
	var (
		flood, asked       []byte
		floodErr, askedErr error
		both               sync.WaitGroup
	)
	both.Go(func() {
		flood, floodErr = b.runLoad(ctx, d, "nice", "-n", "19", b.sup.Self, "handshake", string(order))
	})
	both.Go(func() { asked, askedErr = b.runLoad(ctx, d, b.sup.Self, "probe", string(probe)) })
	both.Wait()
	if err := errors.Join(floodErr, askedErr); err != nil {
		return load{}, err
	}
	seen, err := parseHandshakes(flood)
	if err != nil {
		return load{}, err
	}
	if err := json.Unmarshal(asked, &seen.p99); err != nil {
		return load{}, fmt.Errorf("probe: %w", err)
	}
	return seen, nil
}

// A probeOrder is the argument of the process that asks.
type probeOrder struct {
	Address     string
	Certificate string
	Connections int
	PerSecond   int // on each
	Duration    time.Duration
}

// carryOut returns the 99th percentile of the questions.
func (o probeOrder) carryOut() (p99 time.Duration, err error) {
	config, err := clientTLS(o.Certificate)
	if err != nil {
		return 0, err
	}
	var (
		wait sync.WaitGroup
		took = make([][]time.Duration, o.Connections)
		errs = make([]error, o.Connections)
		end  = time.Now().Add(o.Duration)
	)
	for i := range o.Connections {
		wait.Go(func() { took[i], errs[i] = o.ask(end, config.Clone()) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if len(all) == 0 {
		return 0, errors.New("probe: nothing was asked")
	}
	return all[len(all)*99/100], nil
}

// ask is one connection. A question that is late is asked at once, and counts
// from when it was due.
func (o probeOrder) ask(end time.Time, config *tls.Config) (took []time.Duration, err error) {
	c, err := openClient(o.Address, config)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	for due := time.Now(); due.Before(end); due = due.Add(time.Second / time.Duration(o.PerSecond)) {
		time.Sleep(time.Until(due))
		if err := c.request(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}
