package config

import (
	"cmp"
	"slices"
)

// Pool finds a pool by its name; nil if there is none.
func (c *Config) Pool(name string) *Pool {
	for i := range c.Pools {
		if c.Pools[i].Name == name {
			return &c.Pools[i]
		}
	}
	return nil
}

// Listener finds a listener by its name; nil if there is none.
func (c *Config) Listener(name string) *Listener {
	for i := range c.Listeners {
		if c.Listeners[i].Name == name {
			return &c.Listeners[i]
		}
	}
	return nil
}

// RegionOrder is every region that the file names, nearest first: its own, then those whose round trip is given,
// shortest first, then the others by name.
func (c *Config) RegionOrder() []string {
	seen := map[string]bool{c.Region: true}
	others := []string{}
	note := func(name string) {
		if !seen[name] {
			seen[name] = true
			others = append(others, name)
		}
	}
	for name := range c.Regions {
		note(name)
	}
	for i := range c.Pools {
		for j := range c.Pools[i].Backends {
			note(c.Pools[i].Backends[j].Region)
		}
	}
	slices.SortFunc(others, func(a, b string) int {
		near, far := c.Regions[a].RTT, c.Regions[b].RTT
		if (near == 0) != (far == 0) {
			return cmp.Compare(far, near)
		}
		return cmp.Or(cmp.Compare(near, far), cmp.Compare(a, b))
	})
	return append([]string{c.Region}, others...)
}
