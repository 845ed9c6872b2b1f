package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"
)

type drillReport struct {
	State, Aborted           string
	Ended                    bool
	Requests, Moved, Refused int64
	Share                    float64
	Before, During           struct{ Requests, Errors int64 }
	HomeAfter                float64 `json:"home_after_seconds"`
}

// drill is what GET /api/drill says; nil: there was none.
func (p *Proxy) drill() (r *drillReport) {
	p.t.Helper()
	_, answer := p.Admin("GET", "/api/drill", "")
	if err := json.Unmarshal([]byte(answer), &r); err != nil {
		p.t.Fatalf("GET /api/drill: %v in %s", err, answer)
	}
	return r
}

// startCommand begins a command that the test may kill.
func startCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...)
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// A drill does not need the command that began it.
func TestADrillEndsByItself(t *testing.T) {
	t.Parallel()
	near := []*Backend{NewBackend(t, "a", answering("a", 2*time.Millisecond))}
	far := []*Backend{NewBackend(t, "c", answering("c", 4*time.Millisecond))}
	p := Start(t, regional("", near, far, ", max_requests: 100"), nil)
	load := StartLoad(t, p.Addr("web"), 6, "/x")
	load.Await(t, 100)
	cmd := startCommand(t, "drill", "region", "near", "--for", "1s", "--over", "500ms", "--admin", p.admin)
	eventually(t, "the drill has begun", func() bool { return p.drill() != nil })
	cmd.Process.Kill()
	cmd.Wait()
	p.AwaitState(near[0].Address, "draining")
	if status, answer := p.Admin("POST", "/api/drill", `{"region": "far", "for": "1s"}`); status != 409 {
		t.Errorf("a second drill: %d %s, want 409", status, answer)
	}
	eventually(t, "the drill is over", func() bool { return p.drill().Ended })
	r := p.drill()
	if r.State != "done" || r.Aborted != "" || r.Moved == 0 || r.Requests < r.Moved || r.Share <= 0 || r.Refused != 0 ||
		r.During.Requests == 0 || r.During.Errors != 0 || r.HomeAfter <= 0 {
		t.Errorf("the report is %+v", r)
	}
	if state := p.Backend(near[0].Address).State; state != "healthy" {
		t.Errorf("the backend is %s", state)
	}
	load.ByAnswer()
	load.Await(t, 50)
	for answer := range load.ByAnswer() {
		if strings.HasPrefix(answer, "c ") {
			t.Errorf("after the drill: %q", answer)
		}
	}
	wantNoFailures(t, load)
	if code, output := command("drill", "--report", "--admin", p.admin); code != 0 || !strings.Contains(output, "done") {
		t.Errorf("spillway drill --report: exit code %d, %s", code, output)
	}
}

func TestADrillIsWatchedByItsCommand(t *testing.T) {
	t.Parallel()
	p := Start(t, regional("", []*Backend{NewBackend(t, "a")}, []*Backend{NewBackend(t, "c")}, ""), nil)
	code, output := command("drill", "region", "near", "--for", "100ms", "--over", "100ms", "--admin", p.admin)
	if code != 0 || !strings.Contains(output, "DRILL region near") || !strings.Contains(output, ": done") {
		t.Errorf("exit code %d, %s", code, output)
	}
	awaitOnly(t, p, "a")
}

func TestAnOrderReplacesADrill(t *testing.T) {
	t.Parallel()
	near, far := []*Backend{NewBackend(t, "a")}, []*Backend{NewBackend(t, "c")}
	p := Start(t, regional("", near, far, ""), nil)
	p.order("/api/drill", `{"region": "near", "for": "1h", "over": "100ms"}`)
	p.AwaitState(near[0].Address, "draining")
	p.order("/api/undrain", `{"region": "near"}`)
	if r := p.drill(); r.State != "replaced" || !r.Ended {
		t.Errorf("the report is %+v", r)
	}
	awaitOnly(t, p, "a")
}

// Neither a drill nor a drain outlives the process.
func TestARestartedSpillwayHasEverythingInService(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][2]string{
		"drill": {"/api/drill", `{"region": "near", "for": "1h", "over": "1h"}`},
		"drain": {"/api/drain", `{"region": "near", "over": "1h"}`},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := []*Backend{NewBackend(t, "a")}, []*Backend{NewBackend(t, "c")}
			p := Start(t, regional("", near, far, ""), nil)
			p.order(order[0], order[1])
			if list := p.evacuations(); len(list) != 1 {
				t.Fatalf("under way: %+v", list)
			}
			p.Restart()
			if list := p.evacuations(); len(list) != 0 || p.drill() != nil {
				t.Errorf("after a restart: %+v and %+v", list, p.drill())
			}
			if counts := share(t, p, 40); counts["a"] != 40 {
				t.Errorf("after a restart: %v", counts)
			}
		})
	}
}
