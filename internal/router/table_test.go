package router

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// fields is a request's fields for tests: one string of name: value lines.
type fields map[string]string

func (f fields) GetName(name string) ([]byte, bool) {
	value, ok := f[name]
	return []byte(value), ok
}

func mustBuild(t testing.TB, matches ...Match) *Table {
	t.Helper()
	table, err := Build(matches)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestPathKinds(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"", []string{"/", "/a", "*", ""}, nil},
		{"/", []string{"/", "/a", "/a/", "//", "//a", "*"}, []string{""}},
		{"/v1", []string{"/v1", "/v1/", "/v1/x", "/v1//", "/v1/x/y", "//v1", "///v1//x"},
			[]string{"/", "/v10", "/v", "/V1", "/x/v1", "/v1;x", "/v1%2Fx", "/%2Fv1"}},
		{"/v1/", []string{"/v1/", "/v1/x", "/v1//", "/v1/x/y"}, []string{"/v1", "/v10", "/v10/", "/"}},
		{"//v1//", []string{"/v1/", "/v1//", "/v1//x"}, []string{"/v1", "//v1", "/v10/"}},
		{"/a/b", []string{"/a/b", "/a/b/c", "/a//b", "//a///b//c"}, []string{"/a", "/a/", "/a/bc", "*"}},
		{"= /", []string{"/", "//"}, []string{"/a", "//a", "*"}},
		{"= /v1", []string{"/v1", "//v1"}, []string{"/v1/", "/v1//", "/v1/x", "/", "/v10"}},
		{"=/v1/", []string{"/v1/", "/v1//"}, []string{"/v1", "/v1/x"}},
		{`~ ^/v[12]/`, []string{"/v1/", "/v2/x"}, []string{"/v3/", "/v1", "/x/v1/"}},
		{`~ /v[12]/`, []string{"/v1/", "/x/v2/y"}, []string{"/v3/"}}, // not anchored
		{`~ ^/api/users/\d+$`, []string{"/api/users/7"}, []string{"/api/users/", "/api/users/7/", "/api/users"}},
		{`~ ^/api/users/`, []string{"/api/users/", "/api/users/x/y"}, []string{"/api/users"}},
		{`~ ^/api//x`, nil, []string{"/api//x", "/api/x"}}, // which no path has
		{`~ ^/api/x$`, []string{"/api/x", "//api//x"}, []string{"/api/x/"}},
		{`~ ^/a/b?c`, []string{"/a/c", "/a/bc"}, []string{"/a/b"}},
		{`~ ^/a/x|^/b/y`, []string{"/a/x", "/b/y/z"}, []string{"/c/a/x"}},
		{`~ ^/a/x|/b/y`, []string{"/a/x", "/c/b/y"}, []string{"/a/b"}},
		{`~ (?i)^/API/x`, []string{"/api/X", "/API/x"}, []string{"/ap/x"}},
		{`~ ^(/a/b|/c)`, []string{"/a/b", "/c"}, []string{"/a"}},
		{`~ .`, []string{"/", "*"}, []string{""}},
		// Patterns are normalised as paths are.
		{"/caf\u00e9", []string{"/caf%C3%A9", "/caf%C3%A9/x"}, []string{"/caf"}},
		{"/%61/../b%2e", []string{"/b."}, []string{"/a"}},
		{"= /a%7Eb", []string{"/a~b"}, []string{"/a%7Eb"}},
	} {
		table := mustBuild(t, Match{Path: c.pattern})
		for want, paths := range map[bool][]string{true: c.yes, false: c.no} {
			for _, path := range paths {
				if _, got := table.Find(&Request{Path: MergeSlashes(nil, []byte(path))}); got != want {
					t.Errorf("%q on %q: got %v", c.pattern, path, got)
				}
			}
		}
	}
}

