package proxy

import (
	"errors"
	"io"
	"net/netip"
	"sync/atomic"
	"syscall"

	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/http1"
	"spillway/internal/loop"
)

// checkSettings are what one configuration says of a pool's health check. They are immutable.
type checkSettings struct {
	tcp     bool
	port    uint16 // 0: the backend's own
	timing  health.CheckSettings
	method  []byte
	request func(host string) []byte
	expect  health.Expect
}

func newCheckSettings(c *config.HealthCheck) *checkSettings {
	s := &checkSettings{
		tcp:    c.Type == config.CheckTCP,
		port:   c.Port,
		method: []byte(c.Method),
		timing: health.CheckSettings{Interval: c.Interval, FastInterval: c.FastInterval, Timeout: c.Timeout, Jitter: c.Jitter, Rise: c.Rise, Fall: c.Fall},
		expect: health.Expect{Statuses: statusRanges(&c.Expect.Status), Body: []byte(c.Expect.Body)},
	}
	s.request = func(host string) []byte {
		if c.Host != "" {
			host = c.Host
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
	head     http1.Response
}

// checkBody is how much of an answer's body is looked at.
const checkBody = 64 << 10

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
	conn, err := c.backend.transport.Load().dial(c.worker, t, address, nil, deadline)
	if err != nil {
		isRefused = errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, loop.ErrSelfConnect)
		return "connect: " + err.Error(), isRefused && s.port == 0
	}
	defer conn.Close()
	if s.tcp {
		return "", false
	}
	conn.SetReadDeadline(deadline)
	conn.SetWriteDeadline(deadline)
	if _, err := conn.Write(t, s.request(string(*c.backend.host.Load()))); err != nil {
		return "write: " + err.Error(), false
	}
	return c.readAnswer(t, conn, s), false
}

// readAnswer reads as much of the answer as its judgement takes.
func (c *checker) readAnswer(t *loop.Task, conn loop.Stream, s *checkSettings) (reason string) {
	answer := make([]byte, 0, 4<<10)
	c.head.Reset()
	headLen := 0
	for {
		n, err := conn.Read(t, answer[len(answer):cap(answer)])
		answer = answer[:len(answer)+n]
		if headLen == 0 && len(answer) > 0 {
			var malformed error
			if headLen, malformed = c.head.Parse(answer, s.method, responseLimits); malformed != nil {
				return "malformed answer: " + malformed.Error()
			}
		}
		ended := err == io.EOF || len(answer) >= checkBody
		if headLen > 0 && (len(s.expect.Body) == 0 || ended || c.bodyRead(len(answer)-headLen)) {
			_, why := s.expect.Match(c.head.Status, answer[headLen:])
			return why
		}
		if err != nil {
			return "read: " + err.Error()
		}
		if ended {
			return "the answer's head is too large"
		}
		if len(answer) == cap(answer) {
			answer = append(answer, 0)[:len(answer)]
		}
	}
}

func (c *checker) bodyRead(have int) bool {
	switch c.head.Framing {
	case http1.NoBody:
		return true
	case http1.Length:
		return int64(have) >= c.head.ContentLength
	}
	return false
}

func withPort(a loop.Address, port uint16) loop.Address {
	if a.Path != "" {
		return a
	}
	return loop.Address{IP: netip.AddrPortFrom(a.IP.Addr(), port)}
}
