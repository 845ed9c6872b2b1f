package e2e

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// explanation is what GET /api/explain answers.
type explanation struct {
	Request struct {
		ClientIP string `json:"client_ip"`
	}
	Listener, Route string
	Answer          *struct {
		Status int
		Why    string
	}
	Forward *struct {
		Path, Pool, Outcome, Reason, Region, Backend, Origin string
		Priority                                             int
		Limits                                               []string
		Key                                                  *struct{ Source, Value string }
		Sticky                                               *struct {
			Cookie, Backend string
			Used            bool
		}
		Regions []struct {
			Name, State, Reason, Passed string
			RTT                         float64 `json:"rtt_ms"`
			Capacity, Inflight, Room    int
			Permitted                   bool
			Backends                    []struct {
				Address, State, Reason string
				Inflight, Limit        int
				Eligible               bool
			}
		}
	}
}

func (p *Proxy) explain(method, target string, headers ...string) (e explanation) {
	p.t.Helper()
	q := url.Values{"method": {method}, "url": {target}, "header": headers}
	status, answer := p.Admin("GET", "/api/explain?"+q.Encode(), "")
	if status != 200 {
		p.t.Fatalf("explain %s %s: %d %s", method, target, status, answer)
	}
	if err := json.Unmarshal([]byte(answer), &e); err != nil {
		p.t.Fatal(err)
	}
	return e
}

const explained = `
region: near
regions: {far: {rtt: 80ms}, beyond: {rtt: 90ms}}
listeners:
  - {name: web, address: {{listen "web"}}, trusted_proxies: [127.0.0.0/8]}
routes:
  - {match: {path: = /ping}, respond: {status: 200, body: pong}}
  - {match: {path: /away}, redirect: {to: "https://example.org/", status: 308}}
  - {match: {path: /kept}, pool: app, spill: off}
  - match: {path: /old/}
    strip_prefix: /old
    priority: {default: 30, header: X-Priority}
    rate_limit: {key: client_ip, rate: 10/s, burst: 20}
    pool: app
  - {match: {path: /keyed}, pool: keyed}
  - {match: {path: /x}, pool: app}
pools:
  - name: app
    sticky: {cookie: SRV}
    queue: {size: 0}
    backends:
      - {address: {{.a}}, max_requests: 1}
      - {address: {{.c}}, region: far}
  - name: keyed
    policy: consistent_hash
    hash_on: [header:X-User, client_ip]
    backends: [{address: {{.a}}}, {address: {{.b}}}]
`

