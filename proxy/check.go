package proxy

import (
	"net/netip"

	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/loop"
	"spillway/internal/probe"
)

// newCheckSettings is what a configuration says of a pool's health check.
func newCheckSettings(c *config.HealthCheck) *probe.Settings {
	s := &probe.Settings{
		Kind:    probe.HTTP,
		Port:    c.Port,
		Timing:  health.CheckSettings{Interval: c.Interval, FastInterval: c.FastInterval, Timeout: c.Timeout, Jitter: c.Jitter, Rise: c.Rise, Fall: c.Fall},
		Method:  c.Method,
		Path:    c.Path,
		Host:    c.Host,
		Service: c.Service,
		Expect:  health.Expect{Statuses: statusRanges(&c.Expect.Status), Body: []byte(c.Expect.Body)},
	}
	switch c.Type {
	case config.CheckTCP:
		s.Kind = probe.TCP
	case config.CheckGRPC:
		s.Kind = probe.GRPC
	}
	for _, h := range c.Headers {
		s.Headers = append(s.Headers, probe.Header(h))
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

// startChecker begins checking a backend on a worker's loop, first nanoseconds from now.
func startChecker(b *backend, w *worker, s *probe.Settings, first int64) *probe.Checker {
	return probe.Start(&checkedBackend{b, w}, probe.Runner{Loop: w.loop, HTTP2: w.h2, Dice: w.dice}, s, first)
}

// A checkedBackend is a backend as its checker sees it, on the worker's loop.
type checkedBackend struct {
	backend *backend
	worker  *worker
}

// Dial opens a connection the way that requests to the backend go.
func (c *checkedBackend) Dial(t *loop.Task, port uint16, overHTTP2 bool, deadline int64) (probe.Conn, error) {
	address := c.backend.address
	if port != 0 {
		address = withPort(address, port)
	}
	tr := c.backend.transport.Load()
	if overHTTP2 {
		tr = tr.OverHTTP2()
	}
	conn, err := c.backend.dial(c.worker, t, tr, address, nil, deadline)
	return probe.Conn{Stream: conn, HTTP2: tr.Multiplexes(), Scheme: tr.Scheme()}, err
}

// Host is what backends see as Host where the pool says `host: backend`.
func (c *checkedBackend) Host() string { return string(*c.backend.host.Load()) }

// Checked counts a check and puts what it has found into force.
func (c *checkedBackend) Checked(found probe.Finding) {
	stats := c.worker.backendStats(c.backend)
	if found.Outcome == probe.Passed {
		stats.checksPassed++
	} else {
		stats.checksFailed++
	}
	c.backend.pool.apply(found.Tell(c.backend.tracker, c.worker.loop.Now()))
	c.worker.server.noteDoubt()
}

// InQuestion tells whether checks are about to change the backend's state.
func (c *checkedBackend) InQuestion(now int64) bool { return c.backend.tracker.InQuestion(now) }

func withPort(a loop.Address, port uint16) loop.Address {
	if a.Path != "" {
		return a
	}
	return loop.Address{IP: netip.AddrPortFrom(a.IP.Addr(), port)}
}
