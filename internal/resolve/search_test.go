package resolve

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestCandidates(t *testing.T) {
	for _, test := range []struct {
		host   string
		ndots  int
		search string
		want   string
	}{
		{"db", 1, "", "db."},
		{"db", 1, "a.example b.example.", "db.a.example. db.b.example. db."},
		{"db", 0, "a.example", "db. db.a.example."},
		{"db.", 1, "a.example", "db."},
		{"api.db", 1, "a.example", "api.db. api.db.a.example."},
		{"api.db", 5, "svc.cluster.local", "api.db.svc.cluster.local. api.db."},
		{"a.b.c.d.e.f", 5, "x", "a.b.c.d.e.f. a.b.c.d.e.f.x."},
		{"db", 1, ".", "db."},
		{"db", 1, strings.Repeat("long.", 51) + " ok", "db.ok. db."},
	} {
		got := candidates(test.host, test.ndots, strings.Fields(test.search))
		if !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%s, ndots %d, search %q: got %q, want %s", test.host, test.ndots, test.search, got, test.want)
		}
	}
}

func TestSearchDomains(t *testing.T) {
	server := startServer(t,
		"db.b.example. 60 IN A 10.0.0.1",
		"web.a.example. 60 IN TXT none",
		"web.b.example. 60 IN A 10.0.0.2",
		"cache.b.example. 60 IN A 10.0.0.3",
		"api.b.example. 60 IN A 10.0.0.4",
		"mail 60 IN A 10.0.0.5",
	)
	server.refuse("A cache.a.example.", dns.RcodeServerFailure)
	server.refuse("AAAA cache.a.example.", dns.RcodeServerFailure)
	server.refuse("A lost.a.example.", dns.RcodeServerFailure)
	server.refuse("AAAA lost.a.example.", dns.RcodeServerFailure)
	r := newTestResolver(t, server.addr)
	r.ResolvConf = writeFile(t, "search a.example b.example\noptions attempts:1\n")
	for _, test := range []struct {
		why, host, want string
	}{
		{"the first does not exist", "db", "10.0.0.1"},
		{"the first has no address", "web", "10.0.0.2"},
		{"the first is refused", "cache", "10.0.0.3"},
		{"as it is, then with a domain", "api.b.example", "10.0.0.4"},
		{"last, as it is", "mail", "10.0.0.5"},
		{"absolute", "db.", ""},
		{"none exists", "absent", ""},
	} {
		got, err := r.Lookup(t.Context(), test.host)
		if test.want == "" && errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil || !slices.Equal(got.Addrs, addrs(test.want)) {
			t.Errorf("%s: %s: got %+v, %v; want %q", test.why, test.host, got, err, test.want)
		}
	}
	if got, err := r.Lookup(t.Context(), "lost"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("one name refused, the others denied: got %+v, %v; want the refusal", got, err)
	}
}
