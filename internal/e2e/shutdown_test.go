package e2e

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

func TestTerminationLetsRunningExchangesFinish(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			g := newGate(t)
			p := Setup{Top: "shutdown: {delay: 300ms, drain_timeout: 30s}"}.Start(t, NewBackend(t, "a", g.holding("a")))
			held, idle := dial(t, p.Addr("web")), dial(t, p.Addr("web"))
			expect(t, "before", idle.Get("/x"), 200, "a GET /x")
			held.Send(head("GET", "/hold"))
			g.Await(t)

			p.leaves = true
			p.Signal(signal)
			eventually(t, "/readyz is 503", func() bool { return p.Ready() == http.StatusServiceUnavailable })
			eventually(t, "new connections are refused", func() bool { return refuses(p.Addr("web")) })
			if p.HasExited() {
				t.Fatal("it did not wait for the exchange that runs")
			}
			if rest := idle.AwaitEnd(); rest != "" {
				t.Errorf("an idle connection got %q", rest)
			}
			g.Open()
			r := held.Read("GET")
			expect(t, "the running exchange", r, 200, "a GET /hold")
			if !r.Fields.Has("Connection", "close") {
				t.Errorf("no Connection: close on %q", r.Fields)
			}
			if code := p.ExitCode(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

// refuses reports whether nobody listens on the address any more.
func refuses(address string) bool {
	conn, err := dialRaw(address)
	if err == nil {
		conn.Close()
	}
	return err != nil
}

func TestTerminationUnderLoadCostsNoRequest(t *testing.T) {
	p := Setup{Top: "shutdown: {delay: 500ms, drain_timeout: 30s}"}.Start(t, NewBackend(t, "a"), NewBackend(t, "b"))
	load := StartLoad(t, p.Addr("web"), 8, "/load")
	load.Await(t, 200)
	load.leaving.Store(true)
	p.Terminate()
	eventually(t, "/readyz is 503", func() bool { s := p.Ready(); return s == http.StatusServiceUnavailable || s == 0 })
	if code := p.ExitCode(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, failure := range load.Stop() {
		t.Error(failure)
	}
	if n := load.cut.Load(); n > 0 {
		t.Errorf("%d answers were cut", n)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := Setup{Top: "shutdown: {delay: 0s, drain_timeout: 1h}"}.Start(t, NewBackend(t, "a", g.holding("a")))
	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/hold"))
	g.Await(t)
	p.Terminate()
	eventually(t, "new connections are refused", func() bool { return refuses(p.Addr("web")) })
	if p.HasExited() {
		t.Fatal("it did not wait for the exchange that runs")
	}
	p.Signal(syscall.SIGTERM)
	p.ExitCode()
}

func TestDrainTimeoutBoundsTheWait(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := Setup{Top: "shutdown: {delay: 0s, drain_timeout: 500ms}"}.Start(t, NewBackend(t, "a", g.holding("a")))
	held := dial(t, p.Addr("web"))
	held.Send(head("GET", "/hold"))
	g.Await(t)
	p.Terminate()
	p.ExitCode()
	if answer, _ := io.ReadAll(held.reader); strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("an exchange that never ended got %q", answer)
	}
}

func TestTunnelsEndWithTheDrain(t *testing.T) {
	t.Parallel()
	p := Setup{Top: "shutdown: {delay: 0s, drain_timeout: 1s}"}.Start(t, NewBackend(t, "a", upgrading("a", echo)))
	c := openTunnel(t, p.Addr("web"))
	p.Terminate()
	eventually(t, "new connections are refused", func() bool { return refuses(p.Addr("web")) })
	p.ExitCode()
	c.AwaitEnd()
}
