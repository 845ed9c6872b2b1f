package proxy

import (
	"fmt"
	"sort"
	"strings"

	"spillway/balancer"
	"spillway/internal/config"
	"spillway/internal/router"
)

// A route is what one snapshot does with the requests that match it.
type route struct {
	name          string // for the log and the metrics
	targets       []target
	split         *router.Split // nil: targets has one
	weights       []int         // of the targets, with split
	redirect      *redirectAnswer
	respond       *fixedAnswer
	stripPrefix   string
	rewrite       *router.Rewrite
	requestEdits  headEdits
	responseEdits headEdits
	limit         *int64       // of a body, in place of the listener's
	limits        *routeLimits // nil: none
	priority      config.Priority
	stats         []routeStats // by loop; the same as of a route of that name before
}

// A target is a pool of a route, with what the route changes of it.
type target struct {
	pool           *pool
	requestTimeout int64 // nanoseconds; 0: none
	retries        retryRules
	budgets        balancer.RetryBudgets
	allowed        []string // the regions that requests may use; nil: all that the pool may
}

type redirectAnswer struct {
	to     *router.Template
	status int
}

type fixedAnswer struct {
	status int
	fields []byte
	body   string
}

func (r *route) bodyLimit(s *listenerSettings) int64 {
	if r.limit != nil {
		return *r.limit
	}
	return s.bodyLimit
}

// budgetsOf finds the retry budgets of a pool for a share.
type budgetsOf func(pool string, share float64) balancer.RetryBudgets

// newRoute compiles what a configuration says of a route; pools are those of
// the same snapshot.
func newRoute(c *config.Route, name string, pools map[string]*pool, budgets budgetsOf, of *config.Config) (*route, error) {
	r := &route{name: name, stripPrefix: c.StripPrefix, limit: c.Limits.Body, priority: c.Priority}
	r.requestEdits = newHeadEdits(&c.RequestHeaders)
	r.responseEdits = newHeadEdits(&c.ResponseHeaders)
	var err error
	switch {
	case c.Redirect != nil:
		r.redirect, err = newRedirect(c.Redirect)
	case c.Respond != nil:
		r.respond = newFixedAnswer(c.Respond)
	case len(c.Split) > 0:
		weights := make([]int, len(c.Split))
		for i, s := range c.Split {
			weights[i] = s.Weight
			r.addTarget(c, s.Pool, pools, budgets, of)
		}
		r.weights = weights
		r.split, err = router.NewSplit(weights)
	default:
		r.addTarget(c, c.Pool, pools, budgets, of)
	}
	if err == nil && c.Rewrite != nil {
		r.rewrite, err = router.NewRewrite(c.Rewrite.Regex, c.Rewrite.To)
	}
	return r, err
}

func (r *route) addTarget(c *config.Route, name string, pools map[string]*pool, budgets budgetsOf, of *config.Config) {
	r.targets = append(r.targets, *newTarget(pools[name], name, of, c, budgets))
}

// newTarget is a pool as a route changes it; c may be nil: nothing is changed.
func newTarget(p *pool, name string, of *config.Config, c *config.Route, budgets budgetsOf) *target {
	if c == nil {
		c = &config.Route{}
	}
	settings := of.Pool(name)
	retries := c.RetriesFor(settings)
	spill, off := c.SpillFor(settings)
	return &target{
		pool:           p,
		requestTimeout: int64(c.RequestTimeout(settings)),
		retries: retryRules{attempts: retries.Attempts, connect: retries.On.Connect, reset: retries.On.Reset,
			unavailable: retries.On.Unavailable, statuses: retries.On.Status},
		budgets: budgets(name, retries.Budget),
		allowed: allowedRegions(of.Region, spill.To, off),
	}
}

// passesOn tells whether the route is for connections as they are, not for requests.
func (r *route) passesOn() bool {
	return len(r.targets) > 0 && r.targets[0].pool.from.Protocol == config.PoolTCP
}

func newHeadEdits(c *config.HeaderEdits) headEdits {
	var e headEdits
	for _, name := range c.Remove {
		e.drop = append(e.drop, []byte(name))
	}
	for _, h := range c.Set {
		e.drop = append(e.drop, []byte(h.Name))
		e.lines = append(e.lines, h.Name+": "+h.Value+"\r\n"...)
	}
	for _, h := range c.Add {
		e.lines = append(e.lines, h.Name+": "+h.Value+"\r\n"...)
	}
	return e
}

func newFixedAnswer(c *config.Respond) *fixedAnswer {
	f := &fixedAnswer{status: c.Status, body: c.Body}
	for _, h := range c.Headers {
		f.fields = append(f.fields, h.Name+": "+h.Value+"\r\n"...)
	}
	return f
}

func newRedirect(c *config.Redirect) (*redirectAnswer, error) {
	to, err := router.NewTemplate(c.To)
	if err != nil {
		return nil, err
	}
	return &redirectAnswer{to: to, status: c.Status}, nil
}

// routeName is how people find a route again: by what it matches.
func routeName(index int, m *config.Match) string {
	var parts []string
	if m.Host != "" || m.Path != "" {
		parts = append(parts, m.Host+m.Path)
	}
	if len(m.Method) > 0 {
		parts = append(parts, strings.Join(m.Method, ","))
	}
	for _, h := range m.Headers {
		parts = append(parts, h.Name+"="+h.Value)
	}
	for _, q := range m.Query {
		parts = append(parts, "?"+q.Name+"="+q.Value)
	}
	for _, s := range []string{m.Listener, m.Scheme} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("routes[%d]", index)
	}
	return strings.Join(parts, " ")
}

// newMatch turns a route's conditions into the router's.
func newMatch(c *config.Match) router.Match {
	m := router.Match{Listener: c.Listener, Scheme: c.Scheme, Host: c.Host, Path: c.Path, Methods: c.Method, ClientIP: c.ClientIP}
	if c.SNI != "" {
		m.Host = c.SNI
	}
	if len(c.Headers) > 0 {
		m.Headers = map[string]string{}
	}
	for _, h := range c.Headers {
		m.Headers[h.Name] = h.Value
	}
	if len(c.Query) > 0 {
		m.Query = map[string]string{}
	}
	for _, q := range c.Query {
		m.Query[q.Name] = q.Value
	}
	return m
}

// sortedKeys is for whatever must come in the same order each time.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
