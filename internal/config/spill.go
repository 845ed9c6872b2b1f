package config

import (
	"maps"
	"math"
	"slices"
)

// homePart is the part of full_at that home_at is unless the file says otherwise.
const homePart = 0.9

func defaultSpill() Spill { return Spill{FullAt: 1, HomeAt: homePart, Hold: 3} }

// decodeSpill is for the pool with that number.
func (p *Pool) decodeSpill(c *Config, number int, v value) {
	if v.isOff() {
		p.SpillOff = true
		return
	}
	if !v.isMapping() {
		v.wrongKind("a mapping or off")
		return
	}
	s := v.section(fields{
		"full_at": func(v value) { v.percentFrom(&p.Spill.FullAt, 1) },
		"home_at": func(v value) { v.percentFrom(&p.Spill.HomeAt, 1) },
		"hold":    func(v value) { v.integer(&p.Spill.Hold, 0, math.MaxInt32) },
		"to": func(v value) {
			v.spillTo(&p.Spill.To, func() []string { return c.regionsOf(c.Pools[number].Name) })
		},
	})
	switch {
	case !s.has("home_at"):
		p.Spill.HomeAt = homePart * p.Spill.FullAt
	case p.Spill.HomeAt > p.Spill.FullAt:
		s.or("home_at").errorf("is more than full_at: requests would come home before they left")
	}
}

// decodeSpill is for the route with that number.
func (r *Route) decodeSpill(c *Config, number int, v value) {
	r.Spill = new(RouteSpill)
	if v.isOff() {
		r.Spill.Off = true
		return
	}
	if !v.isMapping() {
		v.wrongKind("a mapping or off")
		return
	}
	s := v.section(fields{
		"to": func(v value) {
			v.spillTo(&r.Spill.To, func() []string { return c.regionsOf(c.Routes[number].pools()...) })
		},
	})
	s.require("to")
}

// spillTo decodes the names of regions, which have to be known once the whole file is.
func (v value) spillTo(dst *[]string, known func() []string) {
	v.list(func(v value) {
		var name string
		if !v.checked(&name, complainName) {
			return
		}
		if slices.Contains(*dst, name) {
			v.errorf("%q is given twice", clip(name))
			return
		}
		*dst = append(*dst, name)
		v.d.later = append(v.d.later, func() {
			if names := known(); !slices.Contains(names, name) {
				v.errorf("no region is named %q%s", clip(name), suggest(name, names))
			}
		})
	})
	if v.isList() && len(v.node.Content) == 0 {
		v.errorf("is empty; write spill: off to stay in this region")
	}
}

// pools is the names of the pools that a route leads to.
func (r *Route) pools() []string {
	names := []string{r.Pool}
	for _, split := range r.Split {
		names = append(names, split.Pool)
	}
	return names
}

// regionsOf is the regions that the file lists or that backends of these pools are in.
func (c *Config) regionsOf(pools ...string) []string {
	names := append(slices.Collect(maps.Keys(c.Regions)), c.Region)
	for i := range c.Pools {
		if !slices.Contains(pools, c.Pools[i].Name) {
			continue
		}
		for j := range c.Pools[i].Backends {
			names = append(names, c.Pools[i].Backends[j].Region)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}
