package proxy

import (
	"fmt"
	"math"
	"net"
	"time"

	"spillway/balancer"
	"spillway/evacuation"
	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/loop"
)

// Status is a server's state for people, with the names of the admin address's
// contract. The whole belongs to the caller of [Server.Status].
type Status struct {
	Region    string           `json:"region"`
	Version   string           `json:"version"` // left to the caller
	Config    ConfigStatus     `json:"config"`
	Listeners []ListenerStatus `json:"listeners"`
	Pools     []PoolStatus     `json:"pools"`
	// Evacuations are those under way, and those that their guard has called off, until
	// the next order for the same target.
	Evacuations []evacuation.Status     `json:"evacuations,omitempty"`
	Drill       *evacuation.DrillReport `json:"drill,omitempty"` // the last
	Doubt       *DoubtStatus            `json:"doubt,omitempty"` // absent: there is none
}

// DoubtStatus says why it is this machine's own network that is suspected rather than the backends.
type DoubtStatus struct {
	Reason string `json:"reason"`
	Hosts  int    `json:"hosts"`
	Lost   int    `json:"lost"`
}

// ConfigStatus is the configuration in force.
type ConfigStatus struct {
	Generation uint64    `json:"generation"` // counts the loads that succeeded, from 1
	Digest     string    `json:"digest"`     // of the file; empty if there was none
	LoadedAt   time.Time `json:"loaded_at"`
	LastError  string    `json:"last_error"` // of the last reload; empty if it succeeded
}

// ListenerStatus is one listener.
type ListenerStatus struct {
	Name        string `json:"name"`
	Address     string `json:"address"` // as configured; where that leaves the port open, the one it got
	Connections int64  `json:"connections"`
	Protocol    string `json:"protocol"`
	// Certificates are those that clients are shown; absent where TLS does not end here.
	Certificates []CertificateStatus `json:"certificates,omitempty"`
}

// CertificateStatus is one certificate of a listener.
type CertificateStatus struct {
	Name     string    `json:"name"` // the first that it claims
	NotAfter time.Time `json:"not_after"`
}

// PoolStatus is one pool.
type PoolStatus struct {
	Name    string         `json:"name"`
	Policy  string         `json:"policy"`
	Waiting int            `json:"waiting"`    // requests in the queue
	Holding int            `json:"holding"`    // requests that wait a moment for the nearest region
	Shed    float64        `json:"shed_below"` // priorities below are shed; 0: none
	Regions []RegionStatus `json:"regions"`    // nearest first
}

// RegionStatus is what a pool has in one region.
type RegionStatus struct {
	Name     string          `json:"name"`
	State    RegionState     `json:"state"`
	Share    float64         `json:"share"`    // the part of the pool's traffic that it gets now, 0 to 1
	Keeps    float64         `json:"keeps"`    // of what would reach it, the part that it may keep, 0 to 1
	Capacity int64           `json:"capacity"` // requests in flight that its available backends may have; 0: not known, or nobody is available
	Inflight int64           `json:"inflight"`
	Room     int64           `json:"room"`   // up to where it is filled; 0 as well where the capacity is not known
	RTT      float64         `json:"rtt_ms"` // how far it is; 0: this one, or not known
	Reason   string          `json:"reason"` // of State and Keeps, in words
	Backends []BackendStatus `json:"backends"`
}

// BackendStatus is one backend of a pool.
type BackendStatus struct {
	Address  string  `json:"address"`
	State    string  `json:"state"`  // a word of [health.State]
	Reason   string  `json:"reason"` // why, and since when
	Weight   int     `json:"weight"`
	Inflight int64   `json:"inflight"`
	Limit    int64   `json:"limit"`                   // of requests in flight; 0: none
	Learned  bool    `json:"limit_learned,omitempty"` // Limit only steers
	Load     float64 `json:"load"`                    // in flight, and what recent failures count for
	Warmth   float64 `json:"warmth"`                  // of weight and limit, the part that it has in a slow start
	OnTrial  bool    `json:"probation,omitempty"`     // it is back and has not given a good answer yet
	Requests uint64  `json:"requests"`                // that it was sent, since the process began
	Errors   uint64  `json:"errors"`                  // those of them that had no complete answer or one of status 5xx
	P50      float64 `json:"latency_p50"`             // milliseconds, of the recent past: see [Server.Remember]; 0: no answer in it
	P99      float64 `json:"latency_p99"`
}

