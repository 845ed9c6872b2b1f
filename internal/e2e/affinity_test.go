package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// three starts three backends that name themselves in their answers.
func three(t testing.TB) []*Backend {
	return []*Backend{NewBackend(t, "a"), NewBackend(t, "b"), NewBackend(t, "c")}
}

// askedOf is the name of the backend that answered.
func askedOf(body []byte) string {
	name, _, _ := strings.Cut(string(body), " ")
	return name
}

func TestRoundRobinSharesEvenly(t *testing.T) {
	t.Parallel()
	p := Setup{Pool: "policy: round_robin"}.Start(t, three(t)...)
	c := dial(t, p.Addr("web"))
	counts := map[string]int{}
	for range 90 {
		counts[askedOf(c.Get("/x").Body)]++
	}
	for _, name := range []string{"a", "b", "c"} {
		if counts[name] < 28 || counts[name] > 32 {
			t.Errorf("of 90 requests in turn %s got %d", name, counts[name])
		}
	}
}

func TestEveryPolicyUsesEveryBackend(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"least_conn", "p2c", "random", "peak_ewma", "consistent_hash"} {
		t.Run(policy, func(t *testing.T) {
			p := Setup{Pool: "policy: " + policy + "\nhash_on: [header:X-User]"}.Start(t, three(t)...)
			counts := map[string]int{}
			c := dial(t, p.Addr("web"))
			for range 200 {
				counts[askedOf(c.Get("/x").Body)]++
			}
			if len(counts) != 3 {
				t.Errorf("200 requests went to %v", counts)
			}
		})
	}
}

func TestLeastConnAvoidsTheBusyBackend(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a, b := NewBackend(t, "a", g.holding("a")), NewBackend(t, "b", g.holding("b"))
	p := Setup{Pool: "policy: least_conn"}.Start(t, a, b)
	// Whichever gets the first two holds them; the two must be apart.
	for range 2 {
		c := dial(t, p.Addr("web"))
		c.Send(head("GET", "/hold"))
		g.Await(t)
	}
	if a.Count("/hold") != 1 || b.Count("/hold") != 1 {
		t.Errorf("two held requests went %d to a and %d to b", a.Count("/hold"), b.Count("/hold"))
	}
}

func TestConsistentHashKeepsAKeyOnItsBackend(t *testing.T) {
	t.Parallel()
	backends := three(t)
	const checks = "health_check: {type: tcp, interval: 50ms, timeout: 1s, rise: 1, fall: 1}"
	p := Setup{Pool: "policy: consistent_hash\nhash_on: [header:X-User]\n" + checks}.Start(t, backends...)
	c := dial(t, p.Addr("web"))
	where := func() map[string]string {
		at := map[string]string{}
		for i := range 60 {
			user := fmt.Sprint("user-", i)
			for range 2 {
				name := askedOf(c.Get("/x", "X-User: "+user).Body)
				if at[user] != "" && at[user] != name {
					t.Errorf("%s went to %s and to %s", user, at[user], name)
				}
				at[user] = name
			}
		}
		return at
	}
	before := where()
	used := map[string]bool{}
	for _, name := range before {
		used[name] = true
	}
	if len(used) != 3 {
		t.Errorf("60 keys went to %d of 3 backends", len(used))
	}
	backends[0].Kill()
	p.AwaitState(backends[0].Address, "unhealthy")
	for user, name := range where() {
		if before[user] != "a" && before[user] != name {
			t.Errorf("%s moved from %s to %s though its backend lives", user, before[user], name)
		}
	}
	backends[0].Start()
	p.AwaitState(backends[0].Address, "healthy")
	for user, name := range where() {
		if before[user] != name {
			t.Errorf("%s was on %s and came back to %s", user, before[user], name)
		}
	}
}

func TestStickyCookieKeepsAClientOnItsBackend(t *testing.T) {
	t.Parallel()
	backends := three(t)
	const checks = "health_check: {type: tcp, interval: 50ms, timeout: 1s, rise: 1, fall: 1}"
	p := Setup{Pool: "policy: round_robin\nsticky: {cookie: SRV, ttl: 1h}\n" + checks}.Start(t, backends...)
	cookies := map[string]string{} // backend to cookie
	for range 12 {
		r := get(t, p.Addr("web"), "/x")
		set, _ := r.Fields.Get("Set-Cookie")
		pair, attributes, _ := strings.Cut(set, ";")
		name, value, _ := strings.Cut(pair, "=")
		if name != "SRV" || value == "" || !strings.Contains(attributes, "Max-Age=3600") {
			t.Fatalf("Set-Cookie: %q, want SRV for an hour", set)
		}
		for _, b := range backends {
			if strings.Contains(set, b.Address) || strings.Contains(set, "127.0.0.1") {
				t.Errorf("the cookie tells the backend's address: %q", set)
			}
		}
		cookies[askedOf(r.Body)] = pair
	}
	if len(cookies) != 3 {
		t.Fatalf("12 new clients went to %d of 3 backends", len(cookies))
	}
	for name, cookie := range cookies {
		for range 5 {
			if got := askedOf(get(t, p.Addr("web"), "/x", "Cookie: other=1; "+cookie).Body); got != name {
				t.Errorf("the cookie of %s led to %s", name, got)
			}
		}
	}
	for _, bogus := range []string{"SRV=", "SRV=nonsense", "SRV=\"\x7f\""} {
		if r := get(t, p.Addr("web"), "/x", "Cookie: "+bogus); r.Status != 200 && r.Status != 400 {
			t.Errorf("Cookie: %q got %d", bogus, r.Status)
		}
	}
	backends[1].Kill()
	p.AwaitState(backends[1].Address, "unhealthy")
	r := get(t, p.Addr("web"), "/x", "Cookie: "+cookies["b"])
	set, _ := r.Fields.Get("Set-Cookie")
	if name := askedOf(r.Body); name == "b" || !strings.HasPrefix(set, "SRV=") || strings.HasPrefix(set, cookies["b"]+";") {
		t.Errorf("after the death of its backend the client went to %s with Set-Cookie %q", name, set)
	}
}
