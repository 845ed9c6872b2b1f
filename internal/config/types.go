package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is one whole configuration file. See the package comment for what it promises.
type Config struct {
	File   string // the name it was read under
	Digest string // see [Digest]; empty if there was no file

	Warnings []Warning // in the order of the file

	Region  string            // the region this instance runs in; DefaultRegion when the file names none
	Regions map[string]Region // as the file lists them; see [Config.RegionOrder]

	Admin     Admin
	AccessLog AccessLog
	Log       Log
	Shutdown  Shutdown

	Listeners []Listener // at least one
	Routes    []Route    // in the order in which they are tried
	Pools     []Pool

	files []string
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

// The protocols of a listener.
const (
	ListenerHTTP  ListenerProtocol = "http"  // HTTP/1.1, and HTTP/2 with prior knowledge
	ListenerHTTPS ListenerProtocol = "https" // the same over TLS, chosen by ALPN
	ListenerTCP   ListenerProtocol = "tcp"   // bytes, passed on as they come
	ListenerTLS   ListenerProtocol = "tls"   // TLS that is passed on by its SNI, or ended here as https is
)

// Listener is one address that takes clients. See [Listener.SpeaksHTTP] for when HTTP2, Forwarded and what Timeouts
// and Limits say of HTTP have a meaning.
type Listener struct {
	Name           string // its address where the file names none; unique
	Address        Address
	Protocol       ListenerProtocol
	TLS            *ServerTLS     // never nil for ListenerHTTPS; nil for ListenerTLS: it only passes on
	Pool           string         // ListenerTCP and ListenerTLS: where a connection goes that no route takes; empty: it is closed
	ProxyProtocol  bool           // a connection from TrustedProxies, or any to a unix socket, begins with a PROXY header, v1 or v2
	TrustedProxies []netip.Prefix // masked; whose forwarding fields and PROXY headers are believed
	HTTP2          *HTTP2         // nil: off
	Timeouts       ListenerTimeouts
	Limits         ListenerLimits
	Forwarded      Forwarded
}

// SpeaksHTTP reports that the listener reads requests, if not on all of its connections: those of ListenerTLS whose
// SNI a route takes are passed on.
func (l *Listener) SpeaksHTTP() bool {
	return l.Protocol == ListenerHTTP || l.Protocol == ListenerHTTPS || l.Protocol == ListenerTLS && l.TLS != nil
}

// SilenceLimit is how long both sides of a connection that is passed on to a pool of protocol tcp may be silent: the
// pool's timeouts.tunnel where the file gives it, else the listener's timeouts.idle. 0: no limit.
func (l *Listener) SilenceLimit(p *Pool) time.Duration {
	if p.Timeouts.tunnelGiven {
		return p.Timeouts.Tunnel
	}
	return l.Timeouts.Idle
}

// HTTP2 is how a listener speaks HTTP/2.
type HTTP2 struct {
	MaxStreams int // requests of one connection at the same time, at least 1
}

// ListenerTimeouts bound how long a client may take. 0: no limit.
type ListenerTimeouts struct {
	Head time.Duration // the whole request head; also a PROXY header, and a ClientHello that is read for its SNI
	Body time.Duration // progress of a request body
	Idle time.Duration // between requests; for connections that are passed on see [Listener.SilenceLimit]
}

// ListenerLimits bound what a client may send.
type ListenerLimits struct {
	Head        int64 // bytes of a request head; never 0, which in a file means the most that can be had
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
