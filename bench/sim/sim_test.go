package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// brief is the usual situation with a surge, in little time.
func brief() *scenario {
	s := usual("brief", "Brief", "A short surge.", 6*second, steps(0, 1500, 2, 4000, 5, 1500))
	s.settled, s.judged = [2]int64{2 * second, 5 * second}, [2]int64{2 * second, 5 * second}
	return s
}

func runOne(s *scenario, policy string, seed uint64) *trial {
	t := &trial{label: policy, scenario: s, policy: policy}
	t.run(seed)
	return t
}

func TestTheSameSeedIsTheSameRun(t *testing.T) {
	for _, s := range []*scenario{troubled()} {
		for _, name := range policyNames {
			a, b, other := runOne(s, name, 7), runOne(s, name, 7), runOne(s, name, 8)
			if tables(s, a) != tables(s, b) {
				t.Errorf("%s, %s: two runs of one seed differ:\n%s\n%s", s.name, name, tables(s, a), tables(s, b))
			}
			if tables(s, a) == tables(s, other) {
				t.Errorf("%s, %s: two seeds give the same run", s.name, name)
			}
		}
	}
}

func tables(s *scenario, list ...*trial) string {
	var out bytes.Buffer
	writeTable(&out, s, list, nil)
	writePlot(&out, s, list)
	return out.String()
}

// troubled has all faults at once.
func troubled() *scenario {
	s := brief()
	s.name, s.keys, s.graded, s.timeout = "troubled", 100, true, second
	s.regions[0].proxies = 3
	s.faults = []fault{
		{second, crash(0, 0)}, {2 * second, change(func(b *server) { b.silent = true }, 0, 1)},
		{2 * second, change(func(b *server) { b.failing = true }, 1, 0)}, {3 * second, restart(0, 0)},
		{3 * second, change(func(b *server) { b.slow = 10 }, 1, 1)}, {4 * second, change(func(b *server) { b.silent = false }, 0, 1)},
		{4 * second, change(func(b *server) { b.slots = 2 }, 0, 2)},
	}
	return s
}

// Whatever happens, each request ends once, and no slot is lost or used twice, neither in the world nor in what proxies count.
func TestRequestsAreConserved(t *testing.T) {
	for _, s := range []*scenario{brief(), troubled()} {
		for _, name := range policyNames {
			w := newWorld(s, 3)
			p := newPolicy(name, w)
			m := w.run(p)
			if w.offered == 0 || w.offered != w.answered+w.failed || w.outstanding != 0 {
				t.Errorf("%s, %s: %d offered, %d answered, %d failed", s.name, name, w.offered, w.answered, w.failed)
			}
			counted := 0
			for _, b := range m.buckets {
				if b.due != b.home+b.away+b.failed {
					t.Errorf("%s, %s: a bucket of %d has %d at home, %d away, %d failed", s.name, name, b.due, b.home, b.away, b.failed)
				}
				counted += b.due
			}
			if counted != w.offered {
				t.Errorf("%s, %s: %d counted of %d", s.name, name, counted, w.offered)
			}
			w.clock.run(w.now + 10*second) // what was given up ends
			for _, b := range w.servers {
				if len(b.serving) > b.slots || len(b.queue) != b.head || b.outstanding != 0 {
					t.Errorf("%s, %s: server %s is left with %d serving, %d queued, %d outstanding", s.name, name, b.id, len(b.serving), len(b.queue)-b.head, b.outstanding)
				}
			}
			if own, ok := p.(*spillway); ok {
				own.idle(t)
			}
		}
	}
}

// idle holds that no instance has anything in flight or waiting.
func (s *spillway) idle(t *testing.T) {
	for _, here := range s.instances {
		for _, in := range here {
			if in.queue.Waiting() != 0 || in.queue.Holding() != 0 {
				t.Errorf("%d wait and %d hold in the end", in.queue.Waiting(), in.queue.Holding())
			}
			for i := range in.members {
				if n := in.members[i].Backend.Inflight(); n != 0 {
					t.Errorf("%s has %d in flight in the end", in.members[i].Backend.ID(), n)
				}
			}
		}
	}
}