func TestConditions(t *testing.T) {
	request := Request{
		Listener: "web", Scheme: "https", Host: []byte("example.com"), Path: []byte("/a"),
		Method: []byte("GET"), RawQuery: []byte("a=1&beta=x+y%21&beta=2&flag&&%61b=%zz&=e"),
		ClientIP: netip.MustParseAddr("::ffff:10.1.2.3"),
		Fields:   fields{"x-beta": "1", "x-empty": ""},
	}
	prefixes := func(list ...string) (all []netip.Prefix) {
		for _, s := range list {
			all = append(all, netip.MustParsePrefix(s))
		}
		return all
	}
	for _, c := range []struct {
		match Match
		want  bool
	}{
		{Match{}, true},
		{Match{Listener: "web"}, true},
		{Match{Listener: "Web"}, false},
		{Match{Scheme: "HTTPS"}, true},
		{Match{Scheme: "http"}, false},
		{Match{Methods: []string{"POST", "GET"}}, true},
		{Match{Methods: []string{"HEAD"}}, false},
		{Match{Headers: map[string]string{"X-Beta": "1"}}, true},
		{Match{Headers: map[string]string{"X-Beta": "1", "X-Empty": ""}}, true},
		{Match{Headers: map[string]string{"X-Beta": "1", "X-None": ""}}, false},
		{Match{Headers: map[string]string{"X-Beta": "11"}}, false},
		{Match{Query: map[string]string{"a": "1"}}, true},
		{Match{Query: map[string]string{"beta": "x y!"}}, true},
		{Match{Query: map[string]string{"beta": "2"}}, false}, // the first decides
		{Match{Query: map[string]string{"flag": ""}}, true},
		{Match{Query: map[string]string{"ab": "%zz"}}, true},
		{Match{Query: map[string]string{"": "e"}}, true},
		{Match{Query: map[string]string{"A": "1"}}, false},
		{Match{Query: map[string]string{"a": "1", "flag": "1"}}, false},
		{Match{ClientIP: prefixes("10.0.0.0/8")}, true},
		{Match{ClientIP: prefixes("10.9.9.9/8")}, true},
		{Match{ClientIP: prefixes("192.0.2.0/24", "::ffff:10.1.0.0/112")}, true},
		{Match{ClientIP: prefixes("::/0")}, false},
		{Match{ClientIP: prefixes("10.1.2.4/32")}, false},
		{Match{Scheme: "https", Path: "/a", Host: "example.com", Methods: []string{"GET"},
			Query: map[string]string{"a": "1"}, Headers: map[string]string{"x-beta": "1"}}, true},
		{Match{Scheme: "https", Path: "/b", Host: "example.com", Methods: []string{"GET"}}, false},
	} {
		if _, got := mustBuild(t, c.match).Find(&request); got != c.want {
			t.Errorf("%+v: got %v", c.match, got)
		}
	}

	bare := Request{Path: []byte("/")}
	for _, m := range []Match{
		{Headers: map[string]string{"X": ""}},
		{Query: map[string]string{"": ""}},
		{ClientIP: prefixes("0.0.0.0/0", "::/0")},
	} {
		if _, got := mustBuild(t, m).Find(&bare); got {
			t.Errorf("%+v matches a request that has nothing of it", m)
		}
	}
	linkLocal := Request{Path: []byte("/"), ClientIP: netip.MustParseAddr("fe80::1%eth0")}
	if _, got := mustBuild(t, Match{ClientIP: prefixes("fe80::/10")}).Find(&linkLocal); !got {
		t.Error("an address with a zone is outside its prefix")
	}
}

func TestFirstRouteWins(t *testing.T) {
	table := mustBuild(t,
		Match{Path: "/a/b/c", Methods: []string{"PUT"}},
		Match{Host: "*.example.com", Path: "/a/b"},
		Match{Path: "/a/"},
		Match{Host: "x.example.com"},
		Match{Listener: "tls", Path: "~ ^/a/z"},
		Match{Path: "= /a/z"},
		Match{Listener: "tls"},
		Match{Path: "/"},
	)
	for _, c := range []struct {
		listener, host, path, method string
		want                         int
	}{
		{"", "x.example.com", "/a/b/c", "PUT", 0},
		{"", "x.example.com", "/a/b/c", "GET", 1},
		{"", "x.example.com", "/a/c", "GET", 2},
		{"", "x.example.com", "/a", "GET", 3},
		{"tls", "y.example.com", "/a/z", "GET", 2},
		{"tls", "y.example.com", "/b", "GET", 6},
		{"tls", "x.example.com", "/b", "GET", 3},
		{"web", "y.example.com", "/b", "GET", 7},
		{"tls", "", "*", "OPTIONS", 6},
		{"web", "", "*", "OPTIONS", 7},
	} {
		got, ok := table.Find(&Request{
			Listener: c.listener, Host: []byte(c.host), Path: []byte(c.path), Method: []byte(c.method),
		})
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%+v: got %d", c, got)
		}
	}
	if _, ok := mustBuild(t).Find(&Request{Path: []byte("/")}); ok {
		t.Error("an empty table found a route")
	}
}

