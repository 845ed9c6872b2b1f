package config

import (
	"net/netip"
	"slices"
	"time"
)

// Route says what happens to the requests that match it. Of Pool, Split, Redirect and Respond exactly one is set.
//
// A Stream is a route for connections that are passed on, not for requests: those of a tcp listener that it names, or
// those of tls listeners that ask for its SNI. It has a Pool, of protocol tcp, and of Match at most Listener, SNI and
// ClientIP. The pools of other routes are never of protocol tcp.
type Route struct {
	Match  Match
	Stream bool

	Pool     string  // the name of a pool that exists
	Split    []Split // not all weights are 0
	Redirect *Redirect
	Respond  *Respond

	// At most one of the two is set.
	StripPrefix string // begins with a slash, does not end with one
	Rewrite     *Rewrite

	RequestHeaders  HeaderEdits
	ResponseHeaders HeaderEdits
	Timeouts        RouteTimeouts
	Retries         RouteRetries
	Limits          RouteLimits

	Spill            *RouteSpill // nil: the pool's holds
	Priority         Priority
	RateLimit        *RateLimit        // nil: none
	ConcurrencyLimit *ConcurrencyLimit // nil: none
}

// Match is what a request has to be like. All that is given must match; the zero Match matches everything.
type Match struct {
	Listener string         // the name of a listener that exists; empty: any
	Scheme   string         // http or https; empty: any
	Host     string         // lower case, without port; exact, or *.example.com for any name below example.com; empty: any
	Path     string         // "/prefix", "= /exact" or "~ regex", which compiles; empty: any
	Method   []string       // any of these; empty: any
	Headers  []Header       // all of these, by exact value
	Query    []QueryParam   // all of these, by exact value
	ClientIP []netip.Prefix // any of these, masked; empty: any
	SNI      string         // as Host is, but never an address; empty: any
}

// QueryParam is one parameter of a query, decoded.
type QueryParam struct {
	Name, Value string
}

// Split is one share of a route's traffic.
type Split struct {
	Pool   string // the name of a pool that exists
	Weight int    // its share is Weight / sum of weights; 0: none
}

// Redirect answers with another place.
type Redirect struct {
	To     string // with {scheme}, {host}, {authority}, {path}, {query} and {uri} for parts of the request
	Status int    // 301, 302, 303, 307 or 308
}

// Respond answers without a backend.
type Respond struct {
	Status  int // 200 to 599
	Body    string
	Headers []Header
}

// Rewrite replaces what matches in the path of a request.
type Rewrite struct {
	Regex string // compiles
	To    string // $1, ${1} and ${name} stand for what a group of Regex matched, $$ for a dollar sign
}

// HeaderEdits change the fields of a head, in this order: Remove, Set, Add.
type HeaderEdits struct {
	Set    []Header // replaces all fields of that name
	Add    []Header // besides the fields of that name
	Remove []string
}

// Empty reports that nothing is to be changed.
func (e *HeaderEdits) Empty() bool { return len(e.Set)+len(e.Add)+len(e.Remove) == 0 }

// RouteTimeouts take the place of the pool's; nil: the pool's holds.
type RouteTimeouts struct {
	Request *time.Duration // 0: no limit
}

// RouteRetries take the place of the pool's, each for itself; nil: the pool's holds.
type RouteRetries struct {
	Attempts *int
	On       *RetryOn
	Budget   *float64
}

// RouteLimits take the place of the listener's; nil: the listener's holds.
type RouteLimits struct {
	Body *int64 // 0: no limit
}

// SpillFor is the spill of this route with a pool; off where requests never leave this instance's region.
func (r *Route) SpillFor(p *Pool) (spill Spill, off bool) {
	if r.Spill == nil {
		return p.Spill, p.SpillOff
	}
	spill = p.Spill
	spill.To = r.Spill.To
	return spill, r.Spill.Off
}

// RequestTimeout is the time that a whole exchange of this route with a pool may take; 0: no limit.
func (r *Route) RequestTimeout(p *Pool) time.Duration {
	if r.Timeouts.Request != nil {
		return *r.Timeouts.Request
	}
	return p.Timeouts.Request
}

// RetriesFor is the retries of this route with a pool.
func (r *Route) RetriesFor(p *Pool) Retries {
	retries := p.Retries
	if r.Retries.Attempts != nil {
		retries.Attempts = *r.Retries.Attempts
	}
	if r.Retries.On != nil {
		retries.On = *r.Retries.On
	}
	if r.Retries.Budget != nil {
		retries.Budget = *r.Retries.Budget
	}
	return retries
}

// BodyLimit is the size that a request body of this route on a listener may have; 0: no limit.
func (r *Route) BodyLimit(l *Listener) int64 {
	if r.Limits.Body != nil {
		return *r.Limits.Body
	}
	return l.Limits.Body
}

// Uses reports that requests of the route may go to a pool.
func (r *Route) Uses(pool string) bool {
	return r.Pool == pool && pool != "" || slices.ContainsFunc(r.Split, func(s Split) bool { return s.Pool == pool })
}
