package config

import "time"

// Pool is a set of backends that can stand in for each other. For PoolTCP, a request is a connection: HashOn has only
// HashClientIP, Retries.On only Connect, and Sticky, Host, RequestBuffer, the timeouts Response and Request, what
// Ejection knows of responses, LearnedLimit, Hedge and LoadHeader are zero.
type Pool struct {
	Name          string // unique
	Policy        Policy
	HashOn        []HashKey // the first that yields a key counts; not empty for ConsistentHash
	Sticky        *Sticky   // nil: none
	Affinity      *Affinity // nil: none
	Host          HostHeader
	RequestBuffer int64 // a body up to this Content-Length is read before a backend is taken; 0: none
	Protocol      PoolProtocol
	TLS           *BackendTLS  // nil: plain
	ProxyProtocol ProxyVersion // what a connection to a backend begins with
	HealthCheck   *HealthCheck // nil: none
	Ejection      *Ejection    // nil: off
	Timeouts      PoolTimeouts
	Retries       Retries
	Queue         Queue
	SpillOff      bool          // requests never leave this instance's region
	Spill         Spill         // how they leave it; see [Route.SpillFor]
	SlowStart     time.Duration // how long a backend that is new or returns gets less than its share; 0: off
	LearnedLimit  bool          // for a backend without MaxRequests, how many requests it takes is learned; without, it has no limit
	Hedge         *Hedge        // nil: off
	LoadHeader    string        // the response header in which a backend says how loaded it is, for the balancer alone; empty: none
	Backends      []Backend     // at least one
}

// Policy is how a backend is chosen.
type Policy string

// The policies.
const (
	LeastConn      Policy = "least_conn"
	P2C            Policy = "p2c"
	RoundRobin     Policy = "round_robin"
	Random         Policy = "random"
	ConsistentHash Policy = "consistent_hash"
	PeakEWMA       Policy = "peak_ewma"
)

// PoolProtocol is what a pool's backends speak.
type PoolProtocol string

// The protocols of a pool.
const (
	PoolHTTP1 PoolProtocol = "http1" // HTTP/1.1
	PoolH2    PoolProtocol = "h2"    // HTTP/2, by ALPN over TLS, else with prior knowledge
	PoolTCP   PoolProtocol = "tcp"   // bytes
)

// ProxyVersion is the version of the PROXY protocol that backends are told the client's address in. It is not 0 for
// PoolHTTP1 and PoolTCP only. Since the header holds for the whole connection, a connection of such a PoolHTTP1 serves
// the requests of one client connection and is never kept for another.
type ProxyVersion uint8

// The versions of the PROXY protocol.
const (
	ProxyOff ProxyVersion = 0
	ProxyV1  ProxyVersion = 1
	ProxyV2  ProxyVersion = 2
)

// HashSource is where in a request a hash key is found.
type HashSource uint8

// The sources of a hash key, by how the file writes them.
const (
	HashHeader   HashSource = iota + 1 // header:NAME
	HashCookie                         // cookie:NAME
	HashQuery                          // query:NAME
	HashPath                           // path
	HashClientIP                       // client_ip
)

// HashKey is one place to find a hash key.
type HashKey struct {
	Source HashSource
	Name   string // of the header, cookie or parameter; empty for the other sources
}

// Sticky is the balancer's own cookie, which keeps a client at its backend.
type Sticky struct {
	Cookie string
	TTL    time.Duration // 0: until the browser closes
}

// Affinity keeps a key of ConsistentHash where it is in use when the membership changes.
type Affinity struct {
	Size int // keys remembered, at least 1
	TTL  time.Duration
}

// HostHeader is the Host that backends see: HostPreserve, HostBackend or a literal.
type HostHeader string

// The values of HostHeader that are not literals.
const (
	HostPreserve HostHeader = "preserve" // what the client sent
	HostBackend  HostHeader = "backend"  // the backend's address as the file writes it
)

// CheckType is how a health check asks.
type CheckType string

// The types of health check.
const (
	CheckHTTP CheckType = "http"
	CheckTCP  CheckType = "tcp"  // a connection is enough
	CheckGRPC CheckType = "grpc" // grpc.health.v1.Health/Check, over HTTP/2 whatever the pool's protocol
)

