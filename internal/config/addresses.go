package config

import (
	"fmt"
	"slices"
)

// ForAddresses is the Config of a balancer without a file: it listens on from and balances over to, with a TCP check
// of each. An address that is not well formed is an error.
func ForAddresses(from string, to []string) (*Config, error) {
	d := &decoder{file: "--from"}
	listener := defaultListener()
	listener.Name = "proxy"
	pool := defaultPool()
	pool.Name = "proxy"
	check := defaultHealthCheck()
	check.onlyConnect()
	pool.HealthCheck = &check

	var complaint string
	if listener.Address, complaint = d.parseAddress(from, listenerAddress); complaint != "" {
		return nil, fmt.Errorf("--from: %s", complaint)
	}
	for _, text := range to {
		address, complaint := d.parseAddress(text, backendAddress)
		if complaint != "" {
			return nil, fmt.Errorf("--to: %s", complaint)
		}
		if slices.ContainsFunc(pool.Backends, func(b Backend) bool { return b.Address == address }) {
			return nil, fmt.Errorf("--to: %q is given twice", address)
		}
		pool.Backends = append(pool.Backends, Backend{Address: address, Region: DefaultRegion, Weight: 1})
	}
	if len(pool.Backends) == 0 {
		return nil, fmt.Errorf("--to: want at least one address")
	}
	c := defaultConfig()
	c.Region = DefaultRegion
	c.Listeners = []Listener{listener}
	c.Routes = []Route{{Pool: pool.Name, Priority: defaultPriority()}}
	c.Pools = []Pool{pool}
	return c, nil
}
