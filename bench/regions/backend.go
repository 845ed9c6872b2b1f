//go:build linux

package main

import (
	"bufio"
	"encoding/gob"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A manner is how a backend treats requests.
type manner int32

const (
	serves manner = iota
	fails         // answers 503 at once, but checks 200
	silent        // accepts, and answers nothing, not even checks
	resets        // reads requests to their end and resets, but answers checks
)

// A backendOrder is for one process of backends. What is zero changes nothing.
type backendOrder struct {
	Names  []string // of whom
	Start  []string // the addresses to listen on, one for each name
	Stop   bool     // refuse connections and reset those there are
	Revive bool     // listen again where it was
	Set    bool     // Manner and Delay
	Manner manner
	Delay  time.Duration
	Forget bool // the counts, once they are answered
}

// A backendReport is the answer to each order.
type backendReport struct {
	Error  string
	Counts map[string]backendCount
	Twice  int // POSTs that were delivered more than once, to whomever
}

type backendCount struct {
	Requests int64         // without checks
	Held     time.Duration // from a request's end to its answer, in all
}

// backends serves many addresses in one process.
type backends struct {
	named map[string]*backend

	mu    sync.Mutex
	posts map[string]int // deliveries by target
}

type backend struct {
	all     *backends
	name    string
	address string
	manner  atomic.Int32
	delay   atomic.Int64
	count   atomic.Int64
	held    atomic.Int64

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
}

// backendsMain obeys orders until its input ends.
func backendsMain(in io.Reader, out io.Writer) error {
	all := &backends{named: map[string]*backend{}, posts: map[string]int{}}
	orders, reports := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var order backendOrder
		if err := orders.Decode(&order); err != nil {
			return endOfInput(err)
		}
		report := backendReport{Counts: map[string]backendCount{}}
		if err := all.obey(&order); err != nil {
			report.Error = err.Error()
		}
		all.report(&report, order.Forget)
		if err := reports.Encode(&report); err != nil {
			return err
		}
	}
}

func endOfInput(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func (all *backends) obey(order *backendOrder) error {
	for i, name := range order.Names {
		b := all.named[name]
		if order.Start != nil {
			b = &backend{all: all, name: name, address: order.Start[i], conns: map[net.Conn]bool{}}
			all.named[name] = b
		}
		if b == nil {
			return fmt.Errorf("no backend %s", name)
		}
		if order.Set {
			b.manner.Store(int32(order.Manner))
			b.delay.Store(int64(order.Delay))
		}
		if order.Stop {
			b.stop()
		}
		if order.Start != nil || order.Revive {
			if err := b.start(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (all *backends) report(r *backendReport, forget bool) {
	for name, b := range all.named {
		r.Counts[name] = backendCount{Requests: b.count.Load(), Held: time.Duration(b.held.Load())}
		if forget {
			b.count.Store(0)
			b.held.Store(0)
		}
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, n := range all.posts {
		if n > 1 {
			r.Twice++
		}
	}
	if forget {
		clear(all.posts)
	}
}

func (b *backend) start() error {
	listener, err := net.Listen("tcp", b.address)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.listener = listener
	b.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.conns[conn] = true
			b.mu.Unlock()
			go b.serve(conn)
		}
	}()
	return nil
}

func (b *backend) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listener.Close()
	for conn := range b.conns {
		reset(conn)
	}
	clear(b.conns)
}

func (b *backend) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		b.mu.Lock()
		delete(b.conns, conn)
		b.mu.Unlock()
	}()
	wait, err := newTimer()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer wait.close()
	reader := bufio.NewReaderSize(conn, longestLine)
	good := fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Backend: %s\r\nContent-Length: 2\r\n\r\nok", b.name)
	bad := fmt.Sprintf("HTTP/1.1 503 Service Unavailable\r\nX-Backend: %s\r\nContent-Length: 3\r\n\r\nbad", b.name)
	for {
		request, err := readMessage(reader)
		if err != nil {
			return
		}
		began := monotonic()
		check := strings.HasPrefix(request.line, "GET /healthz ")
		if !check {
			b.note(request.line)
		}
		answer := good
		switch how := manner(b.manner.Load()); {
		case how == silent:
			io.Copy(io.Discard, reader) // until whoever waits gives up
			return
		case how == fails && !check:
			answer = bad
		case how == resets && !check:
			reset(conn)
			return
		default:
			if err := wait.sleepUntil(began + b.delay.Load()); err != nil {
				return
			}
		}
		if !check {
			b.held.Add(monotonic() - began)
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

// note counts a request, and where a POST goes.
func (b *backend) note(line string) {
	b.count.Add(1)
	method, rest, _ := strings.Cut(line, " ")
	if method != "POST" {
		return
	}
	target, _, _ := strings.Cut(rest, " ")
	b.all.mu.Lock()
	b.all.posts[target]++
	b.all.mu.Unlock()
}