// HealthCheck asks each backend how it is, over TLS where the pool has it, and over HTTP/2 where the pool speaks that.
// Method, Path and Expect are for CheckHTTP only and empty otherwise, Host and Headers also for CheckGRPC.
type HealthCheck struct {
	Type         CheckType
	Port         uint16 // 0: the backend's own
	Interval     time.Duration
	FastInterval time.Duration // while rise or fall is being counted; at most Interval
	Timeout      time.Duration
	Jitter       float64 // the part of an interval by which it varies either way, 0 to 1
	Rise         int     // good checks in a row until healthy, at least 1
	Fall         int     // bad checks in a row until unhealthy, at least 1

	Method  string
	Path    string // with its query
	Host    string // empty: the backend's address
	Headers []Header
	Service string // what CheckGRPC asks for; empty: the server as a whole
	Expect  Expect
}

// Expect is what a good answer to a health check looks like.
type Expect struct {
	Status StatusSet
	Body   string // has to be in the body; empty: any body
}

// Ejection takes a backend out for a while when requests to it fail, or go worse than with the others.
type Ejection struct {
	Failures      int          // in a row and within Window, at least 1
	GatewayErrors int          // responses with 502, 503 or 504 in a row and within Window; 0: off
	SuccessRate   *SuccessRate // nil: off
	Latency       *SlowOutlier // nil: off
	Window        time.Duration
	Time          time.Duration // how long the first ejection lasts; repeated ones last longer
	MaxTime       time.Duration // at least Time: how long any may last
	KeepAtLeast   int           // available backends of the pool over all regions it may use
}

// SuccessRate ejects a backend of which more requests fail than of the others.
type SuccessRate struct {
	Stdev       float64 // standard deviations below the mean of all
	MinHosts    int     // backends there have to be to compare, at least 2
	MinRequests int     // requests a backend has to have had to be compared, at least 1
}

// SlowOutlier ejects a backend that is slower than the others.
type SlowOutlier struct {
	Factor      float64 // times the others' latency, above 1
	MinHosts    int     // backends there have to be to compare, at least 2
	MinRequests int     // requests a backend has to have had to be compared, at least 1
}

// PoolTimeouts bound how long a backend may take. Where it says so, 0 is no limit; the others are never 0.
type PoolTimeouts struct {
	Connect  time.Duration
	Response time.Duration // until the first byte of the response; 0: no limit
	Request  time.Duration // the whole exchange; 0: no limit
	Idle     time.Duration // how long an unused connection is kept
	Tunnel   time.Duration // silence of an upgraded connection; 0: no limit; for PoolTCP see [Listener.SilenceLimit]

	tunnelGiven bool
}

// Retries are tries after the first, each on another backend.
type Retries struct {
	Attempts int // besides the first; 0: off
	On       RetryOn
	Budget   float64 // retries in flight as a part of the requests in flight, 0 to 1
}

// RetryOn is the set of failures that may be tried again.
type RetryOn struct {
	Connect     bool // no connection was made
	Reset       bool // the connection ended before the response began
	Unavailable bool // gRPC status 14 in a response without messages
	Status      StatusSet
}

// Queue is where requests wait when every backend within reach is full.
type Queue struct {
	Size    int // 0: none wait
	Timeout time.Duration
}

// Spill is when requests leave this instance's region, and when they come back.
type Spill struct {
	FullAt float64  // the part of the region's capacity in use at which it counts as full, 0.01 to 1
	HomeAt float64  // the part at which it no longer does; at most FullAt
	Hold   int      // requests that may wait a moment for home before others leave; 0: none
	To     []string // the only regions that they may go to, each known; nil: all
}

// Hedge sends a request that takes long to a second backend too. The first response counts. Only what may be sent twice
// is, and only within the budget of the retries.
type Hedge struct {
	After    time.Duration // 0: Quantile counts
	Quantile float64       // of the pool's latencies, 0.5 to 0.999
}

// LoadHeaderORCA is the LoadHeader whose value has the forms of ORCA (https://github.com/cncf/xds, xds.data.orca.v3).
// The value of any other is a number from 0 to 1, or a percentage.
const LoadHeaderORCA = "endpoint-load-metrics"

// Backend is one server, or one name that stands for several.
type Backend struct {
	Address     Address // unique in its pool
	Region      string  // never empty
	Weight      int     // 0: gets no requests
	MaxRequests int     // in flight from this instance; 0: learned
	Backup      bool    // the last tier of its region
	Spillway    bool    // another instance, which balances over its own region and never spills what spilled
}
