package e2e

import (
	"fmt"
	"testing"
)

func TestHundredReloadsUnderLoadKeepHundredTunnels(t *testing.T) {
	tunnels, reloads := 100, 100
	if raceEnabled {
		reloads = 20
	}
	a := NewBackend(t, "a", upgrading("a", echo))
	b := NewBackend(t, "b", upgrading("b", echo))
	p := StartWith(t, Setup{}.Config(a, b), nil, frugal)
	var open []*Client
	for range tunnels {
		open = append(open, openTunnel(t, p.Addr("web")))
	}
	load := StartLoad(t, p.Addr("web"), 8, "/load")
	reload := func(n int) {
		// Each takes away a backend to which half of the tunnels go.
		p.WriteConfig(Setup{}.Config([]*Backend{a, b}[n%2]), nil)
		p.Reload()
		load.Await(t, 20)
		for i, tunnel := range open {
			tunnel.says(fmt.Sprintf("tunnel %d after reload %d", i, n))
		}
	}
	for n := range reloads / 5 {
		reload(n)
	}
	before := p.usage()
	for n := range reloads - reloads/5 {
		reload(n)
	}
	for _, failure := range load.Stop() {
		t.Error(failure)
	}
	if n := load.cut.Load(); n > 0 {
		t.Errorf("%d answers were cut", n)
	}
	p.usesNoMoreThan(before)
}
