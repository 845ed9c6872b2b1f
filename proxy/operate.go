package proxy

import (
	"fmt"
	"slices"
	"strings"

	"spillway/evacuation"
	"spillway/health"
	"spillway/internal/loop"
)

// An UnknownNameError says that nothing goes by a name, and what there is.
type UnknownNameError struct {
	Kind  string // "pool", "region", or "backend of pool NAME"
	Name  string
	There []string // in order
}

// Error lists the names that there are, up to a score of them.
func (e *UnknownNameError) Error() string {
	const most = 20
	there := "there is none"
	switch n := len(e.There); {
	case n > most:
		there = fmt.Sprintf("there are %s and %d more", strings.Join(e.There[:most], ", "), n-most)
	case n > 0:
		there = "there is " + strings.Join(e.There, ", ")
	}
	return fmt.Sprintf("no %s is named %q; %s", e.Kind, e.Name, there)
}

// DrainBackend takes one backend of a pool out of service (enabled is false), or
// back into it, at once and whatever room the others have: see [Server.Evacuate].
func (s *Server) DrainBackend(pool, backend string, enabled bool) error {
	return s.setServiceAtOnce(evacuation.Target{Pool: pool, Backend: backend}, enabled)
}

// DrainRegion takes all backends of a region out of service (enabled is false), or
// back into it, like DrainBackend.
func (s *Server) DrainRegion(region string, enabled bool) error {
	return s.setServiceAtOnce(evacuation.Target{Region: region}, enabled)
}

func (s *Server) setServiceAtOnce(t evacuation.Target, enabled bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, err := s.resolve(t, enabled)
	if err != nil {
		return err
	}
	s.setService(&of, enabled)
	return nil
}

// find returns the addresses that an operator means, nil if none, and all that there are.
func (p *poolState) find(backend string) (meant, there []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.members {
		there = append(there, p.members[i].Address)
	}
	if slices.Contains(there, backend) {
		return []string{backend}, there
	}
	for i := range p.config.Backends {
		if c := &p.config.Backends[i]; string(c.Address) == backend {
			for _, address := range p.addressesOf(c) {
				meant = append(meant, address.String())
			}
		}
	}
	return meant, there
}

// obeyOperator brings the members in line with what is drained.
func (p *poolState) obeyOperator() {
	p.mu.Lock()
	members := slices.Clone(p.members)
	p.mu.Unlock()
	var transitions []health.Transition
	now := loop.Nanotime()
	for i := range members {
		m := &members[i]
		enabled := p.server.drains.Allows(p.name, m.Address, m.Region)
		transitions = append(transitions, m.Data.(*backend).tracker.SetEnabled(enabled, now))
	}
	p.apply(transitions...)
	p.rebuild() // one that was not available is refused to a panic, too
}
