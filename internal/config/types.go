package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is one whole configuration file. See the package comment for what it promises.
type Config struct {
	File   string // the name it was read under
	Digest string // the first 12 hex digits of the SHA-256 of the source; empty if there was no file

	Region  string            // the region this instance runs in; DefaultRegion when the file names none
	Regions map[string]Region // as the file lists them; see [Config.RegionOrder]

	Admin     Admin
	AccessLog AccessLog
	Log       Log
	Shutdown  Shutdown

	Listeners []Listener // at least one
	Routes    []Route    // in the order in which they are tried
	Pools     []Pool
}

// DefaultRegion is the name of this instance's region in a file that has no regions.
const DefaultRegion = "default"

// Region says how far a region is.
type Region struct {
	RTT time.Duration // 0: not given
}

// Admin is where the operator's interface listens.
type Admin struct {
	Address Address // empty: off
}

// AccessLog is the log of requests.
type AccessLog struct {
	Output string // LogStdout, LogStderr or an absolute path; empty: no log
	Format AccessLogFormat
}

// The outputs of an access log that are not files.
const (
	LogStdout = "stdout"
	LogStderr = "stderr"
)

// AccessLogFormat is how a line of the access log is written.
type AccessLogFormat string

// The formats of an access log.
const (
	AccessLogJSON     AccessLogFormat = "json"
	AccessLogCombined AccessLogFormat = "combined"
)

// Log is what the process says of itself on stderr.
type Log struct {
	Level  slog.Level
	Format LogFormat
}

// LogFormat is how a line of the process's own log is written.
type LogFormat string

// The formats of the process's own log.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Shutdown is how the process ends.
type Shutdown struct {
	Delay        time.Duration // how long readyz says 503 before listeners close
	DrainTimeout time.Duration // what running exchanges have from then on
}

// ListenerProtocol is what a listener speaks.
type ListenerProtocol string

// ListenerHTTP is HTTP/1.1.
const ListenerHTTP ListenerProtocol = "http"

// Listener is one address that takes clients.
type Listener struct {
	Name           string // its address where the file names none; unique
	Address        Address
	Protocol       ListenerProtocol
	TrustedProxies []netip.Prefix // masked; whose forwarding fields are believed
	Timeouts       ListenerTimeouts
	Limits         ListenerLimits
	Forwarded      Forwarded
}

// ListenerTimeouts bound how long a client may take. 0: no limit.
type ListenerTimeouts struct {
	Head time.Duration // the whole request head
	Body time.Duration // progress of a request body
	Idle time.Duration // between requests
}

// ListenerLimits bound what a client may send.
type ListenerLimits struct {
	Head        int64 // bytes of a request head; never 0
	Fields      int   // header fields of a request; math.MaxInt: only Head limits them
	Target      int64 // bytes of a request target; at most Head
	Body        int64 // bytes of a request body; 0: no limit
	Connections int   // open at once; 0: no limit
}

// Forwarded says which forwarding fields a request gets. A field that is switched off is not added; one that
// came from a client outside TrustedProxies is dropped either way.
type Forwarded struct {
	For       bool   // X-Forwarded-For
	Proto     bool   // X-Forwarded-Proto
	Host      bool   // X-Forwarded-Host
	Port      bool   // X-Forwarded-Port
	RealIP    bool   // X-Real-IP
	RequestID bool   // X-Request-ID
	Via       string // the name under which this instance adds itself to Via; empty: it does not
}

// Header is one header field. The name keeps the letters of the file; it is a valid token and the value a valid
// field value (RFC 9110 section 5), without surrounding space.
type Header struct {
	Name, Value string
}
