package main

import (
	"math"
	"math/rand/v2"

	"spillway/balancer"
)

// A peer is a set of proxies that balance by other rules, each written here in as few lines as its documentation
// needs. What is not the subject is the same for all: attempts, retries on another server, checks.
type peer struct {
	w       *world
	rules   rules
	proxies [][]*proxy // by region
}

// rules are what makes a peer.
type rules struct {
	// pick names a seat that is not among tried; nil: none may be used now.
	pick func(p *proxy, x *request, tried []*seat) *seat

	retries     int
	budget      float64 // of the requests; 0: none
	waitPlaces  int     // in one queue in which requests wait while pick finds nobody; 0: they fail
	checks      bool
	failures    int   // in a row that take a server out
	out         int64 // for so long
	longer      bool  // times how often it happened lately
	mostOut     float64
	checksBring bool // a good check brings back who was taken out
}

// A proxy is one process of a peer, and a seat is what it knows of a server.
type proxy struct {
	peer    *peer
	w       *world
	region  int
	seats   []*seat   // by server
	tiers   [][]*seat // by region, nearest first
	waiting []*waiting
	turn    int
	dice    *rand.Rand
	budget  *balancer.RetryBudget
	levels  envoyLevels
}

type seat struct {
	server    *server
	limit     int // as it was told; 0: none
	inflight  int
	up        bool
	good, bad int // checks in a row
	failures  int // in a row
	ejections int
	out       int64 // until when
}

type waiting struct {
	x     *request
	tried []*seat
	over  bool
}

func newPeer(w *world, r rules) *peer {
	p := &peer{w: w, rules: r}
	use := uint64(dicePolicies)
	for region, spec := range w.scenario.regions {
		var here []*proxy
		for range spec.proxies {
			here = append(here, p.newProxy(region, newDice(w.seed, use)))
			use++
		}
		p.proxies = append(p.proxies, here)
	}
	return p
}

func (p *peer) newProxy(region int, dice *rand.Rand) *proxy {
	x := &proxy{peer: p, w: p.w, region: region, dice: dice}
	if p.rules.budget > 0 {
		x.budget = balancer.NewRetryBudget(p.rules.budget, retryFloor)
	}
	for _, b := range p.w.servers {
		s := &seat{server: b, up: true}
		if !p.w.scenario.learned {
			s.limit = p.w.limit(b, region)
		}
		x.seats = append(x.seats, s)
		if p.rules.checks {
			p.w.after(int64(dice.Float64()*float64(checkEvery)), func() { x.check(s) })
		}
	}
	for _, r := range p.w.order(region) {
		var tier []*seat
		for _, b := range p.w.byRegion[r] {
			tier = append(tier, x.seats[b.index])
		}
		x.tiers = append(x.tiers, tier)
	}
	return x
}

func (p *peer) offer(x *request) {
	q := p.proxies[x.region][x.instance]
	if q.budget != nil {
		q.budget.Request(p.w.now)
	}
	if len(q.waiting) > 0 {
		q.wait(x, nil)
		return
	}
	q.choose(x, nil)
}

func (p *proxy) choose(x *request, tried []*seat) {
	if s := p.peer.rules.pick(p, x, tried); s != nil {
		p.send(x, s, tried)
		return
	}
	p.wait(x, tried)
}

func (p *proxy) wait(x *request, tried []*seat) {
	if len(p.waiting) >= p.peer.rules.waitPlaces {
		p.w.fail(x)
		return
	}
	waiter := &waiting{x: x, tried: tried}
	p.waiting = append(p.waiting, waiter)
	p.w.after(waitLongest, func() {
		if !waiter.over {
			waiter.over = true
			p.w.fail(x)
			p.serve()
		}
	})
}

// serve gives room to those who wait, the oldest first.
func (p *proxy) serve() {
	for len(p.waiting) > 0 {
		first := p.waiting[0]
		if !first.over {
			s := p.peer.rules.pick(p, first.x, first.tried)
			if s == nil {
				return
			}
			first.over = true
			p.send(first.x, s, first.tried)
		}
		p.waiting = p.waiting[1:]
	}
}

func (p *proxy) send(x *request, s *seat, tried []*seat) {
	s.inflight++
	p.w.send(p.region, s.server, x.demand, p.w.scenario.timeout, func(r result) {
		s.inflight--
		if r == answered {
			s.failures = 0
			p.w.answer(x, s.server)
			p.serve()
			return
		}
		p.failed(s)
		switch {
		case len(tried) >= p.peer.rules.retries, p.budget != nil && !p.budget.Allow(p.w.now):
			p.w.fail(x)
		default:
			p.choose(x, append(tried, s))
		}
		p.serve()
	})
}

// failed takes a server out after enough failures in a row.
func (p *proxy) failed(s *seat) {
	rules := &p.peer.rules
	if s.failures++; rules.failures == 0 || s.failures < rules.failures || p.w.now < s.out {
		return
	}
	out := 0
	for _, other := range p.seats {
		if p.w.now < other.out {
			out++
		}
	}
	if rules.mostOut > 0 && out+1 > max(1, int(rules.mostOut*float64(len(p.seats)))) {
		return
	}
	s.failures = 0
	s.ejections++
	times := int64(1)
	if rules.longer {
		times = int64(min(s.ejections, 10))
	}
	s.out = p.w.now + times*rules.out
}

func (p *proxy) check(s *seat) {
	p.w.check(p.region, s.server, checkTimeout, func(ok, _ bool) {
		if ok {
			s.bad = 0
			if s.good++; s.good >= checkRise {
				s.up = true
			}
			if p.peer.rules.checksBring {
				s.out = 0
			}
		} else {
			s.good = 0
			if s.bad++; s.bad >= checkFall {
				s.up = false
			}
		}
		p.w.after(checkEvery, func() { p.check(s) })
	})
}

func (p *proxy) available(s *seat) bool { return s.up && p.w.now >= s.out }

func (s *seat) room() bool { return s.limit == 0 || s.inflight < s.limit }

func among(list []*seat, s *seat) bool {
	for _, t := range list {
		if t == s {
			return true
		}
	}
	return false
}

// leastOf finds the seat with the least by count among those that may be used, ties by dice; where requests have
// keys, the one that rendezvous hashing says.
func (p *proxy) leastOf(seats []*seat, x *request, may func(*seat) bool, count func(*seat) int) (best *seat) {
	least, tied := math.MaxInt, 0
	var score uint64
	for _, s := range seats {
		if !may(s) {
			continue
		}
		if p.w.scenario.keys > 0 {
			if h := scatter(x.key ^ balancer.Hash(s.server.id)); best == nil || h > score {
				best, score = s, h
			}
			continue
		}
		switch n := count(s); {
		case n < least:
			best, least, tied = s, n, 1
		case n == least:
			if tied++; p.dice.IntN(tied) == 0 {
				best = s
			}
		}
	}
	return best
}

// scatter is the finalizer of splitmix64.
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func inflight(s *seat) int { return s.inflight }
