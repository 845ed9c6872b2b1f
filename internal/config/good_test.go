package config

import (
	"log/slog"
	"math"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

func good(t *testing.T, name string) *Config {
	t.Helper()
	c, err := Load("testdata/good/"+name+".yaml", testEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %+v\nwant %+v", what, got, want)
	}
}

func statuses(ranges ...StatusRange) (s StatusSet) {
	for _, r := range ranges {
		s.Add(r.First, r.Last)
	}
	return s
}

func TestDefaults(t *testing.T) {
	same(t, "Config", good(t, "minimal"), &Config{
		File:      "testdata/good/minimal.yaml",
		Digest:    good(t, "minimal").Digest,
		Region:    "default",
		AccessLog: AccessLog{Format: AccessLogJSON},
		Log:       Log{Level: slog.LevelInfo, Format: LogText},
		Shutdown:  Shutdown{DrainTimeout: 30 * time.Second},
		Listeners: []Listener{{
			Name:      ":8080",
			Address:   ":8080",
			Protocol:  ListenerHTTP,
			HTTP2:     &HTTP2{MaxStreams: 100},
			Timeouts:  ListenerTimeouts{Head: 10 * time.Second, Body: 30 * time.Second, Idle: time.Minute},
			Limits:    ListenerLimits{Head: 32768, Fields: 100, Target: 8192},
			Forwarded: Forwarded{For: true, Proto: true, Host: true, Port: true, RealIP: true, RequestID: true, Via: "spillway"},
		}},
		Routes: []Route{{Pool: "api", Priority: Priority{Default: 50}}},
		Pools: []Pool{{
			Name:          "api",
			Policy:        LeastConn,
			Host:          HostPreserve,
			RequestBuffer: 16384,
			Protocol:      PoolHTTP1,
			Ejection: &Ejection{
				Failures: 5, GatewayErrors: 5,
				SuccessRate: &SuccessRate{Stdev: 1.9, MinHosts: 3, MinRequests: 50},
				Latency:     &SlowOutlier{Factor: 3, MinHosts: 3, MinRequests: 20},
				Window:      10 * time.Second, Time: 30 * time.Second, MaxTime: 5 * time.Minute, KeepAtLeast: 1,
			},
			Timeouts: PoolTimeouts{
				Connect: time.Second, Response: 30 * time.Second, Idle: time.Minute, Tunnel: time.Hour,
			},
			Retries: Retries{
				Attempts: 2, Budget: 0.2,
				On: RetryOn{Connect: true, Reset: true, Status: statuses(StatusRange{502, 504})},
			},
			Queue:        Queue{Timeout: time.Second},
			Spill:        Spill{FullAt: 1, HomeAt: 0.9, Hold: 3},
			LearnedLimit: true,
			Backends:     []Backend{{Address: "127.0.0.1:9001", Region: "default", Weight: 1}},
		}},
	})
}

func TestDefaultsOfOptionalSections(t *testing.T) {
	c := good(t, "contract")
	same(t, "sticky", c.Pool("web").Sticky, &Sticky{Cookie: "SRV", TTL: time.Hour})
	same(t, "affinity", c.Pool("api").Affinity, &Affinity{Size: 100000, TTL: 10 * time.Minute})
	ejection := defaultEjection()
	ejection.Failures = 3
	same(t, "ejection", c.Pool("api").Ejection, &ejection)
	same(t, "tcp check", c.Pool("web").HealthCheck, &HealthCheck{
		Type: CheckTCP, Interval: 2 * time.Second, FastInterval: 2 * time.Second, Timeout: time.Second,
		Jitter: 0.1, Rise: 2, Fall: 3,
	})
	same(t, "http check", defaultHealthCheck(), HealthCheck{
		Type: CheckHTTP, Interval: 2 * time.Second, FastInterval: 2 * time.Second, Timeout: time.Second,
		Jitter: 0.1, Rise: 2, Fall: 3,
		Method: "GET", Path: "/", Expect: Expect{Status: statuses(StatusRange{200, 399})},
	})
	same(t, "no ejection", c.Pool("web").Ejection, (*Ejection)(nil))
	same(t, "no check", c.Pool("web-canary").HealthCheck, (*HealthCheck)(nil))
	same(t, "redirect", c.Routes[3].Redirect, &Redirect{To: "https://{host}{path}{query}", Status: 308})
	same(t, "respond", c.Routes[4].Respond,
		&Respond{Status: 200, Body: "pong", Headers: []Header{{"Content-Type", "text/plain"}}})
	same(t, "split", c.Routes[5].Split, []Split{{"web", 95}, {"web-canary", 1}})
}

func TestGlobalSections(t *testing.T) {
	c := good(t, "contract")
	log, err := filepath.Abs("testdata/good/logs/access.log")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "regions", c.Regions, map[string]Region{"us-east": {RTT: 80 * time.Millisecond}, "ap-south": {RTT: 140 * time.Millisecond}})
	same(t, "admin", c.Admin, Admin{Address: "127.0.0.1:9901"})
	same(t, "access_log", c.AccessLog, AccessLog{Output: log, Format: AccessLogCombined})
	same(t, "log", c.Log, Log{Level: slog.LevelWarn, Format: LogJSON})
	same(t, "shutdown", c.Shutdown, Shutdown{Delay: 5 * time.Second, DrainTimeout: time.Minute})
	same(t, "listener", c.Listeners[:1], []Listener{{
		Name: "web", Address: ":8080", Protocol: ListenerHTTP, HTTP2: &HTTP2{MaxStreams: 100},
		TrustedProxies: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("198.51.100.0/24"),
		},
		Timeouts:  ListenerTimeouts{Head: 11 * time.Second, Body: 31 * time.Second},
		Limits:    ListenerLimits{Head: 16384, Fields: math.MaxInt, Target: 16384, Body: 10_000_000, Connections: 1000},
		Forwarded: Forwarded{For: true, Proto: true, Host: true, RealIP: true, RequestID: true, Via: "edge"},
	}})
}

