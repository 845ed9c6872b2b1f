package router

import (
	"math/rand/v2"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// scan is what Find promises, written as plainly as it goes: try each route.
func scan(matches []Match, r *Request) int {
	for i := range matches {
		if matchHolds(&matches[i], r) {
			return i
		}
	}
	return -1
}

func matchHolds(m *Match, r *Request) bool {
	if m.Listener != "" && m.Listener != r.Listener || m.Scheme != "" && m.Scheme != r.Scheme {
		return false
	}
	if m.Methods != nil && !slices.Contains(m.Methods, string(r.Method)) {
		return false
	}
	for name, value := range m.Headers {
		if got, ok := r.Fields.GetName(strings.ToLower(name)); !ok || string(got) != value {
			return false
		}
	}
	parameters, _ := url.ParseQuery(string(r.RawQuery))
	for name, value := range m.Query {
		if !parameters.Has(name) || parameters.Get(name) != value {
			return false
		}
	}
	inside := func(p netip.Prefix) bool { return p.Contains(r.ClientIP) }
	if m.ClientIP != nil && !slices.ContainsFunc(m.ClientIP, inside) {
		return false
	}
	return hostHolds(m.Host, string(r.Host)) && pathHolds(m.Path, string(r.Path))
}

func hostHolds(pattern, authority string) bool {
	host, _, _ := strings.Cut(strings.ToLower(authority), ":")
	host = strings.TrimSuffix(host, ".")
	pattern = strings.ToLower(pattern)
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix)
	}
	return pattern == "" || pattern == host
}

func pathHolds(pattern, path string) bool {
	if pattern == "" {
		return true
	}
	if regex, ok := strings.CutPrefix(pattern, "~ "); ok {
		return regexp.MustCompile(regex).MatchString(path)
	}
	for strings.Contains(pattern, "//") {
		pattern = strings.ReplaceAll(pattern, "//", "/")
	}
	if exact, ok := strings.CutPrefix(pattern, "= "); ok {
		return path == exact
	}
	if pattern == "/" && path == "*" {
		return true
	}
	return path == pattern || strings.HasPrefix(path, strings.TrimSuffix(pattern, "/")+"/") &&
		(path != strings.TrimSuffix(pattern, "/"))
}

// choices draws tables and requests from few values, so that they meet often.
type choices struct{ *rand.Rand }

func (c choices) one(of ...string) string { return of[c.IntN(len(of))] }

func (c choices) path() string {
	path := ""
	for range c.IntN(4) {
		path += c.one("/a", "/b", "/ab", "/", "/%2F")
	}
	if path == "" {
		return "/"
	}
	return path
}

func (c choices) host() string {
	host := c.one("example.com", "com", "org", "b.example.com")
	for range c.IntN(3) {
		host = c.one("a", "b", "ab") + "." + host
	}
	if c.IntN(2) == 0 {
		host = strings.ToUpper(host[:1]) + host[1:]
	}
	return host
}

func (c choices) match() (m Match) {
	m.Listener = c.one("", "", "", "web", "tls")
	m.Scheme = c.one("", "", "", "http", "https")
	switch c.IntN(4) {
	case 0:
		m.Host = c.host()
	case 1:
		m.Host = "*." + c.host()
	}
	switch c.IntN(5) {
	case 0:
		m.Path = "= " + c.path()
	case 1:
		m.Path = "~ " + c.one("^"+c.path(), "^"+c.path()+"$", c.path(), "(?i)^"+strings.ToUpper(c.path()),
			"^/a/b?a", "^/a/(a|b)/", "^/a|^/b/a", "^(/a/)+$", `\A/a/.`)
	case 2, 3:
		m.Path = c.path()
	}
	if c.IntN(4) == 0 {
		m.Methods = []string{c.one("GET", "PUT"), "POST"}
	}
	if c.IntN(6) == 0 {
		m.Headers = map[string]string{c.one("X-A", "x-b"): c.one("", "1")}
	}
	if c.IntN(6) == 0 {
		m.Query = map[string]string{c.one("a", "b", "c d"): c.one("", "1", "2 3")}
	}
	if c.IntN(6) == 0 {
		m.ClientIP = []netip.Prefix{netip.MustParsePrefix(c.one("10.0.0.0/8", "10.0.0.1/32", "::/0"))}
	}
	return m
}

