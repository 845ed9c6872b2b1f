package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// failing is a script that fails every request below /fail in its way and echoes
// the others.
func failing(name string, fail func(*Exchange)) func(*Backend) {
	return Handling(func(x *Exchange) {
		if strings.HasPrefix(x.Target, "/fail") {
			fail(x)
		} else {
			x.Echo(name)
		}
	})
}

// unejected keeps the backends of a retry test in the pool whatever they do.
const unejected = "policy: round_robin\nejection: off\n"

// retrying lets every request of a test be retried, whatever the budget.
const retrying = unejected + "retries: {budget: 100%}\n"

func TestPostIsNeverDeliveredTwice(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*Exchange){
		"reset": (*Exchange).Reset, "close": (*Exchange).Close,
	} {
		t.Run(name, func(t *testing.T) {
			backends := []*Backend{
				NewBackend(t, "a", failing("a", fail)), NewBackend(t, "b", failing("b", fail)), NewBackend(t, "c", failing("c", fail)),
			}
			p := Setup{Pool: retrying}.Start(t, backends...)
			c := dial(t, p.Addr("web"))
			for i := range 12 {
				// Half of them go over a connection that has served before.
				if i%2 == 1 {
					for range backends {
						c.Get("/warm")
					}
				}
				target := fmt.Sprintf("/fail-%d.", i)
				if r := c.Post(target, "order"); r.Status != 502 {
					t.Errorf("%s: %d, want 502", target, r.Status)
				}
				n := 0
				for _, b := range backends {
					n += b.Count(target)
				}
				if n != 1 {
					t.Errorf("POST %s was delivered %d times", target, n)
				}
			}
		})
	}
}

func TestIdempotentRequestIsRetriedElsewhere(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*Exchange){
		"reset": (*Exchange).Reset,
		"close": (*Exchange).Close,
		"503":   func(x *Exchange) { x.Reply(503, "overloaded") },
		"502":   func(x *Exchange) { x.Reply(502, "bad") },
	} {
		t.Run(name, func(t *testing.T) {
			a := NewBackend(t, "a", failing("a", fail))
			b := NewBackend(t, "b")
			p := Setup{Pool: retrying}.Start(t, a, b)
			c := dial(t, p.Addr("web"))
			for range 20 {
				expect(t, "GET", c.Get("/fail"), 200, "b GET /fail")
			}
			c.Send(head("PUT", "/fail-put", "Content-Length: 5") + "whole")
			expect(t, "PUT", c.Read("PUT"), 200, "b PUT /fail-put")
			c.Send(head("PUT", "/fail-put", "Content-Length: 5") + "whole")
			expect(t, "PUT", c.Read("PUT"), 200, "b PUT /fail-put")
			if a.Count("/fail") == 0 {
				t.Errorf("the failing backend was never asked")
			}
			for _, r := range b.Requests() {
				if r.Method == "PUT" && string(r.Body) != "whole" {
					t.Errorf("a retried PUT came with the body %q", r.Body)
				}
			}
		})
	}
}

func TestRefusedConnectionIsRetriedForEveryMethod(t *testing.T) {
	t.Parallel()
	dead, b := NewBackend(t, "dead"), NewBackend(t, "b")
	dead.Kill()
	p := Setup{Pool: retrying}.Start(t, dead, b)
	c := dial(t, p.Addr("web"))
	for range 10 {
		expect(t, "POST", c.Post("/x", "order"), 200, "b POST /x")
	}
	if n := b.Count("/x"); n != 10 {
		t.Errorf("10 POSTs were delivered %d times", n)
	}
}

func TestRetriesCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a", failing("a", (*Exchange).Reset))
	b := NewBackend(t, "b", failing("b", (*Exchange).Reset))
	p := Setup{Pool: unejected + "retries: {attempts: 0}"}.Start(t, a, b)
	c := dial(t, p.Addr("web"))
	for range 10 {
		if r := c.Get("/fail"); r.Status != 502 {
			t.Errorf("%d, want 502", r.Status)
		}
	}
	if n := a.Count("/fail") + b.Count("/fail"); n != 10 {
		t.Errorf("10 requests were sent %d times", n)
	}
}

func TestBegunResponseIsNotRetried(t *testing.T) {
	t.Parallel()
	cut := func(x *Exchange) {
		x.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
		x.Close()
	}
	a, b := NewBackend(t, "a", failing("a", cut)), NewBackend(t, "b", failing("b", cut))
	p := Setup{Pool: retrying}.Start(t, a, b)
	for i := range 5 {
		c := dial(t, p.Addr("web"))
		c.Send(head("GET", fmt.Sprint("/fail-", i)))
		if answer := c.AwaitEnd(); !strings.HasSuffix(answer, "begun") && !strings.HasPrefix(answer, "HTTP/1.1 502 ") {
			t.Errorf("the client got %q", answer)
		}
		if n := a.Count(fmt.Sprint("/fail-", i)) + b.Count(fmt.Sprint("/fail-", i)); n != 1 {
			t.Errorf("a request whose answer had begun was sent %d times", n)
		}
	}
}

func TestRetryBudgetBoundsTheExtraLoad(t *testing.T) {
	t.Parallel()
	refuse := func(x *Exchange) { x.Reply(503, "overloaded") }
	var backends []*Backend
	for _, name := range []string{"a", "b", "c"} {
		backends = append(backends, NewBackend(t, name, failing(name, refuse)))
	}
	p := Setup{Pool: unejected + "retries: {attempts: 2, budget: 20%}"}.Start(t, backends...)
	const asked = 1000
	c := dial(t, p.Addr("web"))
	for range asked {
		if r := c.Get("/fail"); r.Status != 503 {
			t.Fatalf("%d, want the backend's 503", r.Status)
		}
	}
	sent := 0
	for _, b := range backends {
		sent += b.Count("/fail")
	}
	// Without a budget it would be 3000; a budget may add a floor of its own.
	if sent < asked || sent > asked*3/2 {
		t.Errorf("%d requests became %d", asked, sent)
	}
}

// A backend that answers 503 with Retry-After is left alone for that long while
// another has room; the client hears nothing of it.
func TestRetryAfterOfABackendIsHonoured(t *testing.T) {
	t.Parallel()
	busy := func(x *Exchange) {
		x.Write("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n")
	}
	a := NewBackend(t, "a", failing("a", busy))
	b := NewBackend(t, "b")
	p := Setup{Pool: "policy: least_conn\nejection: off\nretries: {budget: 100%}\n"}.Start(t, a, b)
	c := dial(t, p.Addr("web"))
	for range 60 {
		if r := c.Get("/fail"); r.Status != 200 {
			t.Fatalf("status %d, want 200", r.Status)
		}
	}
	if n := a.Count("/fail"); n > 3 {
		t.Errorf("a backend that asked to be left alone was sent %d of 60 requests", n)
	}
}
