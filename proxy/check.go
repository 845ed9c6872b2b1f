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
	more := ""
	for _, h := range c.Headers {
		more += h.Name + ": " + h.Value + "\r\n"
	}
	s.request = func(host string) []byte {
		if c.Host != "" {
			host = c.Host
		}
		if c.Type == config.CheckGRPC {
			return grpcCheckRequest(host, more, c.Service)
		}
		head := c.Method + " " + c.Path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: spillway-health-check\r\nAccept: */*\r\nConnection: close\r\n"
		return []byte(head + more + "\r\n")
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
	s := c.settings.Load()
	defer c.ended(s) // also by a panic: a backend that is not checked any more stays as it is for ever
	found := c.check(t, s)
	if c.stopped.Load() {
		return
	}
	now := c.worker.loop.Now()
	tracker := c.backend.tracker
	stats := c.worker.backendStats(c.backend)
	stats.checksFailed++
	switch found.kind {
	case checkPassed:
		stats.checksFailed--
		stats.checksPassed++
		c.backend.pool.apply(tracker.CheckPassed(now))
	case checkRejected:
		c.backend.pool.apply(tracker.CheckRejected(now, found.reason))
	default:
		c.backend.pool.apply(tracker.CheckFailed(now, found.reason, found.kind == checkRefused))
	}
	c.worker.server.noteDoubt()
}

func (c *checker) ended(s *checkSettings) {
	c.running = false
	if c.stopped.Load() {
		return
	}
	now := c.worker.loop.Now()
	c.timer.Set(now + int64(s.timing.Next(c.backend.tracker.InQuestion(now), c.worker.dice())))
}

// A finding is what one check found.
type finding struct {
	kind   findingKind
	reason string // why the backend is not well
}

type findingKind uint8

const (
	checkPassed   findingKind = iota
	checkRejected             // it was answered, but not as expected
	checkRefused              // nobody listens
	checkFailed               // there was no answer
)

// check asks the backend how it is.
func (c *checker) check(t *loop.Task, s *checkSettings) finding {
	deadline := c.worker.loop.Now() + int64(s.timing.Timeout)
	address := c.backend.address
	if s.port != 0 {
		address = withPort(address, s.port)
	}
	tr := c.backend.transport.Load()
	if s.grpc {
		tr = tr.overHTTP2()
	}
	conn, err := tr.dial(c.worker, t, c.backend, address, nil, deadline)
	if err != nil {
		kind := checkFailed
		if s.port == 0 && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, loop.ErrSelfConnect)) {
			kind = checkRefused
		}
		return finding{kind, "connect: " + err.Error()}
	}
	defer conn.Close()
	if s.tcp {
		return finding{}
	}
	if tr.multiplexes() {
		shared := c.worker.h2.NewClientConn(conn, http2.ClientOptions{Scheme: tr.scheme()})
		defer shared.Close()
		if conn, err = shared.Open(); err != nil {
			return finding{checkFailed, "HTTP/2: " + err.Error()}
		}
		defer conn.Close()
	}
	conn.SetReadDeadline(deadline)
	conn.SetWriteDeadline(deadline)
	return c.ask(t, conn, s)
}

// ask sends the check's request and judges the answer.
func (c *checker) ask(t *loop.Task, conn loop.Stream, s *checkSettings) finding {
	if _, err := conn.Write(t, s.request(string(*c.backend.host.Load()))); err != nil {
		return finding{checkFailed, "write: " + err.Error()}
	}
	var answer checkAnswer
	if err := answer.readHead(t, conn, s.method); err != nil {
		return answerFailure(err)
	}
	if !s.grpc && len(s.expect.Body) == 0 {
		_, why := s.expect.Match(answer.head.Status, nil)
		return judged(why)
	}
	body, trailers, err := answer.readBody(t, conn)
	switch {
	case err != nil:
		return answerFailure(err)
	case s.grpc:
		return judged(judgeGRPC(&answer.head, body, trailers))
	}
	_, why := s.expect.Match(answer.head.Status, body)
	return judged(why)
}

func judged(why string) finding {
	if why != "" {
		return finding{checkRejected, why}
	}
	return finding{}
}

func answerFailure(err error) finding {
	if malformed, ok := errors.AsType[*http1.Error](err); ok {
		return finding{checkRejected, "malformed answer: " + malformed.Error()}
	}
	return finding{checkFailed, "read: " + err.Error()}
}

func withPort(a loop.Address, port uint16) loop.Address {
	if a.Path != "" {
		return a
	}
	return loop.Address{IP: netip.AddrPortFrom(a.IP.Addr(), port)}
}
