//go:build linux

package main

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"time"

	"spillway/bench/internal/rig"
)

// A bench is one run of the command.
type bench struct {
	ctx        context.Context
	sup        *rig.Supervisor
	ports      *rig.Ports
	proxyCPU   string
	loadCPUs   string
	quick      bool
	even       bool
	seed       uint64
	tries      int
	keep       string
	contenders []contender
}

// A helper is a process of this executable that takes orders and answers each.
type helper struct {
	*rig.Process
	orders  *gob.Encoder
	answers *gob.Decoder
}

func (b *bench) startHelper(role string) (*helper, error) {
	cmd := rig.Prepare(b.ctx, b.loadCPUs, b.sup.Self, role)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, out := io.Pipe()
	cmd.Stdout = out
	proc, err := b.sup.Start(role, cmd)
	if err != nil {
		return nil, err
	}
	go func() {
		<-proc.Done
		out.Close()
	}()
	return &helper{proc, gob.NewEncoder(in), gob.NewDecoder(answers)}, nil
}

func (h *helper) ask(order, answer any) error {
	err := h.orders.Encode(order)
	if err == nil {
		err = h.answers.Decode(answer)
	}
	if err != nil {
		return h.Failure(err.Error())
	}
	return nil
}

// A stage is one proxy in one situation, with its own backends and load.
type stage struct {
	*bench
	proxy    *proxy
	site     *site
	backends *helper
	load     *helper
}

// set makes a stage ready: backends, proxy and load run.
func (b *bench) set(c contender, s *situation) (st *stage, err error) {
	st = &stage{bench: b, site: b.siteOf(s)}
	defer func() {
		if err != nil {
			st.strike()
		}
	}()
	if st.backends, err = b.startHelper("backends"); err != nil {
		return st, err
	}
	for _, group := range []struct {
		servers []server
		delay   time.Duration
	}{{st.site.Home, s.takes()}, {st.site.Far, s.takes() + farAway}} {
		order := backendOrder{Set: true, Delay: group.delay, Start: []string{}}
		for _, server := range group.servers {
			order.Names = append(order.Names, server.Name)
			order.Start = append(order.Start, server.Address)
		}
		if _, err = st.order(order); err != nil {
			return st, err
		}
	}
	if st.load, err = b.startHelper("load"); err != nil {
		return st, err
	}
	st.proxy, err = st.startProxy(c)
	return st, err
}

// strike ends everything.
func (st *stage) strike() {
	for _, h := range []*helper{st.load, st.backends} {
		if h != nil {
			h.Stop()
		}
	}
	if st.proxy != nil {
		st.proxy.proc.Stop()
	}
}

func (st *stage) order(o backendOrder) (backendReport, error) {
	var report backendReport
	err := st.backends.ask(&o, &report)
	if err == nil && report.Error != "" {
		err = errors.New(report.Error)
	}
	return report, err
}

// An event happens during a load.
type event struct {
	at time.Duration // after its start
	do func() error
}

// tell makes an event of an order to backends.
func (st *stage) tell(at time.Duration, o backendOrder) event {
	return event{at, func() error { _, err := st.order(o); return err }}
}

const startIn = 300 * time.Millisecond // connections are opened meanwhile

// shoot carries out a plan with its events, in order.
func (st *stage) shoot(p plan, events ...event) (shots, error) {
	p.Address, p.Start = st.site.Address, monotonic()+int64(startIn)
	p.Seed, p.Poisson = st.seed, !st.even
	if p.Connections == 0 {
		p.Connections = 100
	}
	begun := time.Now().Add(startIn)
	answered := make(chan error, 1)
	var list shots
	go func() { answered <- st.load.ask(&p, &list) }()
	var failed error
	for _, e := range events {
		select {
		case err := <-answered:
			return nil, errors.Join(err, fmt.Errorf("the load ended before what was to happen after %s", e.at))
		case <-st.ctx.Done():
			return nil, st.ctx.Err()
		case <-time.After(time.Until(begun.Add(e.at))):
		}
		if failed == nil {
			failed = e.do()
		}
	}
	select {
	case err := <-answered:
		return list, errors.Join(failed, err)
	case <-st.ctx.Done():
		return nil, st.ctx.Err()
	}
}
