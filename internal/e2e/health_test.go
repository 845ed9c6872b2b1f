package e2e

import (
	"strings"
	"sync/atomic"
	"testing"
)

func TestHTTPChecksDecideByTheirExpectation(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	a := NewBackend(t, "a", Handling(func(x *Exchange) {
		switch {
		case x.Target == "/healthz" && sick.Load():
			x.Reply(500, "sick")
		case x.Target == "/healthz":
			x.Reply(200, "fine")
		default:
			x.Echo("a")
		}
	}))
	b := NewBackend(t, "b")
	p := Setup{Pool: "health_check: {type: http, path: /healthz, interval: 50ms, timeout: 1s, rise: 2, fall: 2}"}.Start(t, a, b)
	p.AwaitState(a.Address, "healthy")
	sick.Store(true)
	p.AwaitState(a.Address, "unhealthy")
	if reason := p.Backend(a.Address).Reason; !strings.Contains(reason, "500") {
		t.Errorf("the reason does not name the status: %q", reason)
	}
	if counts := share(t, p, 20); counts["b"] != 20 {
		t.Errorf("while a is sick: %v", counts)
	}
	sick.Store(false)
	p.AwaitState(a.Address, "healthy")
	if counts := share(t, p, 40); counts["a"] == 0 {
		t.Errorf("after a is well again: %v", counts)
	}
}

func TestFailuresEjectABackendForATime(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	a := NewBackend(t, "a", Handling(func(x *Exchange) {
		if sick.Load() {
			x.Reset()
		} else {
			x.Echo("a")
		}
	}))
	b := NewBackend(t, "b")
	p := Setup{Pool: "policy: round_robin\nretries: {budget: 100%}\nejection: {failures: 3, window: 10s, time: 1s, keep_at_least: 1}"}.Start(t, a, b)
	sick.Store(true)
	c := dial(t, p.Addr("web"))
	eventually(t, "a is ejected", func() bool {
		if r := c.Get("/x"); r.Status != 200 {
			t.Errorf("a request to the failing backend was not retried: %d", r.Status)
		}
		return p.Backend(a.Address).State == "ejected"
	})
	if reason := p.Backend(a.Address).Reason; reason == "" {
		t.Errorf("no reason for the ejection")
	}
	sick.Store(false)
	eventually(t, "a is back after its time", func() bool { return share(t, p, 4)["a"] > 0 })
	p.AwaitState(a.Address, "healthy")
}

func TestTheLastBackendIsNeverEjected(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a", failing("a", (*Exchange).Reset))
	p := Setup{Pool: "ejection: {failures: 2, window: 10s, time: 1h, keep_at_least: 1}"}.Start(t, a)
	c := dial(t, p.Addr("web"))
	for range 10 {
		if r := c.Get("/fail"); r.Status != 502 {
			t.Errorf("%d, want 502", r.Status)
		}
	}
	expect(t, "the only backend is still asked", c.Get("/x"), 200, "a GET /x")
}

func TestDrainedBackendFinishesWhatItHas(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a, b := NewBackend(t, "a", g.holding("a")), NewBackend(t, "b", g.holding("b"))
	p := Setup{Pool: "policy: round_robin"}.Start(t, a, b)
	var held []*Client
	for range 2 {
		c := dial(t, p.Addr("web"))
		c.Send(head("GET", "/hold"))
		g.Await(t)
		held = append(held, c)
	}
	who := `{"pool":"app","backend":"` + a.Address + `"}`
	if status, answer := p.Admin("POST", "/api/drain", who); status != 200 {
		t.Fatalf("POST /api/drain: %d %s", status, answer)
	}
	p.AwaitState(a.Address, "draining")
	if counts := share(t, p, 20); counts["b"] != 20 {
		t.Errorf("while a drains: %v", counts)
	}
	g.Open()
	for _, c := range held {
		if r := c.Read("GET"); r.Status != 200 {
			t.Errorf("a running exchange of a drained backend got %d", r.Status)
		}
	}
	if status, answer := p.Admin("POST", "/api/undrain", who); status != 200 {
		t.Fatalf("POST /api/undrain: %d %s", status, answer)
	}
	p.AwaitState(a.Address, "healthy")
	if counts := share(t, p, 20); counts["a"] == 0 {
		t.Errorf("after the drain was taken back: %v", counts)
	}
	if status, _ := p.Admin("POST", "/api/drain", `{"pool":"app","backend":"127.0.0.1:1"}`); status < 400 || status >= 500 {
		t.Errorf("draining an unknown backend: %d, want 4xx", status)
	}
}
