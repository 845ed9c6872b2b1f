package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// usage is what a process that reloads again and again must not use more and more of.
type usage struct {
	files, goroutines int
	memory            int64 // in RAM
}

func (p *Proxy) usage() usage {
	p.t.Helper()
	goroutines, ok := p.Metric("go_goroutines")
	if !ok {
		p.t.Fatal("GET /metrics has no go_goroutines")
	}
	return usage{p.openFiles(), int(goroutines), p.residentBytes()}
}

func TestReloadsLeakNothing(t *testing.T) {
	t.Parallel()
	reloads := 1000
	memory := int64(8 << 20)
	if raceEnabled {
		reloads, memory = 150, 32<<20
	}
	checks := "health_check: {type: tcp, interval: 1s, timeout: 1s, rise: 1, fall: 1}"
	a, b := NewBackend(t, "a"), NewBackend(t, "b")
	p := Setup{Pool: checks}.Start(t, a, b)
	more, n := freeAddress(t), 0
	reload := func(times int) {
		for range times {
			// Its backends change, and a listener, a route and a pool that no configuration had before.
			config := Setup{Pool: checks}.Config([][]*Backend{{b}, {a}, {a, b}}[n%3]...)
			config = strings.Replace(config, "routes:\n", fmt.Sprintf("routes:\n  - {match: {path: /%d/}, pool: pool-%d}\n", n, n), 1)
			config += fmt.Sprintf("  - {name: pool-%d, retries: {budget: %d%%}, backends: [{address: %s}]}\n", n, n%100, a.Address)
			p.WriteConfig(config, nil)
			if n%2 == 1 {
				p.appendListener("more", more)
			}
			p.Reload()
			if n%2 == 0 {
				p.refuses(more)
			}
			if n++; n%10 == 0 {
				c := dial(t, p.Addr("web"))
				for range 4 {
					c.Get(fmt.Sprintf("/%d/x", n-1))
				}
				c.Close()
			}
		}
	}
	reload(reloads / 5)
	before := p.usage()
	reload(reloads - reloads/5)
	// What is retired may take a moment to go. One of anything left behind by each reload is far more.
	var after usage
	t.Cleanup(func() { t.Logf("before: %+v; after %d more reloads: %+v", before, reloads-reloads/5, after) })
	for what, holds := range map[string]func() bool{
		"as many files are open as before":     func() bool { return after.files <= before.files+8 },
		"as many goroutines run as before":     func() bool { return after.goroutines <= before.goroutines+8 },
		"as much memory is resident as before": func() bool { return after.memory <= before.memory+memory },
	} {
		eventually(t, what, func() bool {
			after = p.usage()
			return holds()
		})
	}
}
