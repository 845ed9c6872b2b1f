package e2e

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd is a script that counts how many requests a backend has at once.
type crowd struct{ now, most atomic.Int64 }

func (c *crowd) serving(name string) func(*Backend) {
	return Handling(func(x *Exchange) {
		n := c.now.Add(1)
		for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
		}
		time.Sleep(2 * time.Millisecond)
		c.now.Add(-1)
		x.Echo(name)
	})
}

func TestMaxRequestsIsExactAcrossClients(t *testing.T) {
	t.Parallel()
	var a, b crowd
	p := Setup{Backend: "max_requests: 3", Pool: "queue: {size: 100, timeout: 10s}"}.Start(t,
		NewBackend(t, "a", a.serving("a")), NewBackend(t, "b", b.serving("b")))
	var clients sync.WaitGroup
	for range 24 {
		c := dial(t, p.Addr("web"))
		clients.Go(func() {
			for range 20 {
				if r := c.Get("/x"); r.Status != 200 {
					t.Errorf("status %d %.60q, want 200", r.Status, r.Body)
				}
			}
		})
	}
	clients.Wait()
	for name, c := range map[string]*crowd{"a": &a, "b": &b} {
		if most := c.most.Load(); most != 3 {
			t.Errorf("%s had at most %d requests at once, want 3 of 24 clients", name, most)
		}
	}
}

func TestFullPoolWithoutQueueIs503(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := NewBackend(t, "a", g.holding("a"))
	p := Setup{Backend: "max_requests: 1"}.Start(t, a)
	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/hold"))
	g.Await(t)
	r := get(t, p.Addr("web"), "/x")
	if after, _ := r.Fields.Get("Retry-After"); r.Status != 503 || after == "" {
		t.Errorf("full: %d with Retry-After %q, want 503 with one", r.Status, after)
	}
	g.Open()
	expect(t, "the one that had the place", held.Read("GET"), 200, "a GET /hold")
	eventually(t, "the place is free again", func() bool { return get(t, p.Addr("web"), "/x").Status == 200 })
}

func TestQueueGivesUpAfterItsTimeout(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := Setup{Backend: "max_requests: 1", Pool: "queue: {size: 10, timeout: 200ms}"}.Start(t, NewBackend(t, "a", g.holding("a")))
	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/hold"))
	g.Await(t)
	r := get(t, p.Addr("web"), "/x")
	if after, _ := r.Fields.Get("Retry-After"); r.Status != 503 || after == "" {
		t.Errorf("waited in vain: %d with Retry-After %q, want 503 with one", r.Status, after)
	}
	g.Open()
	expect(t, "the one that had the place", held.Read("GET"), 200, "a GET /hold")
}

// In which order is balancer's to say: in that of arrival while the queue drains,
// and the newest first while it stands as long as here.
func TestQueueServesAllThatWait(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := NewBackend(t, "a", g.holding("a"))
	p := Setup{Backend: "max_requests: 1", Pool: "queue: {size: 5, timeout: 30s}"}.Start(t, a)
	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/hold"))
	g.Await(t)
	var waiting []*Client
	for i := range 5 {
		c := dial(t, p.Addr("web"))
		c.Send(head("GET", fmt.Sprint("/queued-", i)))
		waiting = append(waiting, c)
		p.awaitQueued(i + 1)
	}
	beyond := dial(t, p.Addr("web"))
	if r := beyond.Get("/beyond"); r.Status != 503 {
		t.Errorf("beyond the queue's size: %d, want 503", r.Status)
	}
	g.Open()
	expect(t, "the first", held.Read("GET"), 200, "a GET /hold")
	for i, c := range waiting {
		expect(t, "queued", c.Read("GET"), 200, fmt.Sprint("a GET /queued-", i))
	}
	var order []string
	for _, r := range a.Requests() {
		order = append(order, r.Target)
	}
	slices.Sort(order)
	if got := strings.Join(order, " "); got != "/hold /queued-0 /queued-1 /queued-2 /queued-3 /queued-4" {
		t.Errorf("the backend was asked for %s", got)
	}
}

func TestAbandonedPlaceInTheQueueIsNotServed(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := NewBackend(t, "a", g.holding("a"))
	p := Setup{Backend: "max_requests: 1", Pool: "queue: {size: 5, timeout: 30s}"}.Start(t, a)
	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/hold"))
	g.Await(t)
	gone := dial(t, p.Addr("web"))
	io.WriteString(gone, head("GET", "/gone"))
	p.awaitQueued(1)
	gone.Reset()
	p.awaitQueued(0)
	g.Open()
	expect(t, "the first", held.Read("GET"), 200, "a GET /hold")
	expect(t, "the next", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	if n := a.Count("/gone"); n != 0 {
		t.Errorf("a request whose client had gone was sent %d times", n)
	}
}

// awaitQueued waits until so many requests wait for a backend with room.
func (p *Proxy) awaitQueued(n int) {
	p.t.Helper()
	eventually(p.t, fmt.Sprint(n, " requests wait"), func() bool {
		waiting, _ := p.Metric("spillway_pool_queue_waiting")
		return waiting == float64(n)
	})
}
