package proxy

import (
	"slices"
	"spillway/balancer"
)

// What follows is kept by name, so that it outlives reloads.

// budget returns the retry budgets of a pool for a share, the same ones over reloads.
func (s *Server) budget(pool string, share float64) balancer.RetryBudgets {
	key := budgetKey{pool, share}
	b, ok := s.budgets[key]
	if !ok {
		b = balancer.RetryBudgets{Local: balancer.NewRetryBudget(share, retryFloor), Cross: balancer.NewRetryBudget(share, retryFloor)}
		s.budgets[key] = b
	}
	return b
}

func (s *Server) limitTables(route string) *limitTables {
	if s.limits[route] == nil {
		s.limits[route] = &limitTables{}
	}
	return s.limits[route]
}

// retryFloor is how many retries a second are always allowed.
const retryFloor = 10

func (s *Server) routeStats(name string) []routeStats {
	if s.routes[name] == nil {
		s.routes[name] = make([]routeStats, len(s.workers))
	}
	return s.routes[name]
}

// forgetUnused drops what is kept by name for routes and pools that are gone.
func (s *Server) forgetUnused(now *snapshot) {
	named := map[string]bool{}
	for _, r := range slices.Concat(now.routes, now.rawRoutes) {
		named[r.name] = true
	}
	for name := range s.routes {
		if !named[name] {
			delete(s.routes, name)
			delete(s.limits, name)
		}
	}
	for key := range s.budgets {
		if now.pools[key.pool] == nil {
			delete(s.budgets, key)
		}
	}
}
