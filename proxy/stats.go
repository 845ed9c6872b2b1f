package proxy

import (
	"spillway/balancer"
	"spillway/internal/metrics"
)

// Counters are loop-owned: each worker bumps its own and Server.Metrics adds
// them up on request.

// byClass counts by the first digit of the status; 0 is for no status at all.
type byClass [6]uint64

func (c *byClass) add(o *byClass) {
	for i := range c {
		c[i] += o[i]
	}
}

type workerStats struct {
	requests uint64
}

type listenerStats struct {
	accepted, refused uint64
	failedOpenings    uint64 // closed before a request could be read
	handshakes        uint64 // of TLS, completed
	handshakesResumed uint64 // of those
	handshakesFailed  uint64
	bytesIn, bytesOut uint64
	requests          byClass
	latency           metrics.Histogram
	_                 [64]byte
}

func (s *listenerStats) add(o *listenerStats) {
	s.accepted += o.accepted
	s.refused += o.refused
	s.failedOpenings += o.failedOpenings
	s.handshakes += o.handshakes
	s.handshakesResumed += o.handshakesResumed
	s.handshakesFailed += o.handshakesFailed
	s.bytesIn += o.bytesIn
	s.bytesOut += o.bytesOut
	s.requests.add(&o.requests)
	s.latency.Merge(&o.latency)
}

type routeStats struct {
	requests           byClass
	latency            metrics.Histogram
	shed, held         uint64 // as of the pool's
	rateLimited        uint64
	concurrencyLimited uint64
	_                  [64]byte
}

func (s *routeStats) add(o *routeStats) {
	s.requests.add(&o.requests)
	s.latency.Merge(&o.latency)
	s.shed += o.shed
	s.held += o.held
	s.rateLimited += o.rateLimited
	s.concurrencyLimited += o.concurrencyLimited
}

type poolStats struct {
	panics          uint64                     // picks while no backend was available
	picks           [balancer.Panic + 1]uint64 // by their reason
	shed            uint64                     // requests refused for their priority
	held            uint64                     // requests that waited for home
	hedges          uint64                     // requests that were sent to a second backend, since the first was late
	allFull         uint64                     // requests refused since everyone was full, and there is no queue
	nobody          uint64                     // requests refused since no backend may be tried
	retries         uint64
	crossRetries    uint64 // retries that went to another region
	budgetExhausted uint64
	queued          uint64
	queueTimeouts   uint64
	queueFull       uint64
	tunnels         uint64
	_               [64]byte
}

func (s *poolStats) add(o *poolStats) {
	for i := range s.picks {
		s.picks[i] += o.picks[i]
	}
	s.allFull += o.allFull
	s.nobody += o.nobody
	s.crossRetries += o.crossRetries
	s.panics += o.panics
	s.shed += o.shed
	s.held += o.held
	s.hedges += o.hedges
	s.retries += o.retries
	s.budgetExhausted += o.budgetExhausted
	s.queued += o.queued
	s.queueTimeouts += o.queueTimeouts
	s.queueFull += o.queueFull
	s.tunnels += o.tunnels
}

type backendStats struct {
	connects, connectErrors    uint64
	retries, errors            uint64
	bytesSent, bytesReceived   uint64
	requests                   byClass
	latency                    metrics.Histogram // from the request's sending to the answer's end
	checksPassed, checksFailed uint64
}

// answered counts an answer by its status.
func (s *backendStats) answered(status int, latency int64) {
	s.requests[statusClass(status)]++
	s.latency.Observe(latency)
}

func (s *backendStats) add(o *backendStats) {
	s.connects += o.connects
	s.connectErrors += o.connectErrors
	s.retries += o.retries
	s.errors += o.errors
	s.bytesSent += o.bytesSent
	s.bytesReceived += o.bytesReceived
	s.requests.add(&o.requests)
	s.latency.Merge(&o.latency)
	s.checksPassed += o.checksPassed
	s.checksFailed += o.checksFailed
}

func (w *worker) backendStats(b *backend) *backendStats { return &b.workers[w.index].stats }

func (w *worker) listenerStats(ln *listener) *listenerStats { return &ln.stats[w.index] }

func (w *worker) poolStats(p *poolState) *poolStats { return &p.stats[w.index] }

// countPick counts why and how far a request goes.
func (x *exchange) countPick(m *balancer.Member) {
	stats := x.worker.poolStats(x.pool.poolState)
	stats.picks[x.pick.Reason]++
	if x.attempts > 0 && x.pick.Reason != balancer.Hedge && m.Region != x.record.member.Region {
		stats.crossRetries++
	}
}

// routeStats are those of the exchange's route, which has one.
func (x *exchange) routeStats() *routeStats { return &x.route.stats[x.worker.index] }
