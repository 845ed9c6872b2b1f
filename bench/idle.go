//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"spillway/bench/internal/rig"
)

// idleRounds is enough for memory, which varies little.
const idleRounds = 3

// An idleSample is the memory of one proxy, in bytes, at each step.
type idleSample []int64

// perConnection is the slope in KiB between the first step and the last, so
// that what a proxy needs for itself does not count.
func (s idleSample) perConnection(steps []int) float64 {
	last := len(s) - 1
	return float64(s[last]-s[0]) / float64(steps[last]-steps[0]) / (1 << 10)
}

// measureIdle starts each proxy afresh, one at a time, and reads its memory
// while connections that made one request each are kept.
func (b *bench) measureIdle(ctx context.Context, r row) (done result) {
	done.row = r
	done.idle = make([][]idleSample, len(b.contenders))
	for range min(idleRounds, b.rounds) {
		for i, c := range b.contenders {
			s, err := b.idleSample(ctx, c, r)
			if err != nil {
				done.err = fmt.Errorf("%s: %w", c.name, err)
				return done
			}
			done.idle[i] = append(done.idle[i], s)
		}
	}
	return done
}

func (b *bench) idleSample(ctx context.Context, c contender, r row) (memory idleSample, err error) {
	p, err := b.startProxy(ctx, c, r)
	if err != nil {
		return nil, err
	}
	defer p.proc.Stop()

	cmd := rig.Prepare(ctx, b.loadCPUs, b.sup.Self, "idle", p.Address, p.Certificate)
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, into := io.Pipe()
	cmd.Stdout = into
	holder, err := b.sup.Start("idle", cmd)
	if err != nil {
		return nil, err
	}
	defer holder.Stop()
	go func() {
		<-holder.Done
		into.Close()
	}()
	lines := bufio.NewScanner(answers)
	order := func(count int) error {
		fmt.Fprintln(orders, count)
		if !lines.Scan() {
			return holder.Failure("ended")
		}
		return nil
	}
	for _, count := range r.idle {
		if err := order(count); err != nil {
			return nil, err
		}
		time.Sleep(time.Second)
		now, err := groupUsage(p.proc.Group())
		if err != nil {
			return nil, err
		}
		memory = append(memory, now.rss)
	}
	return memory, order(0) // that they all still live
}

// idleMain is the process that holds the connections. For each number that it
// reads it opens connections until it has so many, makes one request on each
// and prints "ok"; for 0 it makes another request on some of them. With a
// certificate they speak TLS.
func idleMain(address, certificate string) error {
	var config *tls.Config
	if certificate != "" {
		var err error
		if config, err = clientTLS(certificate); err != nil {
			return err
		}
	}
	var held []*clientConn
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		count, err := strconv.Atoi(orders.Text())
		if err != nil {
			return err
		}
		for len(held) < count {
			c, err := openClient(address, config)
			if err != nil {
				return fmt.Errorf("connection %d: %w", len(held)+1, err)
			}
			held = append(held, c)
		}
		for i := 0; count == 0 && i < len(held); i += 100 {
			if err := held[i].request(); err != nil {
				return fmt.Errorf("connection %d was not kept: %w", i+1, err)
			}
		}
		fmt.Println("ok")
	}
	return orders.Err()
}
