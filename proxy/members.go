package proxy

import (
	"net/netip"

	"spillway/balancer"
	"spillway/internal/config"
	"spillway/internal/loop"
)

// configure brings a pool's state in line with a configuration: backends that
// stay keep everything, new ones begin, the others are retired. fresh has the
// addresses of names that are new.
func (p *poolState) configure(c *config.Pool, settings balancer.Settings, fresh map[string][]netip.Addr) {
	transitions := p.health.Configure(healthSettings(c), loop.Nanotime())
	p.queue.Resize(c.Queue.Size)
	p.mu.Lock()
	if p.tick == nil {
		p.tick = p.server.workers[0].loop.NewTimer(p.onTick)
		p.weighTimer = p.server.workers[0].loop.NewTimer(p.weigh)
	}
	p.settings = settings
	p.config = c
	p.check = nil
	if c.HealthCheck != nil {
		p.check = newCheckSettings(c.HealthCheck)
	}
	if !sameAffinity(p.affinityConfig, c.Affinity) {
		p.affinityConfig = c.Affinity
		p.affinity.Store(newAffinities(c.Affinity, len(p.server.workers)))
	}
	p.followNames(c, fresh)
	p.setMembers()
	p.mu.Unlock()
	if c.LoadHeader != "" {
		first := p.server.workers[0].loop
		first.Post(func() { p.weighTimer.Set(first.Now() + weighEvery) })
	}
	p.apply(transitions...)
	p.scheduleTick()
}

func newAffinities(c *config.Affinity, n int) *[]*balancer.Affinity {
	if c == nil {
		return nil
	}
	tables := make([]*balancer.Affinity, n)
	for i := range tables {
		tables[i] = balancer.NewAffinity(c.Size, int64(c.TTL))
	}
	return &tables
}

// setMembers makes the members anew from the configuration and from what its
// host names mean now. The caller holds mu.
func (p *poolState) setMembers() {
	keep := map[string]bool{}
	p.members = p.members[:0:0]
	for i := range p.config.Backends {
		c := &p.config.Backends[i]
		for _, address := range p.addressesOf(c) {
			id := address.String()
			if keep[id] {
				continue
			}
			keep[id] = true
			b := p.backends[id]
			if b == nil {
				b = p.newBackend(id, address)
				p.backends[id] = b
			}
			b.setHost(string(c.Address))
			b.setTransport(p.config, string(c.Address))
			b.setPlace(c)
			b.weight = c.Weight
			b.tracker.SetEnabled(p.server.drains.Allows(p.name, id, c.Region), loop.Nanotime())
			p.members = append(p.members, balancer.Member{Backend: b.balance, Weight: c.Weight, MaxRequests: int64(c.MaxRequests),
				Region: c.Region, Address: id, Index: len(p.members), Data: b, Backup: c.Backup})
		}
	}
	for id, b := range p.backends {
		if !keep[id] {
			delete(p.backends, id)
			p.retire(b)
		}
	}
	p.setCheckers()
	p.setWeights(loop.Nanotime())
	p.rebuildLocked()
}

func (p *poolState) newBackend(id string, address loop.Address) *backend {
	return &backend{
		pool:    p,
		name:    id,
		address: address,
		balance: balancer.NewBackend(id),
		tracker: p.health.Tracker(id, loop.Nanotime()),
		workers: make([]backendWorker, len(p.server.workers)),
	}
}

// retire ends a backend that no configuration names any more. Exchanges that
// run go on to their end.
func (p *poolState) retire(b *backend) {
	b.retired.Store(true)
	p.health.Remove(b.name)
	if c := p.checkers[b]; c != nil {
		c.Stop()
		delete(p.checkers, b)
	}
	for _, w := range p.server.workers {
		w.loop.Post(func() { b.closeIdle(w) })
	}
}

// setCheckers starts, changes or stops the backends' checks. New backends are
// checked at once, spread over one interval.
func (p *poolState) setCheckers() {
	if p.check == nil {
		for b, c := range p.checkers {
			c.Stop()
			delete(p.checkers, b)
		}
		return
	}
	for i, b := range p.checked() {
		if c := p.checkers[b]; c != nil {
			c.Configure(p.check)
			continue
		}
		w := p.server.workers[i%len(p.server.workers)]
		p.checkers[b] = startChecker(b, w, p.check, int64(p.check.Timing.First(i, len(p.members))))
	}
}

// checked lists the backends in the order of the members.
func (p *poolState) checked() []*backend {
	list := make([]*backend, len(p.members))
	for i := range p.members {
		list[i] = p.members[i].Data.(*backend)
	}
	return list
}

// close ends a pool that no configuration names any more.
func (p *poolState) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, f := range p.names {
		f.stop()
		delete(p.names, name)
	}
	for id, b := range p.backends {
		delete(p.backends, id)
		p.retire(b)
	}
	p.closed = true
	p.server.workers[0].loop.Post(func() {
		p.tick.Stop()
		p.weighTimer.Stop()
	})
}

// addressesOf is where a configured backend is: one address, or those its name has now.
func (p *poolState) addressesOf(c *config.Backend) []loop.Address {
	host, port, ok := c.Address.Name()
	if !ok {
		address, err := loop.ParseAddress(string(c.Address))
		if err != nil {
			p.server.log.Error("backend address", "pool", p.name, "address", string(c.Address), "error", err)
			return nil
		}
		return []loop.Address{address}
	}
	var list []loop.Address
	if f := p.names[host]; f != nil {
		for _, ip := range f.addresses {
			list = append(list, loop.Address{IP: netip.AddrPortFrom(ip, port)})
		}
	}
	return list
}

// setHost sets what backends see as Host where the pool says `host: backend`.
func (b *backend) setHost(address string) {
	if _, unix := config.Address(address).UnixPath(); unix {
		address = "localhost"
	}
	host, port, ok := config.Address(address).HostPort()
	if ok && port == 80 {
		address = host
	}
	host = address
	bytes := []byte(host)
	b.host.Store(&bytes)
}