func TestExplain(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a, b, c := NewBackend(t, "a", g.holding("a")), NewBackend(t, "b"), NewBackend(t, "c")
	p := Start(t, explained, Vars{"a": a.Address, "b": b.Address, "c": c.Address})
	base := "http://" + p.Addr("web")

	for target, want := range map[string]int{"/ping": 200, "/away": 308, "/nowhere": 404} {
		if e := p.explain("GET", base+target); e.Answer == nil || e.Answer.Status != want || e.Forward != nil {
			t.Errorf("%s: %+v, want %d", target, e, want)
		}
	}
	e := p.explain("GET", base+"/old/y?z=1", "X-Priority: 70")
	f := e.Forward
	if e.Listener != "web" || e.Route != "/old/" || f.Path != "/y" || f.Pool != "app" || f.Priority != 70 || len(f.Limits) != 1 ||
		f.Outcome != "picked" || f.Reason != "home" || f.Region != "near" || f.Backend != a.Address {
		t.Errorf("a request for home: %+v %+v", e, f)
	}
	if r := f.Regions; len(r) != 3 || r[0].Name != "near" || r[0].Capacity != 1 || r[0].Room != 1 || r[1].Name != "far" || r[1].RTT != 80 ||
		!r[1].Permitted || len(r[1].Backends) != 1 || r[1].Backends[0].State != "healthy" || r[2].State != "empty" {
		t.Errorf("the regions are %+v", r)
	}
	if e := p.explain("GET", base+"/x", "X-Spillway-Origin: far", "X-Forwarded-For: 192.0.2.9"); e.Request.ClientIP != "192.0.2.9" || e.Forward.Origin != "far" {
		t.Errorf("a request that another spillway has spilled: %+v %+v", e, e.Forward)
	}
	cookie, _ := get(t, p.Addr("web"), "/x").Fields.Get("Set-Cookie")
	cookie, _, _ = strings.Cut(cookie, ";")
	if f := p.explain("GET", base+"/x", "Cookie: "+cookie).Forward; f.Sticky == nil || !f.Sticky.Used || f.Sticky.Backend != a.Address || f.Reason != "sticky" {
		t.Errorf("a client that was there before, with %q: %+v", cookie, f)
	}
	first, again := p.explain("GET", base+"/keyed", "X-User: 7"), p.explain("GET", base+"/keyed", "X-User: 7")
	if k := first.Forward.Key; k == nil || k.Source != "header:X-User" || k.Value != "7" || first.Forward.Backend != again.Forward.Backend {
		t.Errorf("a keyed request: %+v, and again %+v", first.Forward, again.Forward)
	}
	if r := get(t, p.Addr("web"), "/keyed", "X-User: 7"); !strings.HasPrefix(string(r.Body), map[string]string{a.Address: "a ", b.Address: "b "}[first.Forward.Backend]) {
		t.Errorf("explained %s, done %q", first.Forward.Backend, r.Body)
	}

	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/x", "Cookie: none=1"))
	held.Read("GET")
	held.Send(head("GET", "/old/hold"))
	g.Await(t)
	if f := p.explain("GET", base+"/x").Forward; f.Reason != "spill-full" || f.Backend != c.Address || f.Regions[0].State != "full" || f.Regions[0].Passed != "spill-full" {
		t.Errorf("while home is full: %+v", f)
	}
	if f := p.explain("GET", base+"/kept").Forward; f.Outcome != "full" || f.Regions[1].Permitted {
		t.Errorf("what must stay, while home is full: %+v", f)
	}
	if n := p.Backend(a.Address).Requests; n != 2 {
		t.Errorf("%d requests were counted, want the 2 that were some", n)
	}
}

func TestExplainForPeople(t *testing.T) {
	t.Parallel()
	a, b, c := NewBackend(t, "a"), NewBackend(t, "b"), NewBackend(t, "c")
	p := Start(t, explained, Vars{"a": a.Address, "b": b.Address, "c": c.Address})
	for _, each := range []struct {
		args string
		code int
		want []string
	}{
		{"GET http://example.com/x", 0, []string{"/x", "app, least_conn", "> " + a.Address, "the nearest region has room (home)"}},
		{"http://example.com/keyed -H X-User:7 --client-ip 192.0.2.1", 0, []string{"header:X-User = 7", "from 192.0.2.1"}},
		{"example.com/ping --json", 0, []string{`"status": 200`}},
		{"GET http://example.com/nowhere", 0, []string{"404, no route"}},
		{"GET http://example.com/x --client-ip nobody", 1, []string{`"nobody" is no IP address`}},
		{"GET http://exa<mple.com/x", 1, []string{"refused with 400"}},
		{"GET ftp://example.com/x", 1, []string{"does not begin with http"}},
		{"GET http://example.com/x -H nonsense", 1, []string{"is no header"}},
		{"", 2, []string{"want a method and a URL"}},
	} {
		code, output := command(append(append([]string{"explain"}, strings.Fields(each.args)...), "--admin", p.admin)...)
		if code != each.code {
			t.Errorf("explain %s: exit code %d, %s", each.args, code, output)
		}
		for _, want := range each.want {
			if !strings.Contains(output, want) {
				t.Errorf("explain %s does not print %q:\n%s", each.args, want, output)
			}
		}
	}
}
