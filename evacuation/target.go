package evacuation

import (
	"errors"
	"fmt"
	"slices"

	"spillway/balancer"
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

// A Scope is a target with the addresses that it stands for, if it is backends.
type Scope struct {
	Target
	Addresses []string
}

// Touches tells whether the scope may have somebody in a pool.
func (s *Scope) Touches(pool string) bool { return s.Pool == "" || s.Pool == pool }

// Covers tells whether a backend is part of the scope.
func (s *Scope) Covers(pool, address, region string) bool {
	if !s.Touches(pool) {
		return false
	}
	if s.Backend != "" {
		return slices.Contains(s.Addresses, address)
	}
	return s.Region == region
}

// Settled tells whether the scope's region keeps all that it would get, by what the
// balancer says of a pool.
func (s *Scope) Settled(regions []balancer.RegionExplanation) bool {
	for i := range regions {
		r := &regions[i]
		if r.Name == s.Region && r.Share < 1 && len(r.Backends) > 0 && r.State != balancer.RegionClosed && r.State != balancer.RegionDrained {
			return false
		}
	}
	return true
}
