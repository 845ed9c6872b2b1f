//go:build linux

package main

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A plan is one open-loop load: requests are due at moments that do not depend
// on how the earlier ones fare.
type plan struct {
	Address     string
	Start       int64 // by the monotonic clock
	Phases      []phase
	Poisson     bool // exponential gaps; else even ones
	Seed        uint64
	Connections int      // opened before the start; more are opened as they are needed
	Methods     []string // in turns
	Keys        []string // in turns, as ?key=; none: each request has its number
	Priorities  []int    // in turns, as X-Priority
}

type phase struct {
	Rate float64 // a second
	For  time.Duration
}

// A shot is what became of one request.
type shot struct {
	Due      time.Duration // from the plan's start
	Late     time.Duration // from when it was due until the load got to it
	Took     time.Duration // from when it was due until its answer's end
	Status   int           // 0: no answer
	Began    bool          // a part of an answer came
	Backend  string
	Method   string
	Key      string
	Priority int
	Error    string
}

const (
	mostConnections = 3000
	longestAnswer   = 10 * time.Second
)

// loadMain carries out plans until its input ends.
func loadMain(in io.Reader, out io.Writer) error {
	plans, results := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var p plan
		if err := plans.Decode(&p); err != nil {
			return endOfInput(err)
		}
		shots, err := p.run()
		if err != nil {
			return err
		}
		if err := results.Encode(shots); err != nil {
			return err
		}
	}
}

// schedule lists the requests in the order in which they are due.
func (p *plan) schedule() []shot {
	dice := rand.New(rand.NewPCG(p.Seed, 1))
	var shots []shot
	var began time.Duration
	for _, phase := range p.Phases {
		gap := float64(time.Second) / phase.Rate
		for at := 0.0; ; {
			if p.Poisson {
				at += dice.ExpFloat64() * gap
			} else {
				at += gap
			}
			if at >= float64(phase.For) {
				break
			}
			n := len(shots)
			s := shot{Due: began + time.Duration(at), Method: "GET"}
			if len(p.Methods) > 0 {
				s.Method = p.Methods[n%len(p.Methods)]
			}
			if len(p.Keys) > 0 {
				s.Key = p.Keys[n%len(p.Keys)]
			}
			if len(p.Priorities) > 0 {
				s.Priority = p.Priorities[n%len(p.Priorities)]
			}
			shots = append(shots, s)
		}
		began += phase.For
	}
	return shots
}

// A shooter keeps the connections of one plan.
type shooter struct {
	plan    *plan
	shots   []shot
	running sync.WaitGroup

	mu    sync.Mutex
	idle  []*clientConn
	open  int
	ended bool
}

type clientConn struct {
	conn   net.Conn
	reader *bufio.Reader
	next   chan int // a shot's index
}

func (p *plan) run() ([]shot, error) {
	s := &shooter{plan: p, shots: p.schedule()}
	clock, err := newTimer()
	if err != nil {
		return nil, err
	}
	defer clock.close()
	for range p.Connections {
		c, err := s.dial()
		if err != nil {
			return nil, err
		}
		s.free(c)
	}
	for i := range s.shots {
		due := p.Start + int64(s.shots[i].Due)
		if err := clock.sleepUntil(due); err != nil {
			return nil, err
		}
		s.shots[i].Late = time.Duration(monotonic() - due)
		s.fire(i)
	}
	s.running.Wait()
	s.end()
	return s.shots, nil
}

// fire gives a shot to a connection without waiting for anything.
func (s *shooter) fire(i int) {
	s.running.Add(1)
	c, most := s.takeIdle()
	switch {
	case c != nil:
		c.next <- i
	case most:
		s.fail(i, errors.New("too many connections"))
	default:
		go func() {
			c, err := s.dial()
			if err != nil {
				s.fail(i, err)
				return
			}
			c.next <- i
		}()
	}
}

// takeIdle returns a connection that the proxy has not closed, nil where there is
// none, and then whether there are too many for another one.
func (s *shooter) takeIdle() (c *clientConn, most bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := len(s.idle); n > 0; n-- {
		c = s.idle[n-1]
		s.idle = s.idle[:n-1]
		if !c.ended() {
			return c, false
		}
		close(c.next)
	}
	return nil, s.open >= mostConnections
}

// ended looks whether the idle connection's end has come, as clients do.
func (c *clientConn) ended() (yes bool) {
	raw, err := c.conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		yes = err != unix.EAGAIN
	})
	return yes || err != nil
}

func (s *shooter) fail(i int, err error) {
	s.shots[i].Error = err.Error()
	s.shots[i].Took = time.Duration(monotonic()-s.plan.Start) - s.shots[i].Due
	s.running.Done()
}

func (s *shooter) dial() (*clientConn, error) {
	conn, err := net.DialTimeout("tcp", s.plan.Address, 2*time.Second)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.open++
	s.mu.Unlock()
	c := &clientConn{conn: conn, reader: bufio.NewReaderSize(conn, longestLine), next: make(chan int, 1)}
	go s.serve(c)
	return c, nil
}

// serve makes one exchange after the other until the connection ends.
func (s *shooter) serve(c *clientConn) {
	defer func() {
		c.conn.Close()
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()
	for i := range c.next {
		keep, err := s.exchange(c, &s.shots[i], i)
		if err != nil {
			s.fail(i, err)
			return
		}
		s.shots[i].Took = time.Duration(monotonic()-s.plan.Start) - s.shots[i].Due
		if keep {
			s.free(c)
		}
		s.running.Done()
		if !keep {
			return
		}
	}
}

func (s *shooter) free(c *clientConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		close(c.next)
		return
	}
	s.idle = append(s.idle, c)
}

func (s *shooter) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, c := range s.idle {
		close(c.next)
	}
}

// exchange sends a request and reads its answer.
func (s *shooter) exchange(c *clientConn, x *shot, i int) (keep bool, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(longestAnswer)); err != nil {
		return false, err
	}
	if _, err := io.WriteString(c.conn, x.head(i)); err != nil {
		return false, err
	}
	answer, err := readMessage(c.reader)
	if answer == nil {
		return false, err
	}
	x.Began = true
	x.Backend = answer.fields["x-backend"]
	words := strings.Fields(answer.line)
	if err == nil && len(words) < 2 {
		err = fmt.Errorf("no answer: %.60q", answer.line)
	}
	if err != nil {
		return false, err
	}
	x.Status, err = strconv.Atoi(words[1])
	return !strings.EqualFold(answer.fields["connection"], "close"), err
}

func (x *shot) head(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s /%d", x.Method, i)
	if x.Key != "" {
		b.WriteString("?key=" + x.Key)
	}
	b.WriteString(" HTTP/1.1\r\nHost: bench\r\n")
	if x.Priority > 0 {
		fmt.Fprintf(&b, "X-Priority: %d\r\n", x.Priority)
	}
	if x.Method == "POST" {
		b.WriteString("Content-Length: 4\r\n\r\nbody")
	} else {
		b.WriteString("\r\n")
	}
	return b.String()
}
