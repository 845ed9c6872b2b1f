package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// regional is a pool over this instance's region, near, and another, far.
func regional(pool string, near, far []*Backend, keys string) string {
	var b strings.Builder
	b.WriteString(`
region: near
regions: {far: {rtt: 80ms}}
listeners: [{name: web, address: {{listen "web"}}}]
routes: [{match: {path: /}, pool: app}]
pools:
  - name: app
    health_check: {type: tcp, interval: 50ms, timeout: 1s, rise: 1, fall: 1}
`)
	for line := range strings.Lines(pool) {
		b.WriteString("    " + strings.TrimSpace(line) + "\n")
	}
	b.WriteString("    backends:\n")
	for _, backend := range near {
		fmt.Fprintf(&b, "      - {address: %s%s}\n", backend.Address, keys)
	}
	for _, backend := range far {
		fmt.Fprintf(&b, "      - {address: %s, region: far%s}\n", backend.Address, keys)
	}
	return b.String()
}

// share asks n times and counts the answers of each backend.
func share(t testing.TB, p *Proxy, n int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	c := dial(t, p.Addr("web"))
	defer c.Close()
	for range n {
		r := c.Get("/x")
		if r.Status != 200 {
			t.Fatalf("status %d %.80q, want 200", r.Status, r.Body)
		}
		counts[askedOf(r.Body)]++
	}
	return counts
}

// awaitOnly waits until every answer comes from these backends.
func awaitOnly(t testing.TB, p *Proxy, names string) {
	t.Helper()
	eventually(t, "only "+names+" answers", func() bool {
		for name := range share(t, p, 20) {
			if !strings.Contains(names, name) {
				return false
			}
		}
		return true
	})
}

func TestRegions(t *testing.T) {
	t.Parallel()
	near := []*Backend{NewBackend(t, "a"), NewBackend(t, "b")}
	far := []*Backend{NewBackend(t, "c")}
	p := Start(t, regional("retries: {budget: 100%}", near, far, ""), nil)

	if counts := share(t, p, 60); counts["c"] > 0 || counts["a"] == 0 || counts["b"] == 0 {
		t.Errorf("while the own region has room: %v", counts)
	}
	near[0].Kill()
	p.AwaitState(near[0].Address, "unhealthy")
	near[1].Kill()
	p.AwaitState(near[1].Address, "unhealthy")
	if counts := share(t, p, 20); counts["c"] != 20 {
		t.Errorf("while the own region is down: %v", counts)
	}
	near[0].Start()
	p.AwaitState(near[0].Address, "healthy")
	awaitOnly(t, p, "a")
}

func TestRegionDrainAndUndrain(t *testing.T) {
	t.Parallel()
	near, far := []*Backend{NewBackend(t, "a")}, []*Backend{NewBackend(t, "c")}
	p := Start(t, regional("", near, far, ""), nil)
	awaitOnly(t, p, "a")
	if status, answer := p.Admin("POST", "/api/drain", `{"region":"near"}`); status != 200 {
		t.Fatalf("POST /api/drain: %d %s", status, answer)
	}
	awaitOnly(t, p, "c")
	p.AwaitState(near[0].Address, "draining")
	p.Reload()
	if counts := share(t, p, 20); counts["c"] != 20 {
		t.Errorf("a reload took the drain back: %v", counts)
	}
	if status, answer := p.Admin("POST", "/api/undrain", `{"region":"near"}`); status != 200 {
		t.Fatalf("POST /api/undrain: %d %s", status, answer)
	}
	awaitOnly(t, p, "a")
}

func TestFullRegionSpills(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	near := []*Backend{NewBackend(t, "a", g.holding("a"))}
	far := []*Backend{NewBackend(t, "c", g.holding("c"))}
	p := Start(t, regional("", near, far, ", max_requests: 2"), nil)
	var held []*Client
	for range 4 {
		c := dial(t, p.Addr("web"))
		c.Send(head("GET", "/hold"))
		g.Await(t)
		held = append(held, c)
	}
	if a, c := near[0].Count("/hold"), far[0].Count("/hold"); a != 2 || c != 2 {
		t.Errorf("of four held requests %d stayed home and %d left, want 2 and 2", a, c)
	}
	if r := get(t, p.Addr("web"), "/x"); r.Status != 503 {
		t.Errorf("beyond both regions: %d, want 503", r.Status)
	}
	g.Open()
	for _, c := range held {
		c.Read("GET")
	}
	eventually(t, "the home region has room again", func() bool { return p.inflight() == 0 })
	if counts := share(t, p, 20); counts["a"] != 20 {
		t.Errorf("with room at home again: %v", counts)
	}
}

func TestSpillCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	near := []*Backend{NewBackend(t, "a", g.holding("a"))}
	far := []*Backend{NewBackend(t, "c", g.holding("c"))}
	p := Start(t, regional("spill: off", near, far, ", max_requests: 1"), nil)
	c := dial(t, p.Addr("web"))
	c.Send(head("GET", "/hold"))
	g.Await(t)
	if r := get(t, p.Addr("web"), "/x"); r.Status != 503 {
		t.Errorf("full, and not allowed to spill: %d, want 503", r.Status)
	}
	if n := far[0].Count("/"); n > 0 {
		t.Errorf("%d requests left the region", n)
	}
}

func TestBackupIsTheLastTierOfItsRegion(t *testing.T) {
	t.Parallel()
	a, spare := NewBackend(t, "a"), NewBackend(t, "spare")
	p := Start(t, `
listeners: [{name: web, address: {{listen "web"}}}]
routes: [{match: {path: /}, pool: app}]
pools:
  - name: app
    health_check: {type: tcp, interval: 50ms, timeout: 1s, rise: 1, fall: 1}
    backends: [{address: {{.a}}}, {address: {{.spare}}, backup: true}]
`, Vars{"a": a.Address, "spare": spare.Address})
	if counts := share(t, p, 30); counts["a"] != 30 {
		t.Errorf("while the others live: %v", counts)
	}
	a.Kill()
	p.AwaitState(a.Address, "unhealthy")
	if counts := share(t, p, 10); counts["spare"] != 10 {
		t.Errorf("when all others are down: %v", counts)
	}
}
