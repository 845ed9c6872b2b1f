package proxy

import (
	"time"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/http2"
	"spillway/internal/loop"
	"spillway/internal/metrics"
)

// Metrics are a server's counters and gauges at one moment, for a machine to
// read. Counters begin with the process; those of what a configuration no longer
// names are gone. The whole belongs to the caller of [Server.Gather].
type Metrics struct {
	Region       string // this instance's own
	Ready        bool
	Generation   uint64    // of the configuration in force
	LoadedAt     time.Time // when it came into force
	LastReloadOK bool
	Started      time.Time

	Connections      int // open on all listeners, also on those that are closed to new ones
	Tunnels          int // open
	HTTP2            http2.Stats
	Loops            int
	Panics, Stalls   uint64 // of the loops
	AccessLogDropped uint64 // lines
	Doubting         bool   // the own network is suspected, and no failed check removes anyone
	Evacuations      int    // under way

	Listeners []ListenerMetrics
	Routes    []RouteMetrics
	Pools     []PoolMetrics
}

// Classes count by the first digit of a status; 0 is for no status at all.
type Classes [6]uint64

// ListenerMetrics are those of one listener.
type ListenerMetrics struct {
	Name              string
	Connections       int64 // open
	Accepted, Refused uint64
	FailedOpenings    uint64 // connections closed before a request could be read
	Handshakes        uint64 // of TLS, completed
	HandshakesResumed uint64 // of those
	HandshakesFailed  uint64
	Certificates      []CertificateMetrics
	BytesIn, BytesOut uint64 // of bodies
	Requests          Classes
	Latency           metrics.Histogram // of whole exchanges
}

// CertificateMetrics are those of one certificate of a listener.
type CertificateMetrics struct {
	Name     string // the first that it claims
	NotAfter time.Time
}

// RouteMetrics are those of one route. Answers that no route gave are not in any.
type RouteMetrics struct {
	Name     string
	Requests Classes
	Latency  metrics.Histogram // of whole exchanges
	// Shed and Held are requests refused for their priority, and those that waited a
	// moment for the nearest region; the others were refused by the route's limits.
	Shed, Held, RateLimited, ConcurrencyLimited uint64
}

// PoolMetrics are those of one pool.
type PoolMetrics struct {
	Name            string
	Panic           bool // no backend is available, so all are tried
	Waiting         int  // requests in the queue
	Queued          uint64
	QueueTimeouts   uint64
	QueueFull       uint64
	Holding         int // requests that wait a moment for the nearest region
	Held            uint64
	Shed            uint64  // requests refused for their priority
	ShedBelow       float64 // priorities below are shed now; 0: none
	AllFull         uint64  // requests refused since everyone was full, and there is no queue
	Nobody          uint64  // requests refused since no backend may be tried
	Picks           map[balancer.Reason]uint64
	Retries         uint64
	CrossRetries    uint64 // of them, to another region
	Hedges          uint64 // requests that were sent to a second backend, since the first was late
	BudgetExhausted uint64
	PanicPicks      uint64
	Tunnels         uint64 // begun
	NameFailures    uint64
	Transitions     map[health.State]uint64 // by the state entered
	Regions         []RegionMetrics         // nearest first
}

// RegionMetrics are those of one region of a pool.
type RegionMetrics struct {
	Name      string
	Available int     // backends
	Capacity  int64   // requests in flight; 0: not known, or nobody is available
	Inflight  int64   //
	Room      int64   // 0 as well where the capacity is not known
	Share     float64 // of the pool's traffic that it gets now, 0 to 1
	Keeps     float64 // of what would reach it, 0 to 1
	RTT       int64   // ns; 0: this one, or not known
	Backends  []BackendMetrics
}

// BackendMetrics are those of one backend of one pool.
type BackendMetrics struct {
	Address                    string
	State                      health.State
	Inflight                   int64
	Requests                   Classes // answered, by the answer's status
	Errors                     uint64  // requests without a complete answer
	Retries                    uint64  // requests that were then sent to another one
	Connects, ConnectErrors    uint64
	BytesSent                  uint64 // of request bodies
	ChecksPassed, ChecksFailed uint64
	Probation                  bool
	Limit                      int64             // of requests in flight, configured or learned; 0: none
	Avoided                    float64           // requests that it was spared while it was sick: see avoidance
	Latency                    metrics.Histogram // from the sending of a request to the end of the answer
}