func TestRoutes(t *testing.T) {
	c := good(t, "contract")
	same(t, "match", c.Routes[0].Match, Match{
		Listener: "web", Scheme: "https", Host: "api.example.com", Path: "/v1/~joe/%C3%BC", Method: []string{"GET", "HEAD"},
		Headers: []Header{{"X-Beta", "1"}}, Query: []QueryParam{{"beta", "1"}},
		ClientIP: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	old := c.Routes[1]
	same(t, "strip_prefix", old.StripPrefix, "/old")
	same(t, "request_headers", old.RequestHeaders, HeaderEdits{Set: []Header{{"X-Env", "prod"}}, Remove: []string{"X-Debug"}})
	same(t, "response_headers", old.ResponseHeaders,
		HeaderEdits{Set: []Header{{"Strict-Transport-Security", "max-age=63072000"}}, Remove: []string{"Server"}})
	same(t, "regex", c.Routes[2].Match.Path, "~ ^/a")
	same(t, "rewrite", c.Routes[2].Rewrite, &Rewrite{Regex: "^/old/(?P<rest>.*)$", To: "/new/${1}/${rest}"})
	same(t, "exact", c.Routes[4].Match.Path, "= /ping")
}

func TestRouteStandsOverPoolAndListener(t *testing.T) {
	c := good(t, "contract")
	web, plain, old := c.Listener("web"), &c.Routes[0], &c.Routes[1]
	api := c.Pool("api")
	same(t, "pool's request timeout", plain.RequestTimeout(api), 10*time.Second)
	same(t, "route's request timeout", old.RequestTimeout(api), 5*time.Second)
	same(t, "listener's body limit", plain.BodyLimit(web), int64(10_000_000))
	same(t, "route's body limit", old.BodyLimit(web), int64(0))
	same(t, "pool's retries", plain.RetriesFor(api), api.Retries)
	want := api.Retries
	want.Attempts = 0
	same(t, "route's retries", old.RetriesFor(api), want)
	if plain.RequestHeaders.Empty() != true || old.RequestHeaders.Empty() != false {
		t.Error("Empty is wrong about header edits")
	}
}

func TestPools(t *testing.T) {
	socket, err := filepath.Abs("testdata/good/run/app.sock")
	if err != nil {
		t.Fatal(err)
	}
	c := good(t, "contract")
	same(t, "pool", *c.Pool("api"), Pool{
		Name:   "api",
		Policy: ConsistentHash,
		HashOn: []HashKey{
			{HashHeader, "X-User-ID"}, {HashCookie, "session"}, {HashQuery, "user"}, {HashPath, ""}, {HashClientIP, ""},
		},
		Sticky:   &Sticky{Cookie: "SRV"},
		Affinity: &Affinity{Size: 100000, TTL: 10 * time.Minute},
		Host:     HostBackend,
		Protocol: PoolHTTP1,
		HealthCheck: &HealthCheck{
			Type: CheckHTTP, Port: 81, Interval: 4 * time.Second, FastInterval: 4 * time.Second,
			Timeout: 500 * time.Millisecond, Rise: 1, Fall: 2,
			Method: "HEAD", Path: "/healthz?full=1", Host: "api.internal:81", Headers: []Header{{"X-Probe", "a"}},
			Expect: Expect{Status: statuses(StatusRange{200, 200}, StatusRange{300, 399})},
		},
		Ejection: c.Pool("api").Ejection,
		Timeouts: PoolTimeouts{Connect: 2 * time.Second, Request: 10 * time.Second, Idle: 30 * time.Second, tunnelGiven: true},
		Retries: Retries{
			Attempts: 1, Budget: 0.125, On: RetryOn{Connect: true, Status: statuses(StatusRange{503, 503})},
		},
		Queue:    Queue{Size: 10, Timeout: 2 * time.Second},
		SpillOff: true, Spill: defaultSpill(), LearnedLimit: true,
		Backends: []Backend{
			{Address: "10.0.1.10:8080", Region: "eu-west", Weight: 3, MaxRequests: 200},
			{Address: "10.2.1.10:8080", Region: "us-east", Weight: 1},
			{Address: "edge.ap.example:8443", Region: "ap-south", Weight: 1},
			{Address: "static.internal:80", Region: "eu-west", Weight: 1, Backup: true},
			{Address: Address("unix:" + socket), Region: "eu-west", Weight: 1},
			{Address: "[2001:db8::1]:80", Region: "eu-west"},
		},
	})
	same(t, "literal host", c.Pool("web").Host, HostHeader("www.example.com"))
}

func TestEnvironment(t *testing.T) {
	c := good(t, "environment")
	same(t, "unset with default", c.Region, "eu-west")
	same(t, "empty with default", c.AccessLog.Output, LogStderr)
	l := c.Listeners[0]
	same(t, "address", l.Address, Address("127.0.0.1:8080"))
	same(t, "two in one value", l.Name, "text-text")
	same(t, "number in quotes", l.Limits.Connections, 7)
	same(t, "size", l.Limits.Body, int64(7<<10))
	same(t, "boolean", l.Forwarded.For, true)
	same(t, "part of a number", c.Routes[0].Respond.Status, 200)
	same(t, "escape, plain dollar, no second look", c.Routes[0].Respond.Body, "${TEXT} $TEXT x\npolicy: random  $5 $")
	p := c.Pools[0]
	same(t, "default with separator", p.Name, "a:-b")
	same(t, "number", p.Backends[0], Backend{Address: "text:80", Region: "eu-west", Weight: 3, MaxRequests: 7})
	same(t, "nothing injected", p.Policy, LeastConn)
}

func TestMergeKeys(t *testing.T) {
	c := good(t, "merge")
	second, third := c.Listeners[1], c.Listeners[2]
	same(t, "own key over merged", second.Address, Address(":8081"))
	same(t, "nested merge", second.Limits.Fields, 20)
	same(t, "merged through", second.Limits.Head, int64(4096))
	same(t, "target follows head", second.Limits.Target, int64(4096))
	same(t, "merged", second.Timeouts.Head, time.Second)
	same(t, "forwarded off", second.Forwarded, Forwarded{})
	same(t, "the first of a list wins", third.Timeouts.Head, 2*time.Second)
	same(t, "and the others fill in", third.Limits.Fields, 10)
}

func TestRegionOrder(t *testing.T) {
	c := &Config{
		Region:  "home",
		Regions: map[string]Region{"far": {RTT: 90}, "near": {RTT: 5}, "b": {}, "home": {RTT: 100}, "also-near": {RTT: 5}},
		Pools:   []Pool{{Backends: []Backend{{Region: "a"}, {Region: "far"}, {Region: "home"}}}},
	}
	want := []string{"home", "also-near", "near", "far", "a", "b"}
	if got := c.RegionOrder(); !slices.Equal(got, want) {
		t.Errorf("RegionOrder = %v, want %v", got, want)
	}
}
