package proxy

import (
	"slices"

	"spillway/evacuation"
)

// resolve finds what a target stands for. With back, what is gone but was taken
// out counts as well. Its error is an [*UnknownNameError]. The caller holds mu.
func (s *Server) resolve(t evacuation.Target, back bool) (evacuation.Scope, error) {
	of := evacuation.Scope{Target: t}
	p := s.pools[t.Pool]
	if t.Pool != "" && p == nil {
		return of, &UnknownNameError{"pool", t.Pool, sortedKeys(s.pools)}
	}
	if t.Region == "" {
		addresses, there := p.find(t.Backend)
		if addresses == nil && back && s.drains.HasBackend(t.Pool, t.Backend) {
			addresses = []string{t.Backend} // it is gone, and shall come back undrained
		}
		if addresses == nil {
			return of, &UnknownNameError{"backend of pool " + t.Pool, t.Backend, there}
		}
		of.Addresses = addresses
		return of, nil
	}
	there := s.snapshot.Load().config.RegionOrder()
	if !slices.Contains(there, t.Region) && !(back && s.drains.HasRegion(t.Pool, t.Region)) {
		return of, &UnknownNameError{"region", t.Region, there}
	}
	return of, nil
}

// setService takes what a scope covers out of service or puts it back. The caller
// holds mu.
func (s *Server) setService(of *evacuation.Scope, enabled bool) {
	s.drains.Set(of, enabled)
	for _, name := range sortedKeys(s.pools) {
		if of.Touches(name) {
			s.pools[name].obeyOperator()
		}
	}
}
