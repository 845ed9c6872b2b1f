package proxy

import (
	"errors"
	"fmt"
	"slices"
)

// A Target is what an operator takes out of service: a region in all pools, what
// one pool has in a region, or one backend of a pool.
type Target struct {
	Region string `json:"region,omitempty"`
	Pool   string `json:"pool,omitempty"`
	// Backend is an address as the status shows it, or the address with a host name of
	// the configuration, which stands for all that the name has now.
	Backend string `json:"backend,omitempty"`
}

// Validate tells whether the target names one of the three kinds.
func (t Target) Validate() error {
	switch {
	case t.Backend != "" && t.Pool != "" && t.Region == "", t.Backend == "" && t.Region != "":
		return nil
	}
	return errors.New(`name either a "region", a "pool" and its "backend", or a "pool" and a "region"`)
}

// String names the target as people do.
func (t Target) String() string {
	switch {
	case t.Backend != "":
		return fmt.Sprintf("backend %s of pool %s", t.Backend, t.Pool)
	case t.Pool != "":
		return fmt.Sprintf("pool %s in region %s", t.Pool, t.Region)
	}
	return "region " + t.Region
}

// A scope is a target with the addresses that it stands for, if it is backends.
type scope struct {
	Target
	addresses []string
}

func (s *scope) touches(pool string) bool { return s.Pool == "" || s.Pool == pool }

func (s *scope) covers(pool, address, region string) bool {
	if !s.touches(pool) {
		return false
	}
	if s.Backend != "" {
		return slices.Contains(s.addresses, address)
	}
	return s.Region == region
}

// resolve finds what a target stands for. With back, what is gone but was taken
// out counts as well. Its error is an [*UnknownNameError]. The caller holds mu.
func (s *Server) resolve(t Target, back bool) (scope, error) {
	of := scope{Target: t}
	p := s.pools[t.Pool]
	if t.Pool != "" && p == nil {
		return of, &UnknownNameError{"pool", t.Pool, sortedKeys(s.pools)}
	}
	if t.Region == "" {
		addresses, there := p.find(t.Backend)
		if addresses == nil && back && s.drains.hasBackend(t.Pool, t.Backend) {
			addresses = []string{t.Backend} // it is gone, and shall come back undrained
		}
		if addresses == nil {
			return of, &UnknownNameError{"backend of pool " + t.Pool, t.Backend, there}
		}
		of.addresses = addresses
		return of, nil
	}
	there := s.snapshot.Load().config.RegionOrder()
	if !slices.Contains(there, t.Region) && !(back && s.drains.hasRegion(t.Pool, t.Region)) {
		return of, &UnknownNameError{"region", t.Region, there}
	}
	return of, nil
}

// setService takes what a scope covers out of service or puts it back. The caller
// holds mu.
func (s *Server) setService(of *scope, enabled bool) {
	if of.Backend != "" {
		s.drains.setBackends(of.Pool, of.addresses, enabled)
	} else {
		s.drains.setRegion(of.Pool, of.Region, enabled)
	}
	for _, name := range sortedKeys(s.pools) {
		if of.touches(name) {
			s.pools[name].obeyOperator()
		}
	}
}
