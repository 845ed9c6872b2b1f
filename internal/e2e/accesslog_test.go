package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// logLines are the lines of a file in the proxy's directory.
func (p *Proxy) logLines(name string) []string {
	text, err := os.ReadFile(filepath.Join(p.Dir, name))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// logged waits for the line of a JSON log that tells of the target.
func (p *Proxy) logged(file, target string) (line map[string]any) {
	p.t.Helper()
	eventually(p.t, "a line for "+target+" in "+file, func() bool {
		for _, text := range p.logLines(file) {
			var entry map[string]any
			if text == "" || !strings.Contains(text, target) {
				continue
			}
			if err := json.Unmarshal([]byte(text), &entry); err != nil {
				return false // it is being written
			}
			if of, _ := entry["target"].(string); strings.HasPrefix(of, target) {
				line = entry
				return true
			}
		}
		return false
	})
	return line
}

func TestJSONAccessLogTellsHowEachExchangeEnded(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := NewBackend(t, "a", Handling(func(x *Exchange) {
		switch x.Target {
		case "/reset":
			x.Reset()
		case "/cut":
			x.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
			x.Close()
		case "/left", "/silent":
			g.Wait(x)
		default:
			x.Echo("a")
		}
	}))
	p := Start(t, `
access_log: {output: {{path "access.log"}}, format: json}
listeners: [{name: web, address: {{listen "web"}}, limits: {body: 100}}]
routes:
  - {match: {path: "= /ping"}, respond: {status: 200, body: pong}}
  - {match: {path: /nowhere}, pool: gone}
  - {match: {host: example.com}, pool: app}
pools:
  - {name: app, timeouts: {response: 1s}, retries: {attempts: 0}, ejection: off, backends: [{address: {{.a}}}]}
  - {name: gone, backends: [{address: {{.gone}}}]}
`, Vars{"a": a.Address, "gone": freeAddress(t)})
	web := p.Addr("web")
	expect(t, "a plain request", get(t, web, "/plain?q=1", "User-Agent: tester"), 200, "a GET /plain?q=1")
	get(t, web, "/ping")
	get(t, web, "/reset")
	get(t, web, "/nowhere")
	get(t, web, "/silent")
	get(t, web, "/unrouted", "Host: other.example")
	cut := dial(t, web)
	cut.Send(head("GET", "/cut"))
	cut.AwaitEnd()
	dial(t, web).Post("/large", strings.Repeat("b", 1000))
	left := dial(t, web)
	left.Send(head("GET", "/left"))
	for g.Await(t) != "/left" {
	}
	left.Reset()

	status := func(line map[string]any) int { n, _ := line["status"].(float64); return int(n) }
	for _, want := range []struct {
		target string
		status int
		end    string
	}{
		{"/plain", 200, "ok"}, {"/ping", 200, "respond"}, {"/reset", 502, "backend_reset"}, {"/cut", 200, "backend_cut"},
		{"/nowhere", 502, "connect_failed"}, {"/silent", 504, "backend_timeout"}, {"/unrouted", 404, "no_route"},
		{"/large", 413, "body_too_large"}, {"/left", 0, "client_reset"},
	} {
		line := p.logged("access.log", want.target)
		if status(line) != want.status || line["end"] != want.end {
			t.Errorf("%s: status %d and end %q, want %d and %q", want.target, status(line), line["end"], want.status, want.end)
		}
	}
	line := p.logged("access.log", "/plain")
	if line["method"] != "GET" || line["pool"] != "app" || line["backend"] != a.Address {
		t.Errorf("the line of a plain request is %v", line)
	}
}

func TestSIGUSR1ReopensTheAccessLog(t *testing.T) {
	t.Parallel()
	p := Start(t, `
access_log: {output: {{path "access.log"}}, format: combined}
listeners: [{name: web, address: {{listen "web"}}}]
routes: [{match: {path: /}, respond: {status: 200, body: pong}}]
`, nil)
	holds := func(file, part string) func() bool {
		return func() bool { return strings.Contains(strings.Join(p.logLines(file), "\n"), part) }
	}
	get(t, p.Addr("web"), "/before", "User-Agent: the \"tester\"", "Referer: http://r.example/")
	eventually(t, "the first line is written", holds("access.log", `"GET /before HTTP/1.1" 200 4 "http://r.example/"`))
	if line := p.logLines("access.log")[0]; strings.Contains(line, `the "tester"`) {
		t.Errorf("a quote of a client stands unescaped in %s", line)
	}
	if err := os.Rename(filepath.Join(p.Dir, "access.log"), filepath.Join(p.Dir, "access.log.1")); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGUSR1)
	eventually(t, "the log is open again", func() bool {
		_, err := os.Stat(filepath.Join(p.Dir, "access.log"))
		return err == nil
	})
	get(t, p.Addr("web"), "/after")
	eventually(t, "the next line is in the new file", holds("access.log", "GET /after "))
	if !holds("access.log.1", "GET /before ")() {
		t.Errorf("the renamed file lost its line")
	}
}