func (c choices) request() *Request {
	r := &Request{
		Listener: c.one("web", "tls", "other"),
		Scheme:   c.one("http", "https"),
		Host:     []byte(c.host() + c.one("", ".", ":80", ".:80")),
		Path:     MergeSlashes(nil, []byte(c.path())),
		Method:   []byte(c.one("GET", "PUT", "POST")),
		RawQuery: []byte(c.one("", "a=1", "a", "b=1&a=", "c+d=2%203", "a=2+3&a=1&&b", "%61=1")),
		ClientIP: netip.MustParseAddr(c.one("10.0.0.1", "10.0.0.2", "192.0.2.1", "::1")),
		Fields:   fields{c.one("x-a", "x-b"): c.one("", "1")},
	}
	if c.IntN(10) == 0 {
		r.Path = []byte(c.one("*", ""))
	}
	return r
}

func compareWithScan(t *testing.T, seed1, seed2 uint64, routes, requests int) (found int) {
	t.Helper()
	c := choices{rand.New(rand.NewPCG(seed1, seed2))}
	matches := make([]Match, routes)
	for i := range matches {
		matches[i] = c.match()
	}
	table := mustBuild(t, matches...)
	for range requests {
		r := c.request()
		want := scan(matches, r)
		got, ok := table.Find(r)
		if !ok {
			got = -1
		}
		if got != want {
			t.Fatalf("seeds %d, %d: %s http(s)=%s host=%q path=%q query=%q: Find says %d, a scan %d\n%+v",
				seed1, seed2, r.Listener, r.Scheme, r.Host, r.Path, r.RawQuery, got, want, matches)
		}
		if ok {
			found++
		}
	}
	return found
}

// TestFindEqualsScan: the first match in file order, whatever the table.
func TestFindEqualsScan(t *testing.T) {
	const tables, requests = 300, 30
	found := 0
	for seed := range uint64(tables) {
		found += compareWithScan(t, seed, 1, 1+int(seed%40), requests)
	}
	// Otherwise the comparison says little.
	if least := tables * requests / 4; found < least || found > tables*requests-least/4 {
		t.Errorf("%d of %d requests found a route", found, tables*requests)
	}
}

func FuzzFindEqualsScan(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint8(3))
	f.Add(uint64(7), uint64(0), uint8(60))
	f.Fuzz(func(t *testing.T, seed1, seed2 uint64, routes uint8) {
		compareWithScan(t, seed1, seed2, int(routes), 20)
	})
}

// FuzzFindHost: an authority that means one name to a strict reader means it to
// Find, and anything else only reaches routes without a host.
func FuzzFindHost(f *testing.F) {
	for _, s := range []string{"a.example", "A.EXAMPLE.:80", "x.a.example", "[::1]:80", "a@a.example", "a.example:", ".a.example"} {
		f.Add([]byte(s), []byte("/a"))
	}
	name := regexp.MustCompile(`^(?i:((?:[a-z0-9_-]+\.)*)a\.example\.?(?::[0-9]*)?)$`)
	table := mustBuild(f, Match{Host: "a.example"}, Match{Host: "*.a.example"}, Match{})
	f.Fuzz(func(t *testing.T, authority, path []byte) {
		want := 2
		if parts := name.FindSubmatch(authority); parts != nil && len(authority) <= maxHost {
			want = min(len(parts[1]), 1)
		} else if len(authority) > maxHost {
			return
		}
		if got, _ := table.Find(&Request{Host: authority, Path: path}); got != want {
			t.Fatalf("%q: got %d, want %d", authority, got, want)
		}
	})
}
