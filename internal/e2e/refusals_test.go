package e2e

import (
	"testing"
)

func TestNoRouteIs404(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	p := Start(t, `
listeners: [{name: web, address: {{listen "web"}}}]
routes: [{match: {host: known.example, path: /app/}, pool: app}]
pools: [{name: app, backends: [{address: {{.a}}}]}]
`, Vars{"a": a.Address})
	c := dial(t, p.Addr("web"))
	for _, r := range []struct {
		host, target string
		status       int
	}{
		{"known.example", "/app/x", 200}, {"KNOWN.example", "/app/", 200}, {"known.example", "/application", 404},
		{"other.example", "/app/x", 404}, {"known.example", "/", 404},
	} {
		if got := c.Get(r.target, "Host: "+r.host); got.Status != r.status {
			t.Errorf("%s%s: %d, want %d", r.host, r.target, got.Status, r.status)
		}
	}
}

func TestDeadBackendIs502(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	a.Kill()
	p := Setup{}.Start(t, a)
	if r := get(t, p.Addr("web"), "/x"); r.Status != 502 {
		t.Errorf("nobody listens: %d, want 502", r.Status)
	}
}

func TestNoAvailableBackendIs503(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	p := Setup{Pool: "health_check: {type: tcp, interval: 50ms, timeout: 1s, rise: 1, fall: 1}"}.Start(t, a)
	expect(t, "while healthy", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	a.Kill()
	p.AwaitState(a.Address, "unhealthy")
	r := get(t, p.Addr("web"), "/x")
	if after, _ := r.Fields.Get("Retry-After"); r.Status != 503 || after == "" {
		t.Errorf("no backend: %d with Retry-After %q, want 503 with one", r.Status, after)
	}
	a.Start()
	p.AwaitState(a.Address, "healthy")
	expect(t, "healthy again", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
}

func TestSilentBackendIs504(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := NewBackend(t, "a", g.holding("a"))
	p := Setup{Pool: "timeouts: {response: 300ms}"}.Start(t, a)
	c := dial(t, p.Addr("web"))
	if r := c.Get("/hold"); r.Status != 504 {
		t.Errorf("no first byte: %d, want 504", r.Status)
	}
	expect(t, "afterwards", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	if n := a.Count("/hold"); n != 1 {
		t.Errorf("a request that timed out was sent %d times", n)
	}
}

func TestRequestTimeoutBoundsTheWholeExchange(t *testing.T) {
	t.Parallel()
	ended := make(chan bool, 1)
	a := NewBackend(t, "a", Handling(func(x *Exchange) {
		x.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")
		ended <- x.AwaitEnd()
	}))
	p := Setup{Route: "timeouts: {request: 300ms}"}.Start(t, a)
	c := dial(t, p.Addr("web"))
	c.Send(head("GET", "/x"))
	c.AwaitEnd()
	if !receive(t, "the script ends", ended) {
		t.Errorf("the backend's exchange goes on")
	}
}

func TestRouteActions(t *testing.T) {
	t.Parallel()
	a, b := NewBackend(t, "a"), NewBackend(t, "b")
	p := Start(t, `
listeners: [{name: web, address: {{listen "web"}}}]
routes:
  - match: {path: "= /ping"}
    respond: {status: 200, body: pong, headers: {Content-Type: text/plain}}
  - match: {path: /moved/}
    redirect: {to: "https://{host}{path}{query}", status: 308}
  - match: {path: /old/}
    strip_prefix: /old
    request_headers: {set: {X-Env: prod}, remove: [X-Debug]}
    response_headers: {set: {X-Served: yes-sir}, remove: [X-Backend]}
    pool: a
  - match: {path: /v1/}
    rewrite: {regex: '^/v1/(.*)$', to: '/new/$1'}
    pool: a
  - match: {path: /}
    split: [{pool: a, weight: 90}, {pool: b, weight: 10}]
pools:
  - {name: a, backends: [{address: {{.a}}}]}
  - {name: b, backends: [{address: {{.b}}}]}
`, Vars{"a": a.Address, "b": b.Address})
	c := dial(t, p.Addr("web"))
	expect(t, "respond", c.Get("/ping"), 200, "pong")
	r := c.Get("/moved/here?x=1", "Host: site.example")
	if to, _ := r.Fields.Get("Location"); r.Status != 308 || to != "https://site.example/moved/here?x=1" {
		t.Errorf("redirect: %d to %q", r.Status, to)
	}
	r = c.Get("/old/page?q=2", "X-Debug: 1")
	expect(t, "strip_prefix", r, 200, "a GET /page?q=2")
	if served, _ := r.Fields.Get("X-Served"); served != "yes-sir" {
		t.Errorf("X-Served is %q", served)
	}
	if name, present := r.Fields.Get("X-Backend"); present {
		t.Errorf("X-Backend: %q was not removed", name)
	}
	fields := a.Requests()[0].Fields
	env, _ := fields.Get("X-Env")
	if _, debug := fields.Get("X-Debug"); env != "prod" || debug {
		t.Errorf("the backend got %q", fields)
	}
	expect(t, "rewrite", c.Get("/v1/page"), 200, "a GET /new/page")
	for range 300 {
		c.Get("/split")
	}
	if n := b.Count("/split"); n == 0 || n > 90 {
		t.Errorf("a tenth of 300 requests is %d", n)
	}
}
