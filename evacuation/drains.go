package evacuation

import (
	"slices"
	"sync"
)

// Drains are what an operator took out of service and has not put back. They outlive
// the backends that they are about: one that a reload or a resolver brings back is as
// its operator left it. The zero value is ready, and every method may be called from
// any goroutine and under any lock.
type Drains struct {
	mu       sync.Mutex
	regions  map[drainedRegion]bool
	backends map[drainedBackend]bool
}

// A drainedRegion without a pool is drained in all.
type drainedRegion struct{ pool, region string }

type drainedBackend struct{ pool, address string }

// Allows tells whether a backend may be in service, whatever is observed of it.
func (d *Drains) Allows(pool, address, region string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.regions[drainedRegion{"", region}] && !d.regions[drainedRegion{pool, region}] && !d.backends[drainedBackend{pool, address}]
}

// HasBackend tells whether a backend was taken out by itself.
func (d *Drains) HasBackend(pool, address string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.backends[drainedBackend{pool, address}]
}

// HasRegion tells whether a region was taken out, in one pool or with "" in all.
func (d *Drains) HasRegion(pool, region string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.regions[drainedRegion{pool, region}]
}

// Has tells whether just this scope was taken out, by whichever order.
func (d *Drains) Has(of *Scope) bool {
	if of.Backend == "" {
		return d.HasRegion(of.Pool, of.Region)
	}
	return !slices.ContainsFunc(of.Addresses, func(each string) bool { return !d.HasBackend(of.Pool, each) })
}

// Set notes that a scope was taken out of service (enabled is false), or put back.
func (d *Drains) Set(of *Scope, enabled bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if of.Backend == "" {
		set(&d.regions, drainedRegion{of.Pool, of.Region}, !enabled)
		return
	}
	for _, address := range of.Addresses {
		set(&d.backends, drainedBackend{of.Pool, address}, !enabled)
	}
}

func set[K comparable](m *map[K]bool, key K, on bool) {
	if !on {
		delete(*m, key)
		return
	}
	if *m == nil {
		*m = map[K]bool{}
	}
	(*m)[key] = true
}
