package config

import (
	"net/netip"
	"testing"
	"time"
)

func TestListenerProtocols(t *testing.T) {
	c := good(t, "contract")
	secure, local, mixed := c.Listener("secure"), c.Listener("local"), c.Listener("mixed")
	same(t, "https", secure.Protocol, ListenerHTTPS)
	same(t, "accepts PROXY", secure.ProxyProtocol, true)
	same(t, "http2", secure.HTTP2, &HTTP2{MaxStreams: 250})
	same(t, "no limit of the head", secure.Limits.Head, int64(1<<20))
	same(t, "the target's own limit", secure.Limits.Target, int64(8<<10))
	same(t, "accepts PROXY on a unix socket", local.ProxyProtocol, true)
	same(t, "http2 off", local.HTTP2, (*HTTP2)(nil))
	same(t, "pool of tls", mixed.Pool, "db")
	same(t, "http2 of tls that is ended", mixed.HTTP2, &HTTP2{MaxStreams: 100})
	same(t, "http2 of tcp", c.Listener("postgres").HTTP2, (*HTTP2)(nil))
	for name, want := range map[string]bool{
		"web": true, "secure": true, "local": true, "postgres": false, "redis": false, "mixed": true, "through": false,
	} {
		if c.Listener(name).SpeaksHTTP() != want {
			t.Errorf("%s: SpeaksHTTP is not %v", name, want)
		}
	}
}

func TestSilenceLimitIsTheListenersUnlessThePoolHasOne(t *testing.T) {
	c := good(t, "contract")
	same(t, "listener's", c.Listener("postgres").SilenceLimit(c.Pool("db")), 10*time.Minute)
	same(t, "pool's", c.Listener("postgres").SilenceLimit(c.Pool("db-tls")), 2*time.Hour)
}

func TestStreams(t *testing.T) {
	routes := good(t, "contract").Routes
	same(t, "by sni", routes[6], Route{
		Match: Match{SNI: "db.example.com"}, Stream: true, Pool: "db", Priority: defaultPriority(),
	})
	same(t, "by sni of one listener", routes[7], Route{
		Match:  Match{SNI: "*.db.example.com", Listener: "through", ClientIP: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		Stream: true, Pool: "db-tls", Priority: defaultPriority(),
	})
	same(t, "of a tcp listener", routes[8], Route{
		Match:  Match{Listener: "redis", ClientIP: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		Stream: true, Pool: "db", Priority: defaultPriority(),
	})
	for i := range routes[:6] {
		if routes[i].Stream {
			t.Errorf("routes[%d] is a stream", i)
		}
	}
}

func TestPoolProtocols(t *testing.T) {
	c := good(t, "contract")
	grpc, secure, db := c.Pool("grpc"), c.Pool("secure"), c.Pool("db")
	same(t, "h2", grpc.Protocol, PoolH2)
	same(t, "grpc check", grpc.HealthCheck, &HealthCheck{
		Type: CheckGRPC, Interval: 2 * time.Second, FastInterval: 2 * time.Second, Timeout: time.Second,
		Jitter: 0.1, Rise: 2, Fall: 3, Host: "grpc.internal", Headers: []Header{{"X-Probe", "a"}}, Service: "my.Service",
	})
	same(t, "retries of grpc", grpc.Retries.On, RetryOn{Connect: true, Unavailable: true})
	same(t, "PROXY of http1", secure.ProxyProtocol, ProxyV1)
	same(t, "PROXY off", c.Pool("db-tls").ProxyProtocol, ProxyOff)
	same(t, "tcp", *db, Pool{
		Name: "db", Policy: ConsistentHash, HashOn: []HashKey{{Source: HashClientIP}}, Protocol: PoolTCP, ProxyProtocol: ProxyV2,
		HealthCheck: db.HealthCheck, Spill: defaultSpill(),
		Ejection: &Ejection{Failures: 5, Window: 10 * time.Second, Time: 30 * time.Second, MaxTime: 5 * time.Minute, KeepAtLeast: 1},
		Timeouts: PoolTimeouts{Connect: time.Second, Idle: time.Minute, Tunnel: time.Hour},
		Retries:  Retries{Attempts: 1, Budget: 0.2, On: RetryOn{Connect: true}},
		Queue:    Queue{Timeout: time.Second},
		Backends: []Backend{{Address: "127.0.0.1:9005", Region: "eu-west", Weight: 1}},
	})
	same(t, "http check of tcp", db.HealthCheck.Type, CheckHTTP)
}
