//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// idleSteps are the numbers of idle connections at which memory is read. The
// slope is taken between the first and the last, so that what a proxy needs
// for itself does not count.
var idleSteps = []int{1000, 4000, 9000}

// idleRounds is enough for memory, which varies little.
const idleRounds = 3

// An idleSample is the memory of one proxy, in bytes, at each step.
type idleSample []int64

// perConnection is the slope in KiB.
func (s idleSample) perConnection() float64 {
	last := len(s) - 1
	return float64(s[last]-s[0]) / float64(idleSteps[last]-idleSteps[0]) / (1 << 10)
}

// measureIdle starts each proxy afresh, one at a time, and reads its memory
// while connections that made one request each are kept.
func (b *bench) measureIdle(ctx context.Context, r row) (done result) {
	done.row = r
	done.idle = make([][]idleSample, len(b.contenders))
	for range min(idleRounds, b.rounds) {
		for i, c := range b.contenders {
			s, err := b.idleSample(ctx, c)
			if err != nil {
				done.err = fmt.Errorf("%s: %w", c.name, err)
				return done
			}
			done.idle[i] = append(done.idle[i], s)
		}
	}
	return done
}

func (b *bench) idleSample(ctx context.Context, c contender) (memory idleSample, err error) {
	p, err := b.startProxy(ctx, c, false)
	if err != nil {
		return nil, err
	}
	defer p.proc.stop()

	cmd := prepare(ctx, b.loadCPUs, b.sup.self, "idle", p.Address)
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, into := io.Pipe()
	cmd.Stdout = into
	holder, err := b.sup.start("idle", cmd)
	if err != nil {
		return nil, err
	}
	defer holder.stop()
	go func() {
		<-holder.done
		into.Close()
	}()
	lines := bufio.NewScanner(answers)
	order := func(count int) error {
		fmt.Fprintln(orders, count)
		if !lines.Scan() {
			return holder.failure("ended")
		}
		return nil
	}
	for _, count := range idleSteps {
		if err := order(count); err != nil {
			return nil, err
		}
		time.Sleep(time.Second)
		now, err := groupUsage(p.proc.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		memory = append(memory, now.rss)
	}
	return memory, order(0) // that they all still live
}

// idleMain is the process that holds the connections. For each number that it
// reads it opens connections until it has so many, makes one request on each
// and prints "ok"; for 0 it makes another request on some of them.
func idleMain(address string) error {
	var held []*idleConn
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		count, err := strconv.Atoi(orders.Text())
		if err != nil {
			return err
		}
		for len(held) < count {
			c, err := openIdle(address)
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

type idleConn struct {
	conn    net.Conn
	address string
}

func openIdle(address string) (*idleConn, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	c := &idleConn{conn, address}
	return c, c.request()
}

func (c *idleConn) request() error {
	if err := c.conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.conn, "GET /125 HTTP/1.1\r\nHost: %s\r\n\r\n", c.address); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(c.conn), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Close {
		return errors.New("answered " + response.Status + " or closes the connection")
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
