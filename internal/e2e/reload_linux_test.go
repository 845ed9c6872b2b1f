package e2e

import (
	"fmt"
	"os/exec"
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

// usesNoMoreThan waits until the process uses about what it used before. What is
// retired may take a moment to go; what each of many reloads left behind would be far more.
func (p *Proxy) usesNoMoreThan(before usage) {
	p.t.Helper()
	memory := int64(4 << 20)
	if raceEnabled {
		memory = 32 << 20 // the detector keeps notes
	}
	var now usage
	p.t.Cleanup(func() { p.t.Logf("before: %+v; in the end: %+v", before, now) })
	for what, holds := range map[string]func() bool{
		"as many files are open as before":     func() bool { return now.files <= before.files+8 },
		"as many goroutines run as before":     func() bool { return now.goroutines <= before.goroutines+8 },
		"as much memory is resident as before": func() bool { return now.memory <= before.memory+memory },
	} {
		eventually(p.t, what, func() bool {
			now = p.usage()
			return holds()
		})
	}
}

// frugal has the process collect its garbage often, so that its memory tells what it keeps.
func frugal(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "GOGC=10") }

func TestReloadsLeakNothing(t *testing.T) {
	t.Parallel()
	reloads := 1000
	if raceEnabled {
		reloads = 150
	}
	checks := "health_check: {type: tcp, interval: 1s, timeout: 1s, rise: 1, fall: 1}"
	a, b := NewBackend(t, "a"), NewBackend(t, "b")
	p := StartWith(t, Setup{Pool: checks}.Config(a, b), nil, frugal)
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
	p.usesNoMoreThan(before)
}
