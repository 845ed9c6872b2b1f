package config

import "math"

func (p *Pool) decodeBackends(pool int, v value) (backends []section) {
	first := map[Address]string{}
	v.list(func(v value) {
		b := Backend{Weight: 1}
		s := v.section(fields{
			"address":      func(v value) { v.address(&b.Address, backendAddress) },
			"region":       func(v value) { v.checked(&b.Region, complainName) },
			"weight":       func(v value) { v.integer(&b.Weight, 0, maxWeight) },
			"max_requests": func(v value) { v.integer(&b.MaxRequests, 1, math.MaxInt32) },
			"backup":       func(v value) { v.boolean(&b.Backup) },
			"spillway":     func(v value) { v.boolean(&b.Spillway) },
		})
		s.require("address")
		backends = append(backends, s)
		if at, ok := s.children["region"]; ok && b.Region != "" {
			v.d.regionAt[[2]int{pool, len(p.Backends)}] = at
		}
		if other, taken := first[b.Address]; taken && b.Address != "" {
			s.or("address").errorf("%q is already in the pool, as %s", b.Address, other)
		} else {
			first[b.Address] = v.path
		}
		p.Backends = append(p.Backends, b)
	})
	if v.isList() && len(v.node.Content) == 0 {
		v.errorf("is empty; a pool has at least one backend")
	}
	return backends
}
