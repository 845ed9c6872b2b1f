package e2e

import (
	"strings"
	"testing"
)

// Setup is the configuration that most tests vary: the listener web in front of
// the pool app. Each string is more YAML keys for its place, one a line.
type Setup struct {
	Listener, Route, Pool, Top string
	Backend                    string // more keys for every backend, as in a flow mapping
}

// Config is the configuration's text.
func (s Setup) Config(backends ...*Backend) string {
	var b strings.Builder
	add := func(indent, lines string) {
		for line := range strings.Lines(lines) {
			b.WriteString(indent + strings.TrimRight(line, "\n") + "\n")
		}
	}
	add("", s.Top)
	add("", "listeners:\n  - name: web\n    address: {{listen \"web\"}}")
	add("    ", s.Listener)
	add("", "routes:\n  - match: {path: /}\n    pool: app")
	add("    ", s.Route)
	add("", "pools:\n  - name: app")
	add("    ", s.Pool)
	add("    ", "backends:")
	for _, backend := range backends {
		keys := "address: " + backend.Address
		if s.Backend != "" {
			keys += ", " + s.Backend
		}
		add("      ", "- {"+keys+"}")
	}
	return b.String()
}

// Start runs spillway with it.
func (s Setup) Start(t testing.TB, backends ...*Backend) *Proxy {
	t.Helper()
	return Start(t, s.Config(backends...), nil)
}

// gate holds scripts until it is opened, and tells how many wait at it.
type gate struct {
	arrived chan string
	open    chan struct{}
}

// newGate returns a closed gate; whoever still waits when the test ends goes on.
func newGate(t testing.TB) *gate {
	g := &gate{arrived: make(chan string, 1000), open: make(chan struct{})}
	t.Cleanup(g.Open)
	return g
}

// Open lets everybody pass from now on.
func (g *gate) Open() {
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

// Wait is what a script does at the gate.
func (g *gate) Wait(x *Exchange) {
	g.arrived <- x.Target
	select {
	case <-g.open:
	case <-x.Conn.dead:
	}
}

// Await waits until one more request is at the gate.
func (g *gate) Await(t testing.TB) string {
	t.Helper()
	return receive(t, "a request reaches the backend", g.arrived)
}

// holding is a script that keeps every request below /hold at the gate.
func (g *gate) holding(name string) func(*Backend) {
	return Handling(func(x *Exchange) {
		if strings.HasPrefix(x.Target, "/hold") {
			g.Wait(x)
		}
		x.Echo(name)
	})
}