func TestASurgeSpillsWhatItMust(t *testing.T) {
	for _, proxies := range []int{1, 3} {
		s := brief()
		s.regions[0].proxies = proxies
		x := runOne(s, "spillway", 1).summary
		due := float64(x.due)
		if x.failed > 0 || float64(x.away) > x.least*1.08 || float64(x.away) < x.least*0.95 {
			t.Errorf("%d proxies: %.1f %% left and %.1f %% had to, %d failed", proxies, 100*float64(x.away)/due, 100*x.least/due, x.failed)
		}
		if x.swing > swingMost {
			t.Errorf("%d proxies: the share swings by %.2f points", proxies, x.swing)
		}
		if x.p99 > 130 {
			t.Errorf("%d proxies: p99 is %.1f ms", proxies, x.p99)
		}
	}
}

func TestTheLostRegionIsLeftAndComesHome(t *testing.T) {
	s := fast("brief loss", "", "", 14*second)
	s.faults = []fault{{2 * second, crash(0)}, {4 * second, restart(0)}}
	m := runOne(s, "spillway", 1).measure
	for i, b := range m.buckets {
		at := int64(i) * step
		share := float64(b.home) / float64(b.due)
		switch {
		case b.failed > 0:
			t.Errorf("%d requests failed at %d ms", b.failed, at/milli)
		case at >= 3*second && at < 4*second && share > 0:
			t.Errorf("%.1f %% were served at home while it was dead", 100*share)
		case at >= 9*second && share < 0.95:
			t.Errorf("%.1f %% were at home at %d ms", 100*share, at/milli)
		}
	}
}

func TestOneThatFailsFastAttractsNothing(t *testing.T) {
	s := fast("brief failing", "", "", 6*second)
	s.faults = []fault{{second, change(func(b *server) { b.failing = true }, 0, 0)}}
	x := runOne(s, "spillway", 1).summary
	if x.failed > 0 || x.away > 0 || x.p99 > 20 {
		t.Errorf("%d failed, %d left home, p99 %.1f ms", x.failed, x.away, x.p99)
	}
}

func TestErlangB(t *testing.T) {
	for _, c := range []struct {
		load    float64
		slots   int
		blocked float64
	}{{1, 1, 0.5}, {2, 2, 0.4}, {80, 60, 0.2788}, {10, 10, 0.2146}, {0, 4, 0}} {
		if got := erlangB(c.load, c.slots); math.Abs(got-c.blocked) > 0.0002 {
			t.Errorf("%v Erlang on %d slots: %.4f, want %.4f", c.load, c.slots, got, c.blocked)
		}
	}
}

// The simulated proxies cannot beat Erlang's formula without a place to wait, nor do they miss it.
func TestNginxSpillsByErlangB(t *testing.T) {
	s := usual("erlang", "", "", 20*second, steps(0, 4000))
	x := runOne(s, "nginx", 5).summary
	want := erlangB(4000*0.0202, 60)
	if got := float64(x.away) / float64(x.due); math.Abs(got-want) > 0.01 {
		t.Errorf("%.2f %% left, Erlang B says %.2f %%", 100*got, 100*want)
	}
}

func TestServicesHaveTheirMeans(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for name, s := range map[string]service{"constant": constant(1e6), "lognormal": lognormal(1e6, 0.5), "pareto": pareto(1e6, 1.6)} {
		sum := 0.0
		const n = 300_000
		for range n {
			sum += s.draw(dice)
		}
		if mean := sum / n; math.Abs(mean-1e6) > 2e4 {
			t.Errorf("%s: a mean of %.0f instead of a million", name, mean)
		}
	}
}

func TestPlotsAreXML(t *testing.T) {
	s := brief()
	var out bytes.Buffer
	writePlot(&out, s, []*trial{runOne(s, "spillway", 1), runOne(s, "HAProxy", 1)})
	for d := xml.NewDecoder(&out); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheCommand(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
		err  string
	}{
		{args: []string{"-list"}, want: "surge          Surge to 133 % of home"},
		{args: []string{"-scenario", "nothing"}, err: `no scenario is called "nothing"; -list shows all`},
		{args: []string{"-scenario", "hole", "-out", t.TempDir()}, want: "## Summary"},
	} {
		var out strings.Builder
		err := command(c.args, &out)
		if c.err != "" && (err == nil || err.Error() != c.err) || c.err == "" && err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: %q is missing in\n%s", c.args, c.want, out.String())
		}
	}
}
