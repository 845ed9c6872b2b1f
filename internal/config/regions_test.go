package config

import (
	"testing"
	"time"
)

// regions is testdata/good/regions.yaml.
func regions(t *testing.T) *Config {
	t.Helper()
	return good(t, "regions")
}

func TestSpill(t *testing.T) {
	c := regions(t)
	api, web := c.Pool("api"), c.Pool("web")
	same(t, "all given", api.Spill, Spill{FullAt: 0.8, HomeAt: 0.7, To: []string{"us-east"}})
	same(t, "home_at follows full_at", web.Spill, Spill{FullAt: 0.5, HomeAt: 0.45, Hold: 3, To: []string{"us-east", "ap-south"}})
	same(t, "nothing given", c.Pool("other").Spill, Spill{FullAt: 1, HomeAt: 0.9, Hold: 3})

	pay, batch, rest := &c.Routes[0], &c.Routes[1], &c.Routes[3]
	for _, test := range []struct {
		what  string
		route *Route
		want  Spill
		off   bool
	}{
		{"route's regions", pay, Spill{FullAt: 0.5, HomeAt: 0.45, Hold: 3, To: []string{"us-east"}}, false},
		{"route's off", batch, web.Spill, true},
		{"pool's", rest, web.Spill, false},
	} {
		spill, off := test.route.SpillFor(web)
		if off != test.off {
			t.Errorf("%s: off is %v", test.what, off)
		}
		if !off {
			same(t, test.what, spill, test.want)
		}
	}
	stays := Pool{SpillOff: true, Spill: defaultSpill()}
	if _, off := rest.SpillFor(&stays); !off {
		t.Error("the pool's off does not hold")
	}
	if spill, off := pay.SpillFor(&stays); off || spill.FullAt != 1 {
		t.Errorf("a route's regions over a pool's off: %+v, %v", spill, off)
	}
}

func TestPoolsOfRegions(t *testing.T) {
	c := regions(t)
	api, web, other := c.Pool("api"), c.Pool("web"), c.Pool("other")
	same(t, "slow_start", api.SlowStart, 30*time.Second)
	same(t, "no slow_start", web.SlowStart, time.Duration(0))
	same(t, "learned_limit off", api.LearnedLimit, false)
	same(t, "learned_limit on", web.LearnedLimit, true)
	same(t, "learned_limit", other.LearnedLimit, true)
	same(t, "hedge by percentile", api.Hedge, &Hedge{Quantile: 0.999})
	same(t, "hedge by duration", web.Hedge, &Hedge{After: 50 * time.Millisecond})
	same(t, "hedge", other.Hedge, &Hedge{Quantile: 0.95})
	same(t, "load_header", api.LoadHeader, "X-Load")
	same(t, "load_header orca", web.LoadHeader, LoadHeaderORCA)
	same(t, "load_header of orca", other.LoadHeader, LoadHeaderORCA)
	same(t, "spillway", api.Backends[1].Spillway, true)
	same(t, "tcp", *c.Pool("db"), Pool{
		Name: "db", Policy: LeastConn, Protocol: PoolTCP, Spill: Spill{FullAt: 1, HomeAt: 0.9}, SlowStart: 5 * time.Second,
		Ejection: &Ejection{Failures: 5, Window: 10 * time.Second, Time: 30 * time.Second, MaxTime: 5 * time.Minute, KeepAtLeast: 1},
		Timeouts: PoolTimeouts{Connect: time.Second, Idle: time.Minute, Tunnel: time.Hour},
		Retries:  Retries{Attempts: 2, Budget: 0.2, On: RetryOn{Connect: true}},
		Queue:    Queue{Timeout: time.Second},
		Backends: []Backend{{Address: "10.0.2.10:5432", Region: "eu-west", Weight: 1}},
	})
}

func TestEjection(t *testing.T) {
	c := regions(t)
	same(t, "parts off", c.Pool("api").Ejection, &Ejection{
		Failures: 4, SuccessRate: &SuccessRate{Stdev: 2, MinHosts: 3, MinRequests: 10},
		Window: 10 * time.Second, Time: time.Minute, MaxTime: 4 * time.Minute, KeepAtLeast: 1,
	})
	same(t, "max_time follows time", c.Pool("web").Ejection, &Ejection{
		Failures: 5, GatewayErrors: 9, Latency: &SlowOutlier{Factor: 1.5, MinHosts: 4, MinRequests: 20},
		Window: 10 * time.Second, Time: 10 * time.Second, MaxTime: 100 * time.Second, KeepAtLeast: 1,
	})
}

func TestLimitsOfRoutes(t *testing.T) {
	routes := regions(t).Routes
	same(t, "priority by header", routes[0].Priority, Priority{Header: "X-Priority", Default: 90})
	same(t, "priority", routes[1].Priority, Priority{Default: 10})
	same(t, "no priority", routes[3].Priority, Priority{Default: 50})
	same(t, "rate by header", routes[0].RateLimit,
		&RateLimit{Key: LimitKey{LimitHeader, "X-Tenant"}, Rate: 100.0 / 60, Burst: 200, Size: 5000})
	same(t, "rate below one", routes[1].RateLimit, &RateLimit{Key: LimitKey{Source: LimitClientIP}, Rate: 0.5, Burst: 1, Size: 100000})
	same(t, "rate without a backend", routes[2].RateLimit.Burst, 1)
	same(t, "rate off", routes[3].RateLimit, (*RateLimit)(nil))
	same(t, "concurrency of the route", routes[0].ConcurrencyLimit, &ConcurrencyLimit{Key: LimitKey{Source: LimitRoute}, Limit: 20})
	same(t, "concurrency", routes[1].ConcurrencyLimit,
		&ConcurrencyLimit{Key: LimitKey{Source: LimitClientIP}, Limit: 2, Size: 100000})
}
