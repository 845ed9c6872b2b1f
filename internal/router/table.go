package router

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
)

// Match is the conditions of one route. All that are given must hold; the zero
// Match holds for every request.
type Match struct {
	Listener string
	Scheme   string            // http or https
	Host     string            // a name, *.name, or an IPv6 literal in brackets; no port
	Path     string            // a prefix, "= /exact" or "~ regex", see the package comment
	Methods  []string          // any of them
	Headers  map[string]string // field name to its exact value
	Query    map[string]string // parameter to its exact value, both decoded
	ClientIP []netip.Prefix    // any of them
}

// Error says what is wrong with one condition of one route.
type Error struct {
	Route  int    // index in the slice given to Build
	Key    string // the condition as the configuration names it: host, path, method...
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("routes[%d]: %s: %s", e.Route, e.Key, e.Reason) }

// Request is what routes look at. Find keeps nothing of it.
type Request struct {
	Listener string
	Scheme   string
	Host     []byte // the authority as it came: any case, perhaps with a port
	// Path is the path as NormalizePath and then MergeSlashes returned it. Its memory escapes to the
	// heap, as regexp demands: take it from a buffer that lives there.
	Path     []byte
	Method   []byte
	RawQuery []byte // without the question mark
	ClientIP netip.Addr
	Fields   Fields // may be nil when there are none
}

// Fields gives Find the fields of a request.
type Fields interface {
	// GetName returns the value of the field of that name, which Find gives in
	// lower case, and whether there is one.
	GetName(name string) (value []byte, ok bool)
}

// Table is an immutable set of routes, made by Build. It may be used
// concurrently.
type Table struct {
	rules      []rule
	shared     hosts // routes of every listener
	byListener map[string]*hosts
	namesHost  bool
}

// Build makes the Table of the given routes, whose numbers are their indexes.
// It copies what it needs. The error joins an *Error for every condition that
// cannot be used.
func Build(matches []Match) (*Table, error) {
	if len(matches) >= math.MaxInt32 {
		return nil, fmt.Errorf("%d routes are too many", len(matches))
	}
	t := &Table{rules: make([]rule, len(matches)), byListener: map[string]*hosts{}}
	var errs []error
	for i := range matches {
		errs = append(errs, t.add(int32(i), &matches[i])...)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return t, nil
}

func (t *Table) add(number int32, m *Match) (errs []error) {
	fail := func(key string, err error) {
		if err != nil {
			errs = append(errs, &Error{Route: int(number), Key: key, Reason: err.Error()})
		}
	}
	host, err := parseHost(m.Host)
	fail("host", err)
	path, err := parsePath(m.Path)
	fail("path", err)
	t.rules[number] = newRule(m, path.regex, fail)
	if len(errs) > 0 {
		return errs
	}

	at := &t.shared
	if m.Listener != "" {
		at = t.byListener[m.Listener]
		if at == nil {
			at = new(hosts)
			t.byListener[m.Listener] = at
		}
	}
	t.namesHost = t.namesHost || host.name != ""
	at.tree(host).add(path, number)
	return nil
}

// Find returns the number of the first route that matches r, and whether there
// is one. It does not allocate.
func (t *Table) Find(r *Request) (index int, ok bool) {
	var buf [maxHost]byte
	var host []byte
	if t.namesHost {
		host = normalizeHost(&buf, r.Host)
	}
	none := int32(len(t.rules))
	best := none
	if own := t.byListener[r.Listener]; own != nil {
		best = t.findIn(own, r, host, best)
	}
	best = t.findIn(&t.shared, r, host, best)
	if best == none {
		return 0, false
	}
	return int(best), true
}

// findIn returns the first match among hosts that comes before best, or best.
// The narrow goes first: what it finds usually rules out the wide at once.
func (t *Table) findIn(h *hosts, r *Request, host []byte, best int32) int32 {
	if len(h.exact) > 0 {
		best = t.walk(h.exact[string(host)], r, best)
	}
	labels := 0
	for i := len(host) - 1; i > 0 && labels < h.deepest; i-- {
		if host[i] == '.' {
			labels++
			best = t.walk(h.below[string(host[i+1:])], r, best)
		}
	}
	return t.walk(h.any, r, best)
}

// walk follows the segments of r.Path down from root and returns the first
// match on the way that comes before best, or best.
func (t *Table) walk(root *node, r *Request, best int32) int32 {
	path := r.Path
	for n := root; n != nil && n.lowest < best; {
		best = t.first(n.reached, r, best)
		if len(path) == 0 {
			return t.first(n.exact, r, best)
		}
		best = t.first(n.below, r, best)
		if len(n.children) == 0 || path[0] != '/' {
			return best
		}
		var segment []byte
		segment, path = cutSegment(path)
		n = n.children[string(segment)]
	}
	return best
}

// first returns the first of numbers that comes before best and whose
// remaining conditions hold, or best.
func (t *Table) first(numbers []int32, r *Request, best int32) int32 {
	for _, number := range numbers {
		if number >= best {
			break
		}
		if t.rules[number].holds(r) {
			return number
		}
	}
	return best
}