// RegionState is a word for a region of a pool as a whole.
type RegionState string

const (
	// RegionHealthy: all its backends that are not drained are available.
	RegionHealthy RegionState = "healthy"
	// RegionDegraded: some of them are.
	RegionDegraded RegionState = "degraded"
	// RegionUnavailable: none of them is.
	RegionUnavailable RegionState = "unavailable"
	// RegionFull: it takes no more.
	RegionFull RegionState = "full"
	// RegionReturning: it was away, and gets its traffic back by and by.
	RegionReturning RegionState = "returning"
	// RegionDraining: an operator took out all of them, or lets it keep a part only.
	RegionDraining RegionState = "draining"
	// RegionPanic: none of them is, nor any in another region, so they are tried all the same.
	RegionPanic RegionState = "panic"
)

// Status tells how everything is. Like [Server.Gather] it may wait a second for a loop that stands still.
func (s *Server) Status() Status {
	of := s.subjects()
	sum := s.gather(of)
	o := s.outline()
	st := Status{
		Region: o.config.Region,
		Config: ConfigStatus{
			Generation: o.generation,
			Digest:     o.config.Digest,
			LoadedAt:   loop.WallTime(o.loadedAt).UTC().Truncate(time.Millisecond),
		},
		Listeners: []ListenerStatus{},
		Pools:     []PoolStatus{},
	}
	if o.lastError != nil {
		st.Config.LastError = o.lastError.Error()
	}
	for i := range o.config.Listeners {
		for _, ln := range of.listeners {
			if ln.address == string(o.config.Listeners[i].Address) {
				st.Listeners = append(st.Listeners, ln.status())
			}
		}
	}
	for i := range o.config.Pools {
		c := &o.config.Pools[i]
		p := &PoolStatus{Name: c.Name, Policy: string(c.Policy)}
		o.pools[c.Name].describe(p, s.distances.regions(), sum)
		st.Pools = append(st.Pools, *p)
	}
	now := loop.Nanotime()
	st.Evacuations, st.Drill = s.evacuations.Status(now), s.DrillReport()
	if d := s.doubt.Status(now); d.Doubting {
		st.Doubt = &DoubtStatus{Reason: d.Reason, Hosts: d.Hosts, Lost: d.Lost}
	}
	return st
}

func (ln *listener) status() ListenerStatus {
	settings := ln.settings.Load()
	st := ListenerStatus{Name: settings.name, Address: ln.shownAddress(), Connections: ln.connections.Load(), Protocol: string(settings.protocol)}
	if settings.tls != nil {
		for _, each := range settings.tls.certificates.Expiries() {
			st.Certificates = append(st.Certificates, CertificateStatus(each))
		}
	}
	return st
}

func (ln *listener) shownAddress() string {
	if _, port, ok := config.Address(ln.address).HostPort(); ok && port == 0 {
		if tcp, ok := ln.socket.Addr().(*net.TCPAddr); ok {
			return tcp.String()
		}
	}
	return ln.address
}

