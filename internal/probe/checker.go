package probe

import (
	"errors"
	"sync/atomic"
	"syscall"

	"spillway/internal/http2"
	"spillway/internal/loop"
)

// A Backend is who is asked.
type Backend interface {
	// Dial opens a connection on which a request may be written at once. A port other
	// than 0 stands for the backend's own, and overHTTP2 asks for HTTP/2 whatever requests
	// are sent by. The caller closes the connection.
	Dial(t *loop.Task, port uint16, overHTTP2 bool, deadline int64) (Conn, error)
	// Host is what a request names where the settings name nobody.
	Host() string
	// Checked is told what a check has found.
	Checked(Finding)
	// InQuestion tells whether the next check should come soon.
	InQuestion(now int64) bool
}

// A Conn is a connection to a backend.
type Conn struct {
	loop.Stream
	HTTP2  bool   // requests are streams on it
	Scheme string // that they say, with HTTP2
}

// A Runner is what checks run on: one loop, and what goes with it.
type Runner struct {
	Loop  *loop.Loop
	HTTP2 *http2.Worker
	Dice  func() float64 // a number in [0, 1)
}

// A Checker checks one backend, on one loop, until it is stopped. Configure and
// Stop may be called from any goroutine.
type Checker struct {
	backend  Backend
	runner   Runner
	settings atomic.Pointer[Settings]
	stopped  atomic.Bool
	timer    *loop.Timer
	running  bool
}

// Start begins checking, first nanoseconds from now.
func Start(b Backend, r Runner, s *Settings, first int64) *Checker {
	c := &Checker{backend: b, runner: r}
	c.settings.Store(s)
	r.Loop.Post(func() {
		c.timer = r.Loop.NewTimer(c.due)
		c.timer.Set(r.Loop.Now() + first)
	})
	return c
}

// Configure has the next check follow other settings.
func (c *Checker) Configure(s *Settings) { c.settings.Store(s) }

// Stop ends the checking. A check that runs is not told of.
func (c *Checker) Stop() {
	c.stopped.Store(true)
	c.runner.Loop.Post(c.stopTimer)
}

func (c *Checker) stopTimer() {
	if c.timer != nil {
		c.timer.Stop()
	}
}

func (c *Checker) due(int64) {
	if !c.stopped.Load() && !c.running {
		c.running = true
		c.runner.Loop.Start(c)
	}
}

// Run makes one check and sets the time of the next. It is for the loop to call.
func (c *Checker) Run(t *loop.Task) {
	s := c.settings.Load()
	defer c.ended(s) // also by a panic: a backend that is not checked any more stays as it is for ever
	found := c.check(t, s)
	if !c.stopped.Load() {
		c.backend.Checked(found)
	}
}

func (c *Checker) ended(s *Settings) {
	c.running = false
	if c.stopped.Load() {
		return
	}
	now := c.runner.Loop.Now()
	c.timer.Set(now + int64(s.Timing.Next(c.backend.InQuestion(now), c.runner.Dice())))
}

// check asks the backend how it is.
func (c *Checker) check(t *loop.Task, s *Settings) Finding {
	deadline := c.runner.Loop.Now() + int64(s.Timing.Timeout)
	conn, err := c.backend.Dial(t, s.Port, s.Kind == GRPC, deadline)
	if err != nil {
		outcome := Failed
		if s.Port == 0 && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, loop.ErrSelfConnect)) {
			outcome = Refused
		}
		return Finding{outcome, "connect: " + err.Error()}
	}
	defer conn.Close()
	if s.Kind == TCP {
		return Finding{}
	}
	stream := conn.Stream
	if conn.HTTP2 {
		shared := c.runner.HTTP2.NewClientConn(stream, http2.ClientOptions{Scheme: conn.Scheme})
		defer shared.Close()
		if stream, err = shared.Open(); err != nil {
			return Finding{Failed, "HTTP/2: " + err.Error()}
		}
		defer stream.Close()
	}
	stream.SetReadDeadline(deadline)
	stream.SetWriteDeadline(deadline)
	return c.ask(t, stream, s)
}

// ask sends the check's request and judges the answer.
func (c *Checker) ask(t *loop.Task, conn loop.Stream, s *Settings) Finding {
	if _, err := conn.Write(t, s.request(c.backend.Host())); err != nil {
		return Finding{Failed, "write: " + err.Error()}
	}
	var a answer
	if err := a.readHead(t, conn, []byte(s.Method)); err != nil {
		return answerFailure(err)
	}
	if s.Kind != GRPC && len(s.Expect.Body) == 0 {
		_, why := s.Expect.Match(a.head.Status, nil)
		return judged(why)
	}
	body, trailers, err := a.readBody(t, conn)
	switch {
	case err != nil:
		return answerFailure(err)
	case s.Kind == GRPC:
		return judged(judgeGRPC(&a.head, body, trailers))
	}
	_, why := s.Expect.Match(a.head.Status, body)
	return judged(why)
}
