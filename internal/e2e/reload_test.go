package e2e

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestKilledBackendCostsNoRequest(t *testing.T) {
	some := int64(1500)
	if raceEnabled {
		some = 300
	}
	a, b := NewBackend(t, "a"), NewBackend(t, "b")
	for name, checks := range map[string]string{
		"unnoticed by checks": "",
		"noticed by checks":   "health_check: {type: tcp, interval: 100ms, timeout: 1s, rise: 1, fall: 1}",
	} {
		t.Run(name, func(t *testing.T) {
			p := Setup{Pool: checks}.Start(t, a, b)
			load := StartLoad(t, p.Addr("web"), 16, "/load")
			load.Await(t, 500)
			for range 3 {
				a.Kill()
				load.Await(t, some)
				a.Start()
				load.Await(t, some)
			}
			for _, failure := range load.Stop() {
				t.Error(failure)
			}
			if answers := load.ByAnswer(); answers["b GET /load"] == 0 {
				t.Errorf("nothing was answered by the backend that lived: %v", answers)
			}
		})
	}
}

func TestReloadUnderLoad(t *testing.T) {
	a := NewBackend(t, "a", upgrading("a", echo))
	b := NewBackend(t, "b", upgrading("b", echo))
	p := Setup{}.Start(t, a)
	var sockets []*Client
	for range 5 {
		sockets = append(sockets, openTunnel(t, p.Addr("web")))
	}
	load := StartLoad(t, p.Addr("web"), 8, "/load")
	load.Await(t, 100)
	reload := map[string]func(){
		"POST /api/reload": p.Reload,
		"SIGHUP": func() {
			before := p.Status().Config.Generation
			p.Signal(syscall.SIGHUP)
			eventually(t, "the configuration is a new one", func() bool { return p.Status().Config.Generation > before })
		},
	}
	next := []*Backend{b, a}
	for round := range 6 {
		for name, again := range reload {
			to := next[round%2]
			p.WriteConfig(Setup{}.Config(to), nil)
			again()
			eventually(t, fmt.Sprintf("after %s all is answered by %s", name, to.Name), func() bool {
				load.ByAnswer()
				load.Await(t, 30)
				answers := load.ByAnswer()
				return len(answers) == 1 && answers[to.Name+" GET /load"] > 0
			})
			for i, socket := range sockets {
				socket.says(fmt.Sprintf("socket %d after %s %d", i, name, round))
			}
		}
	}
	for _, failure := range load.Stop() {
		t.Error(failure)
	}
	if n := load.cut.Load(); n > 0 {
		t.Errorf("%d answers were cut", n)
	}
}

func TestBadConfigurationLeavesTheRunningOne(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	p := Setup{}.Start(t, a)
	before := p.Status().Config
	p.WriteConfig(Setup{Pool: "polcy: p2c", Route: "limits: {body: many}"}.Config(a), nil)

	status, answer := p.Admin("POST", "/api/reload", "")
	if status != 400 {
		t.Errorf("POST /api/reload: %d, want 400", status)
	}
	for _, part := range []string{"config.yaml:", `unknown key "polcy"`, `did you mean "policy"?`, "many"} {
		if !strings.Contains(answer, part) {
			t.Errorf("the errors do not say %s: %s", part, answer)
		}
	}
	expect(t, "after a bad reload", get(t, p.Addr("web"), "/x"), 200, "a GET /x")

	p.Signal(syscall.SIGHUP)
	eventually(t, "the status tells the error", func() bool {
		return strings.Contains(p.Status().Config.LastError, "polcy")
	})
	expect(t, "after a bad SIGHUP", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	if after := p.Status().Config; after.Generation != before.Generation || after.Digest != before.Digest {
		t.Errorf("the configuration went from %+v to %+v", before, after)
	}

	// A listener that cannot be opened is an error of the same kind.
	taken, err := net.Listen("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p.WriteConfig(Setup{}.Config(a), nil)
	p.appendListener("taken", taken.Addr().String())
	if status, answer := p.Admin("POST", "/api/reload", ""); status != 400 || !strings.Contains(answer, taken.Addr().String()) {
		t.Errorf("a taken address: %d %s, want 400 with the address", status, answer)
	}
	expect(t, "after a taken address", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	p.WriteConfig(Setup{}.Config(a), nil)
	p.Reload()
	if last := p.Status().Config.LastError; last != "" {
		t.Errorf("after a good reload the last error is still %q", last)
	}
}

// appendListener adds a listener to the configuration file as it is.
func (p *Proxy) appendListener(name, address string) {
	p.t.Helper()
	text, err := os.ReadFile(p.ConfigPath())
	if err != nil {
		p.t.Fatal(err)
	}
	more := fmt.Sprintf("listeners:\n  - {name: %s, address: %s}\n", name, address)
	if err := os.WriteFile(p.ConfigPath(), []byte(strings.Replace(string(text), "listeners:\n", more, 1)), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// refuses waits until nobody listens on the address of a listener that was removed.
func (p *Proxy) refuses(address string) {
	p.t.Helper()
	eventually(p.t, "the removed listener refuses", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

func TestReloadAddsAndRemovesListeners(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	one := Setup{}.Config(a)
	p := Start(t, one, nil)
	more := p.Addr("more")
	load := StartLoad(t, p.Addr("web"), 2, "/load")
	for range 3 {
		p.WriteConfig(one, nil)
		p.appendListener("more", more)
		p.Reload()
		kept := dial(t, more)
		expect(t, "on the new listener", kept.Get("/x"), 200, "a GET /x")
		names := map[string]bool{}
		for _, l := range p.Status().Listeners {
			names[l.Name] = true
		}
		if !names["web"] || !names["more"] {
			t.Errorf("GET /api/status lists the listeners %v", names)
		}
		p.WriteConfig(one, nil)
		p.Reload()
		p.refuses(more)
	}
	for _, failure := range load.Stop() {
		t.Error(failure)
	}
}