// Gather adds up the counters of all loops. It waits for each loop to come round
// once, a second at the longest: one that stands still is told of by what it had
// counted the last time.
func (s *Server) Gather() *Metrics {
	of := s.subjects()
	sum := s.gather(of)
	c := s.outline()
	m := &Metrics{
		Region:           c.config.Region,
		Ready:            s.Ready(),
		Generation:       c.generation,
		LoadedAt:         loop.WallTime(c.loadedAt),
		LastReloadOK:     c.lastError == nil,
		Started:          loop.WallTime(s.started),
		Connections:      sum.connections,
		Tunnels:          sum.tunnels,
		HTTP2:            sum.http2,
		Loops:            len(s.workers),
		Panics:           s.group.Panics(),
		Stalls:           s.group.Stalls(),
		AccessLogDropped: c.dropped,
		Doubting:         s.doubt.Doubting(),
		Evacuations:      s.evacuations.Moving(),
	}
	for _, ln := range of.listeners {
		m.Listeners = append(m.Listeners, ln.metrics(sum.listeners[ln]))
	}
	for _, name := range sortedKeys(sum.routes) {
		stats := sum.routes[name]
		m.Routes = append(m.Routes, RouteMetrics{Name: name, Requests: Classes(stats.requests), Latency: stats.latency,
			Shed: stats.shed, Held: stats.held, RateLimited: stats.rateLimited, ConcurrencyLimited: stats.concurrencyLimited})
	}
	for _, p := range of.pools {
		m.Pools = append(m.Pools, p.metrics(s.distances.regions(), sum))
	}
	return m
}

// An outline is the part of the server's state that is behind its lock.
type outline struct {
	*snapshot
	lastError error
	dropped   uint64
}

func (s *Server) outline() outline {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := outline{snapshot: s.snapshot.Load(), lastError: s.lastError}
	if s.accessLog != nil {
		o.dropped = s.accessLog.Dropped()
	}
	return o
}

func (ln *listener) metrics(sum *listenerStats) ListenerMetrics {
	settings := ln.settings.Load()
	m := ListenerMetrics{
		Name:              settings.name,
		Connections:       ln.connections.Load(),
		Accepted:          sum.accepted,
		Refused:           sum.refused,
		FailedOpenings:    sum.failedOpenings,
		Handshakes:        sum.handshakes,
		HandshakesResumed: sum.handshakesResumed,
		HandshakesFailed:  sum.handshakesFailed,
		BytesIn:           sum.bytesIn,
		BytesOut:          sum.bytesOut,
		Requests:          Classes(sum.requests),
		Latency:           sum.latency,
	}
	if settings.tls != nil {
		for _, each := range settings.tls.certificates.Expiries() {
			m.addCertificate(CertificateMetrics(each))
		}
	}
	return m
}

// addCertificate keeps of several for one name the one that ends first.
func (m *ListenerMetrics) addCertificate(c CertificateMetrics) {
	for i := range m.Certificates {
		if have := &m.Certificates[i]; have.Name == c.Name {
			if c.NotAfter.Before(have.NotAfter) {
				have.NotAfter = c.NotAfter
			}
			return
		}
	}
	m.Certificates = append(m.Certificates, c)
}

// A place is what a pool has in one region, copied.
type place struct {
	region  string
	members []balancer.Member
	weights []int // of members, as configured
}

// places are the regions that the pool's configuration names, in a given order,
// also those that have nobody since a name has no address.
func (p *poolState) places(order []string) (list []place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, region := range order {
		at := place{region: region}
		for i := range p.members {
			if p.members[i].Region == region {
				at.members = append(at.members, p.members[i])
				at.weights = append(at.weights, p.members[i].Data.(*backend).weight)
			}
		}
		if len(at.members) > 0 || names(p.config, region) {
			list = append(list, at)
		}
	}
	return list
}

func names(c *config.Pool, region string) bool {
	for i := range c.Backends {
		if c.Backends[i].Region == region {
			return true
		}
	}
	return false
}
