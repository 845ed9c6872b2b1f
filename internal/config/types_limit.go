package config

// RouteSpill takes the place of the pool's.
type RouteSpill struct {
	Off bool
	To  []string // as in Spill; not empty unless Off
}

// Priority is how important a request is, from 1 to 100. When there is too much to do, the least important are refused
// first.
type Priority struct {
	Header  string // where a client within TrustedProxies may say it; empty: nowhere
	Default int    // where no client says it
}

// LimitSource is what a limit is counted by.
type LimitSource uint8

// The sources of a LimitKey, by how the file writes them.
const (
	LimitClientIP LimitSource = iota + 1 // client_ip
	LimitHeader                          // header:NAME
	LimitRoute                           // route: all of its requests together
)

// LimitKey is what a limit is counted by: requests with the same key share one count. One that lacks the header of
// LimitHeader is counted by its client's IP.
type LimitKey struct {
	Source LimitSource
	Name   string // of the header; empty for the other sources
}

// RateLimit is how many requests of each key a route lets through in a time.
type RateLimit struct {
	Key   LimitKey
	Rate  float64 // a second, above 0
	Burst int     // at once, at least 1
	Size  int     // keys that are remembered, at least 1; the longest unused is forgotten first. 0 for LimitRoute.
}

// ConcurrencyLimit is how many requests of each key may be in flight on a route.
type ConcurrencyLimit struct {
	Key   LimitKey
	Limit int // at least 1
	Size  int // as in RateLimit
}