func TestBuildReportsEveryMistake(t *testing.T) {
	for _, c := range []struct {
		match Match
		want  string
	}{
		{Match{Host: "*"}, `routes[1]: host: "*": leave host out`},
		{Match{Host: "a.*"}, `routes[1]: host: "a.*": a wildcard is the whole first label`},
		{Match{Host: "*a.example.com"}, `host: "*a.example.com": a wildcard`},
		{Match{Host: "*.*.com"}, `host: "*.*.com": a wildcard`},
		{Match{Host: "*."}, `host: "*." is not a host name`},
		{Match{Host: "example.com:80"}, `a host has no port`},
		{Match{Host: "::1"}, `an IPv6 address needs brackets`},
		{Match{Host: "[::1]:80"}, `is not an IPv6 address in brackets`},
		{Match{Host: "[::1"}, `is not an IPv6 address in brackets`},
		{Match{Host: "[1.2.3.4]"}, `is not an IPv6 address in brackets`},
		{Match{Host: "[fe80::1%eth0]"}, `is not an IPv6 address in brackets`},
		{Match{Host: "b\u00fccher.example"}, `A-labels`},
		{Match{Host: "a..b"}, `"a..b" is not a host name`},
		{Match{Host: "a b"}, `"a b" is not a host name`},
		{Match{Path: "a"}, `path: "a" does not begin with a slash`},
		{Match{Path: "^~ /a"}, `does not begin with a slash`},
		{Match{Path: "= a"}, `does not begin with a slash`},
		{Match{Path: "= "}, `does not begin with a slash`},
		{Match{Path: "/a/*"}, `a prefix needs no *`},
		{Match{Path: "/a/{id}"}, `a path has no placeholders`},
		{Match{Path: "/a?b=1"}, `match it by query`},
		{Match{Path: "/a b"}, `path has a byte that no path can have`},
		{Match{Path: "/a%"}, `path has a percent sign`},
		{Match{Path: "/a%2f../b"}, `path has a dot segment that servers read differently`},
		{Match{Path: "~* /a"}, `begin with (?i)`},
		{Match{Path: "~ ("}, "missing closing )"},
		{Match{Scheme: "ftp"}, `scheme: "ftp" is neither`},
		{Match{Methods: []string{"get"}}, `method: "get": methods are case-sensitive, write GET`},
		{Match{Methods: []string{""}}, `method: "" is not a method`},
		{Match{Headers: map[string]string{"X Y": ""}}, `headers: "X Y" is not a field name`},
		{Match{Headers: map[string]string{"X-A": "", "x-a": "1"}}, `headers: "x-a" is given twice`},
		{Match{ClientIP: make([]netip.Prefix, 1)}, `client_ip: not a prefix`},
	} {
		table, err := Build([]Match{{}, c.match})
		if table != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %s", c.match, err, c.want)
		}
	}

	_, err := Build([]Match{{Host: "*", Path: "a"}, {}, {Scheme: "x"}})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %T", err)
	}
	got := ""
	for _, e := range joined.Unwrap() {
		e := e.(*Error)
		got += fmt.Sprint(e.Route, " ", e.Key, "; ")
	}
	if want := "0 host; 0 path; 2 scheme; "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBuildCopies(t *testing.T) {
	m := []Match{{Methods: []string{"GET"}, Headers: map[string]string{"A": "1"},
		ClientIP: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	table := mustBuild(t, m...)
	m[0].Methods[0], m[0].Headers["A"], m[0].ClientIP[0] = "PUT", "2", netip.Prefix{}
	_, ok := table.Find(&Request{Path: []byte("/"), Method: []byte("GET"),
		Fields: fields{"a": "1"}, ClientIP: netip.MustParseAddr("10.1.1.1")})
	if !ok {
		t.Error("changing what Build was given changed the table")
	}
}
