package e2e

import "testing"

func TestAFullQueueRefusesTheLeastImportant(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := NewBackend(t, "a", g.holding("a"))
	p := Setup{
		Listener: "trusted_proxies: [127.0.0.0/8]", Route: "priority: {header: X-Priority}",
		Backend: "max_requests: 1", Pool: "queue: {size: 1, timeout: 30s}",
	}.Start(t, a)
	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/hold"))
	g.Await(t)
	low := dial(t, p.Addr("web"))
	low.Send(head("GET", "/low", "X-Priority: 10"))
	p.awaitQueued(1)
	high := dial(t, p.Addr("web"))
	high.Send(head("GET", "/high", "X-Priority: 90"))
	r := low.Read("GET")
	if after, _ := r.Fields.Get("Retry-After"); r.Status != 503 || after == "" {
		t.Errorf("whoever makes room gets %d with Retry-After %q, want 503 with one", r.Status, after)
	}
	if r := get(t, p.Addr("web"), "/late", "X-Priority: 20"); r.Status != 503 {
		t.Errorf("the less important gets %d from a full queue, want 503", r.Status)
	}
	g.Open()
	expect(t, "the first", held.Read("GET"), 200, "a GET /hold")
	expect(t, "the important", high.Read("GET"), 200, "a GET /high")
	if n := a.Count("/low") + a.Count("/late"); n > 0 {
		t.Errorf("%d refused requests reached the backend", n)
	}
}
