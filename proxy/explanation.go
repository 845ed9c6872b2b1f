package proxy

import (
	"fmt"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/loop"
)

// An Explanation says what would become of a request if it came now.
type Explanation struct {
	Request  ExplainedRequest  `json:"request"`
	Listener string            `json:"listener"`
	Route    string            `json:"route,omitempty"`
	Answer   *ExplainedAnswer  `json:"answer,omitempty"`  // spillway's own; absent: the request goes to a pool
	Forward  *ExplainedForward `json:"forward,omitempty"` // where it goes
}

// ExplainedRequest is the request as it was understood.
type ExplainedRequest struct {
	Method   string `json:"method"`
	Host     string `json:"host"`
	Path     string `json:"path"` // as routes match it
	Query    string `json:"query,omitempty"`
	ClientIP string `json:"client_ip"`
}

// ExplainedAnswer is an answer without a backend.
type ExplainedAnswer struct {
	Status int    `json:"status"`
	Why    string `json:"why"`
}

// ExplainedForward is how a request would be forwarded.
type ExplainedForward struct {
	Path     string            `json:"path"` // that the backend sees
	Pool     string            `json:"pool"`
	Policy   string            `json:"policy"`
	Split    []ExplainedSplit  `json:"split,omitempty"`
	Key      *ExplainedKey     `json:"key,omitempty"` // absent: the pool has none, or the request yields none
	Sticky   *ExplainedSticky  `json:"sticky,omitempty"`
	Origin   string            `json:"origin,omitempty"` // the region of another spillway that has spilled it here
	Priority int               `json:"priority"`
	Shed     float64           `json:"shed_below"` // priorities below are shed now; 0: none
	Limits   []string          `json:"limits,omitempty"`
	Waiting  int               `json:"waiting"` // requests in the pool's queue
	Holding  int               `json:"holding"` // requests that wait a moment for the nearest region
	Outcome  string            `json:"outcome"` // picked, picked in panic, hold, full or none
	Reason   string            `json:"reason"`  // the access log's word
	Region   string            `json:"region,omitempty"`
	Backend  string            `json:"backend,omitempty"` // whom the policy would try first
	Patience float64           `json:"patience_ms,omitempty"`
	Regions  []ExplainedRegion `json:"regions"` // in the order of use
}

// ExplainedSplit is one share of a split route.
type ExplainedSplit struct {
	Pool   string `json:"pool"`
	Weight int    `json:"weight"`
}

// ExplainedKey is what places a request by consistent hashing or in a split.
type ExplainedKey struct {
	Source string `json:"source"` // as the configuration writes it
	Value  string `json:"value"`
}

// ExplainedSticky is what a client's cookie asks for.
type ExplainedSticky struct {
	Cookie  string `json:"cookie"`
	Backend string `json:"backend,omitempty"` // empty: it names nobody
	Used    bool   `json:"used"`              // the request goes there, whatever the rest says
}

// ExplainedRegion is one region as the request finds it.
type ExplainedRegion struct {
	Name      string             `json:"name"`
	RTT       float64            `json:"rtt_ms"` // 0: this one, or not known
	State     string             `json:"state"`
	Reason    string             `json:"reason"`
	Capacity  int64              `json:"capacity"` // 0: not known
	Inflight  int64              `json:"inflight"`
	Room      int64              `json:"room"`  // 0 as well where the capacity is not known
	Keeps     float64            `json:"keeps"` // of the requests that reach it
	KeepsKeys float64            `json:"keeps_keys"`
	Permitted bool               `json:"permitted"`
	Passed    string             `json:"passed,omitempty"` // why the request goes on to the next
	Backends  []ExplainedBackend `json:"backends"`
}

// ExplainedBackend is one backend as the request finds it.
type ExplainedBackend struct {
	Address   string  `json:"address"`
	State     string  `json:"state"`
	Reason    string  `json:"reason"`
	Weight    int     `json:"weight"`
	Load      float64 `json:"load"` // in flight, and what recent failures count for
	Inflight  int64   `json:"inflight"`
	Limit     int64   `json:"limit"` // 0: none
	Learned   bool    `json:"limit_learned,omitempty"`
	Warmth    float64 `json:"warmth"` // the part of weight and limit that it has in a slow start
	Probation bool    `json:"probation,omitempty"`
	Backup    bool    `json:"backup,omitempty"`
	Eligible  bool    `json:"eligible"` // the policy may pick it
}

// explainRegions tells of a pool's regions by what the balancer says of them.
func (p *poolState) explainRegions(found *balancer.Explanation) []ExplainedRegion {
	now := loop.Nanotime()
	trackers := p.trackers()
	list := []ExplainedRegion{}
	for i := range found.Regions {
		r := &found.Regions[i]
		x := ExplainedRegion{
			Name: r.Name, RTT: milliseconds(r.RTT), State: string(r.State), Reason: regionInWords(r), Capacity: r.Capacity, Inflight: r.Inflight,
			Room: r.Room, Keeps: rounded(min(r.Share, r.Limit)), KeepsKeys: rounded(r.KeyShare), Permitted: r.Permitted, Passed: r.Passed.String(),
			Backends: []ExplainedBackend{},
		}
		for j := range r.Backends {
			b := &r.Backends[j]
			each := ExplainedBackend{Address: b.ID, Weight: b.Weight, Load: rounded(b.Load), Inflight: b.Inflight, Limit: b.Limit,
				Learned: b.Learned, Warmth: rounded(b.Warmth), Backup: b.Backup, Eligible: b.Eligible}
			if t := trackers[b.ID]; t != nil {
				h := t.Status(now)
				each.State, each.Reason, each.Probation = h.State.String(), h.Reason, h.Probation
			}
			x.Backends = append(x.Backends, each)
		}
		list = append(list, x)
	}
	return list
}

// trackers are those of the pool's backends, by address.
func (p *poolState) trackers() map[string]*health.Tracker {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string]*health.Tracker, len(p.backends))
	for id, b := range p.backends {
		all[id] = b.tracker
	}
	return all
}

// regionInWords says why a region is as far open as it is.
func regionInWords(r *balancer.RegionExplanation) string {
	switch keeps := min(r.Share, r.Limit); {
	case r.State == balancer.RegionEmpty:
		return "the pool has nobody there"
	case r.State == balancer.RegionClosed:
		return "nobody there is available"
	case r.State == balancer.RegionDrained:
		return "taken out by an operator"
	case r.Limit < 1:
		return fmt.Sprintf("an operator lets it keep %s of what would reach it", percent(r.Limit))
	case r.State == balancer.RegionFull:
		return fmt.Sprintf("full: %d in flight, room for %d", r.Inflight, r.Inflight+r.Room)
	case keeps < 1 && r.State == balancer.RegionReturning:
		return fmt.Sprintf("back after it was away: keeps %s of what would reach it", percent(keeps))
	case keeps < 1:
		return fmt.Sprintf("its backends report load: keeps %s of what would reach it", percent(keeps))
	case r.Capacity == 0:
		return "open; how much it takes is not known"
	}
	return fmt.Sprintf("room for %d more", r.Room)
}

// rounded is for people: three digits behind the point.
func rounded(share float64) float64 { return float64(int64(share*1000+0.5)) / 1000 }

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