func (p *poolState) describe(st *PoolStatus, order []string, sum *tally) {
	st.Regions = []RegionStatus{}
	st.Waiting, st.Holding, st.Shed = p.queue.Waiting(), p.queue.Holding(), rounded(p.shedder.Threshold())
	found := p.inspect()
	inPanic := p.view.Load().Panic()
	places := p.places(order)
	recent := make([]uint64, len(places))
	open := make([]bool, len(places))
	now := loop.Nanotime()
	for i, at := range places {
		r := RegionStatus{Name: at.region, State: regionState(at.members, inPanic), Backends: []BackendStatus{}}
		seen := r.note(&found)
		for j := range at.members {
			m := &at.members[j]
			b := m.Data.(*backend)
			total := sum.backends[b]
			if total == nil { // it came after the counting
				total = new(backendStats)
			}
			lately := p.server.gathered.recent(b, total)
			recent[i] += lately.requests
			open[i] = open[i] || m.Weight > 0 && (b.tracker.Available() || inPanic && !m.Refused)
			r.Inflight += b.balance.Inflight()
			h := b.tracker.Status(now)
			x, ok := seen[b.name]
			if !ok { // it has no weight, or is out of reach
				x = balancer.BackendExplanation{Limit: m.MaxRequests, Warmth: 1}
			}
			r.Backends = append(r.Backends, BackendStatus{
				Address: b.name, State: h.State.String(), Reason: h.Reason, Weight: at.weights[j], Inflight: b.balance.Inflight(),
				Limit: x.Limit, Learned: x.Learned, Load: rounded(x.Load), Warmth: rounded(x.Warmth), OnTrial: h.Probation,
				Requests: total.attempts(), Errors: total.errors + total.requests[5],
				P50: milliseconds(lately.latency.Quantile(0.5)), P99: milliseconds(lately.latency.Quantile(0.99)),
			})
		}
		st.Regions = append(st.Regions, r)
	}
	share(st.Regions, open, recent)
}

// regionState sums up the backends of one region.
func regionState(members []balancer.Member, inPanic bool) RegionState {
	available, drained := 0, 0
	for i := range members {
		switch members[i].Data.(*backend).tracker.State() {
		case health.Healthy:
			available++
		case health.Draining:
			drained++
		}
	}
	switch n := len(members); {
	case n > 0 && drained == n:
		return RegionDraining
	case available == 0 && inPanic && n > 0:
		return RegionPanic
	case available == 0:
		return RegionUnavailable
	case available+drained < n:
		return RegionDegraded
	}
	return RegionHealthy
}

// note takes over what the balancer says of a region, and returns what it says of the
// backends there, by address.
func (st *RegionStatus) note(found *balancer.Explanation) map[string]balancer.BackendExplanation {
	seen := map[string]balancer.BackendExplanation{}
	st.Reason, st.Keeps = "no request to the pool may use it", 1
	for i := range found.Regions {
		r := &found.Regions[i]
		if r.Name != st.Name {
			continue
		}
		st.Capacity, st.Room, st.RTT, st.Reason = r.Capacity, r.Room, milliseconds(r.RTT), regionInWords(r)
		st.Keeps = rounded(min(r.Share, r.Limit))
		switch open := st.State == RegionHealthy || st.State == RegionDegraded; {
		case open && r.Limit < 1:
			st.State = RegionDraining
		case open && r.State == balancer.RegionFull:
			st.State = RegionFull
		case open && r.State == balancer.RegionReturning:
			st.State = RegionReturning
		case st.State == RegionPanic:
			st.Reason = "nobody anywhere is available: all are tried"
		}
		available := 0
		for _, b := range r.Backends {
			seen[b.ID] = b
			if b.Available {
				available++
			}
		}
		if available > 0 && available < len(r.Backends) {
			st.Reason += fmt.Sprintf("; %d of %d backends are available", available, len(r.Backends))
		}
	}
	return seen
}

// share divides the pool's traffic over the regions that are open to it: as the
// recent requests were divided, or where there was none, all to the nearest.
func share(regions []RegionStatus, open []bool, recent []uint64) {
	var total uint64
	for i := range regions {
		if open[i] {
			total += recent[i]
		}
	}
	for i := range regions {
		switch {
		case !open[i]:
		case total == 0:
			regions[i].Share = 1
			return
		default:
			regions[i].Share = math.Round(1000*float64(recent[i])/float64(total)) / 1000
		}
	}
}

// milliseconds is rounded to microseconds.
func milliseconds(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e3 }
