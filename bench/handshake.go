//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// A handshakeRow opens TLS connections one after the other, with one request
// of 125 B on each. The client closes first; there are ports enough because
// Linux takes those of the loopback again after a second (tcp_tw_reuse).
type handshakeRow struct {
	clients int
	resumed bool // by a ticket of the client's last connection
}

// A handshakeReport is what the process that opens the connections prints.
type handshakeReport struct {
	Connections int64
	Elapsed     time.Duration
	P99         time.Duration // from the start of a connection to the end of its answer
}

// run drives one round against a site.
func (h handshakeRow) run(ctx context.Context, b *bench, at site, d time.Duration) (load, error) {
	order, err := json.Marshal(handshakeOrder{at.Address, at.Certificate, h.clients, h.resumed, d})
	if err != nil {
		return load{}, err
	}
	out, err := b.runLoad(ctx, d, b.sup.Self, "handshake", string(order))
	if err != nil {
		return load{}, err
	}
	return parseHandshakes(out)
}

func parseHandshakes(out []byte) (load, error) {
	var r handshakeReport
	if err := json.Unmarshal(out, &r); err != nil {
		return load{}, fmt.Errorf("handshake: %w", err)
	}
	if r.Connections == 0 || r.Elapsed <= 0 {
		return load{}, errors.New("handshake: no connection was made")
	}
	return load{requests: r.Connections, rate: float64(r.Connections) / r.Elapsed.Seconds(), p99: r.P99}, nil
}

// A handshakeOrder is the argument of the process that opens the connections.
type handshakeOrder struct {
	Address     string
	Certificate string
	Clients     int
	Resumed     bool
	Duration    time.Duration
}

// obey is a process that carries out the order in its argument and prints what came of it.
func obey[Order interface{ carryOut() (Report, error) }, Report any](argument string) error {
	var order Order
	if err := json.Unmarshal([]byte(argument), &order); err != nil {
		return err
	}
	report, err := order.carryOut()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

// carryOut runs the clients beside each other, each until the time is over or
// a connection of its own fails.
func (o handshakeOrder) carryOut() (handshakeReport, error) {
	config, err := clientTLS(o.Certificate)
	if err != nil {
		return handshakeReport{}, err
	}
	var (
		wait  sync.WaitGroup
		took  = make([][]time.Duration, o.Clients)
		errs  = make([]error, o.Clients)
		start = time.Now()
	)
	for i := range o.Clients {
		wait.Go(func() { took[i], errs[i] = o.openUntil(start.Add(o.Duration), config.Clone()) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return handshakeReport{}, err
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	r := handshakeReport{Connections: int64(len(all)), Elapsed: time.Since(start)}
	if len(all) > 0 {
		r.P99 = all[len(all)*99/100]
	}
	return r, nil
}

// openUntil is one client: it returns how long each connection took. The
// first has nothing to resume.
func (o handshakeOrder) openUntil(end time.Time, config *tls.Config) (took []time.Duration, err error) {
	if o.Resumed {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	for now := time.Now(); now.Before(end); {
		c, err := openClient(o.Address, config)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", len(took)+1, err)
		}
		state := c.conn.(*tls.Conn).ConnectionState()
		c.conn.Close()
		if err := checkTLS(&state); err != nil {
			return nil, err
		}
		if resumed := o.Resumed && len(took) > 0; state.DidResume != resumed {
			return nil, fmt.Errorf("connection %d: resumed: %v, not %v", len(took)+1, state.DidResume, resumed)
		}
		began := now
		now = time.Now()
		took = append(took, now.Sub(began))
	}
	return took, nil
}
