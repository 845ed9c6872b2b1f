package proxy

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"spillway/internal/config"
	"spillway/internal/resolve"
)

// A followedName is a backend's host name, asked for again and again.
type followedName struct {
	addresses []netip.Addr
	stop      context.CancelFunc
}

// follow goes on asking for a name in the background.
func (p *poolState) follow(host string, known []netip.Addr) *followedName {
	ctx, stop := context.WithCancel(context.Background())
	f := &followedName{addresses: known, stop: stop}
	go p.server.resolver.Watch(ctx, host, known,
		func(a resolve.Answer) { p.nameChanged(host, f, a.Addrs) },
		func(err error) { p.nameFailed(host, err) })
	return f
}

func (p *poolState) nameChanged(host string, f *followedName, addresses []netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.names[host] != f {
		return
	}
	p.server.log.Info("name has new addresses", "pool", p.name, "name", host, "addresses", len(addresses))
	f.addresses = addresses
	p.setMembers()
}

func (p *poolState) nameFailed(host string, err error) {
	p.nameFailures.Add(1)
	p.server.log.Warn("name could not be resolved: what was known stays", "pool", p.name, "name", host, "error", err)
}

// resolvePatience is how long a start or reload waits for names, all together.
const resolvePatience = 3 * time.Second

// resolveNew asks for the names that are not followed yet, those of all pools at
// once, before anything changes that loops look at. A name without an answer has no
// backends yet; it is asked for again.
func resolveNew(with *resolve.Resolver, pools []poolPlan) (fresh map[string][]netip.Addr) {
	var hosts []string
	for _, each := range pools {
		for _, host := range namesOf(each.config) {
			if each.state.names[host] == nil && !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), resolvePatience)
	defer stop()
	fresh, failed := map[string][]netip.Addr{}, map[string]error{}
	for i, result := range with.LookupAll(ctx, hosts) {
		fresh[hosts[i]], failed[hosts[i]] = result.Answer.Addrs, result.Err
	}
	for _, each := range pools {
		for _, host := range namesOf(each.config) {
			if err := failed[host]; err != nil && each.state.names[host] == nil {
				each.state.nameFailed(host, err)
			}
		}
	}
	return fresh
}

func namesOf(c *config.Pool) (names []string) {
	for i := range c.Backends {
		if host, _, ok := c.Backends[i].Address.Name(); ok && !slices.Contains(names, host) {
			names = append(names, host)
		}
	}
	return names
}

// followNames begins to follow the names that are new to the pool and ends those
// that c no longer has. The caller holds mu.
func (p *poolState) followNames(c *config.Pool, fresh map[string][]netip.Addr) {
	if p.names == nil {
		p.names = map[string]*followedName{}
	}
	wanted := namesOf(c)
	for _, host := range wanted {
		if p.names[host] == nil {
			p.names[host] = p.follow(host, fresh[host])
		}
	}
	for host, f := range p.names {
		if !slices.Contains(wanted, host) {
			f.stop()
			delete(p.names, host)
		}
	}
}
