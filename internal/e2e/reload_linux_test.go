package e2e

import "testing"

func TestReloadsLeakNothing(t *testing.T) {
	t.Parallel()
	checks := "health_check: {type: tcp, interval: 1s, timeout: 1s, rise: 1, fall: 1}"
	a, b := NewBackend(t, "a"), NewBackend(t, "b")
	p := Setup{Pool: checks}.Start(t, a, b)
	round := func() {
		for _, backends := range [][]*Backend{{b}, {a}, {a, b}} {
			p.WriteConfig(Setup{Pool: checks}.Config(backends...), nil)
			p.Reload()
			c := dial(t, p.Addr("web"))
			for range 4 {
				c.Get("/x")
			}
			c.Close()
		}
	}
	goroutines := func() float64 {
		n, ok := p.Metric("go_goroutines")
		if !ok {
			t.Fatal("GET /metrics has no go_goroutines")
		}
		return n
	}
	for range 3 {
		round()
	}
	files, routines := p.openFiles(), goroutines()
	for range 15 {
		round()
	}
	// What is retired may take a moment to go; a leak of one each reload would be 45.
	eventually(t, "as many files are open as before 45 reloads", func() bool { return p.openFiles() <= files+8 })
	eventually(t, "as many goroutines run as before 45 reloads", func() bool { return goroutines() <= routines+8 })
}
