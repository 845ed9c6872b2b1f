package proxy

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"syscall"

	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/http1"
	"spillway/internal/http2"
	"spillway/internal/loop"
)

// checkSettings are what one configuration says of a pool's health check. They are immutable.
type checkSettings struct {
	tcp     bool
	grpc    bool
	port    uint16 // 0: the backend's own
	timing  health.CheckSettings
	method  []byte
	request func(host string) []byte
	expect  health.Expect
}

func newCheckSettings(c *config.HealthCheck) *checkSettings {
	s := &checkSettings{
		tcp:    c.Type == config.CheckTCP,
		grpc:   c.Type == config.CheckGRPC,
		port:   c.Port,
		method: []byte(c.Method),
		timing: health.CheckSettings{Interval: c.Interval, FastInterval: c.FastInterval, Timeout: c.Timeout, Jitter: c.Jitter, Rise: c.Rise, Fall: c.Fall},
		expect: health.Expect{Statuses: statusRanges(&c.Expect.Status), Body: []byte(c.Expect.Body)},
	}
	s.request = func(host string) []byte {
		if c.Host != "" {
			host = c.Host
		}
		if c.Type == config.CheckGRPC {
			return grpcCheckRequest(host, c.Service)
		}
		head := c.Method + " " + c.Path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: spillway-health-check\r\nAccept: */*\r\nConnection: close\r\n"
		for _, h := range c.Headers {
			head += h.Name + ": " + h.Value + "\r\n"
		}
		return []byte(head + "\r\n")
	}
	return s
}

// statusRanges lists a set of statuses as ranges.
func statusRanges(set *config.StatusSet) (ranges []health.StatusRange) {
	for code := 100; code < 600; code++ {
		if !set.Has(code) {
			continue
		}
		if n := len(ranges); n > 0 && ranges[n-1].High == code-1 {
			ranges[n-1].High = code
		} else {
			ranges = append(ranges, health.StatusRange{Low: code, High: code})
		}
	}
	return ranges
}

// A checker checks one backend, on one loop, until it is stopped.
type checker struct {
	backend  *backend
	worker   *worker
	settings atomic.Pointer[checkSettings]
	stopped  atomic.Bool
	timer    *loop.Timer
	running  bool
}

// startChecker begins checking, first nanoseconds from now.
func startChecker(b *backend, w *worker, s *checkSettings, first int64) *checker {
	c := &checker{backend: b, worker: w}
	c.settings.Store(s)
	w.loop.Post(func() {
		c.timer = w.loop.NewTimer(c.due)
		c.timer.Set(w.loop.Now() + first)
	})
	return c
}

func (c *checker) stop() {
	c.stopped.Store(true)
	c.worker.loop.Post(c.timerStop)
}

func (c *checker) timerStop() {
	if c.timer != nil {
		c.timer.Stop()
	}
}

func (c *checker) due(int64) {
	if !c.stopped.Load() && !c.running {
		c.running = true
		c.worker.loop.Start(c)
	}
}

// Run makes one check and sets the time of the next.
func (c *checker) Run(t *loop.Task) {
	defer func() { c.running = false }()
	s := c.settings.Load()
	reason, isRefused := c.check(t, s)
	if c.stopped.Load() {
		return
	}
	now := c.worker.loop.Now()
	tracker := c.backend.tracker
	stats := c.worker.backendStats(c.backend)
	if reason == "" {
		stats.checksPassed++
		c.backend.pool.apply(tracker.CheckPassed(now))
	} else {
		stats.checksFailed++
		c.backend.pool.apply(tracker.CheckFailed(now, reason, isRefused))
	}
	c.timer.Set(now + int64(s.timing.Next(tracker.InQuestion(now), c.worker.dice())))
}

// check returns why the backend is not well; empty if it is.
func (c *checker) check(t *loop.Task, s *checkSettings) (reason string, isRefused bool) {
	deadline := c.worker.loop.Now() + int64(s.timing.Timeout)
	address := c.backend.address
	if s.port != 0 {
		address = withPort(address, s.port)
	}
	tr := c.backend.transport.Load()
	conn, err := tr.dial(c.worker, t, address, nil, deadline)
	if err != nil {
		isRefused = errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, loop.ErrSelfConnect)
		return "connect: " + err.Error(), isRefused && s.port == 0
	}
	defer conn.Close()
	if s.tcp {
		return "", false
	}
	if tr.multiplexes() {
		shared := c.worker.h2.NewClientConn(conn, http2.ClientOptions{Scheme: tr.scheme()})
		defer shared.Close()
		if conn, err = shared.Open(); err != nil {
			return "HTTP/2: " + err.Error(), false
		}
		defer conn.Close()
	}
	conn.SetReadDeadline(deadline)
	conn.SetWriteDeadline(deadline)
	return c.ask(t, conn, s), false
}

// ask sends the check's request and returns why its answer is not a good one;
// empty if it is.
func (c *checker) ask(t *loop.Task, conn loop.Stream, s *checkSettings) (reason string) {
	if _, err := conn.Write(t, s.request(string(*c.backend.host.Load()))); err != nil {
		return "write: " + err.Error()
	}
	var answer checkAnswer
	if err := answer.readHead(t, conn, s.method); err != nil {
		return answerFailure(err)
	}
	if !s.grpc && len(s.expect.Body) == 0 {
		_, why := s.expect.Match(answer.head.Status, nil)
		return why
	}
	body, trailers, err := answer.readBody(t, conn)
	switch {
	case err != nil:
		return answerFailure(err)
	case s.grpc:
		return judgeGRPC(&answer.head, body, trailers)
	}
	_, why := s.expect.Match(answer.head.Status, body)
	return why
}

func answerFailure(err error) (reason string) {
	if malformed, ok := errors.AsType[*http1.Error](err); ok {
		return "malformed answer: " + malformed.Error()
	}
	return "read: " + err.Error()
}

func withPort(a loop.Address, port uint16) loop.Address {
	if a.Path != "" {
		return a
	}
	return loop.Address{IP: netip.AddrPortFrom(a.IP.Addr(), port)}
}
