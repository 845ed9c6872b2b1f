package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// answering is a script whose answers take a while.
func answering(name string, takes time.Duration) func(*Backend) {
	return Handling(func(x *Exchange) {
		time.Sleep(takes)
		x.Echo(name)
	})
}

// evacuation is what GET /api/status says of one.
type evacuation struct {
	Target  struct{ Region, Pool, Backend string }
	State   string
	Share   float64
	Aborted string
}

// evacuations are those of GET /api/status.
func (p *Proxy) evacuations() []evacuation {
	p.t.Helper()
	var s struct{ Evacuations []evacuation }
	_, answer := p.Admin("GET", "/api/status", "")
	if err := json.Unmarshal([]byte(answer), &s); err != nil {
		p.t.Fatalf("GET /api/status: %v", err)
	}
	return s.Evacuations
}

// order wants the admin address to take an order.
func (p *Proxy) order(path, body string) string {
	p.t.Helper()
	status, answer := p.Admin("POST", path, body)
	if status != 200 {
		p.t.Fatalf("POST %s %s: %d %s", path, body, status, answer)
	}
	return answer
}

// wantNoFailures ends the load.
func wantNoFailures(t *testing.T, load *Load) {
	t.Helper()
	for _, failure := range load.Stop() {
		t.Error(failure)
	}
	if n := load.cut.Load(); n > 0 {
		t.Errorf("%d answers were cut", n)
	}
}

func TestARegionIsDrainedByDegreesUnderLoad(t *testing.T) {
	t.Parallel()
	near := []*Backend{NewBackend(t, "a", answering("a", 2*time.Millisecond)), NewBackend(t, "b", answering("b", 2*time.Millisecond))}
	far := []*Backend{NewBackend(t, "c", answering("c", 5*time.Millisecond))}
	p := Start(t, regional("", near, far, ", max_requests: 100"), nil)
	load := StartLoad(t, p.Addr("web"), 8, "/x")
	load.Await(t, 100)
	p.order("/api/drain", `{"region": "near", "over": "2s"}`)
	mixed := false
	eventually(t, "the region is drained", func() bool {
		for _, e := range p.evacuations() {
			mixed = mixed || e.Target.Region == "near" && e.State == "draining" && e.Share > 0.2 && e.Share < 0.8
		}
		return p.Backend(near[0].Address).State == "draining" && p.Backend(near[1].Address).State == "draining"
	})
	if !mixed {
		t.Error("the status never told of a share between all and nothing")
	}
	load.ByAnswer()
	load.Await(t, 100)
	for answer, n := range load.ByAnswer() {
		if !strings.HasPrefix(answer, "c ") && n > 8 { // what ran may end
			t.Errorf("after the drain %d times %q", n, answer)
		}
	}
	p.Reload()
	load.ByAnswer()
	load.Await(t, 100)
	for answer := range load.ByAnswer() {
		if !strings.HasPrefix(answer, "c ") {
			t.Errorf("a reload brought back %q", answer)
		}
	}
	p.order("/api/undrain", `{"region": "near", "over": "1s"}`)
	eventually(t, "all is home again", func() bool {
		load.ByAnswer()
		load.Await(t, 50)
		for answer := range load.ByAnswer() {
			if strings.HasPrefix(answer, "c ") {
				return false
			}
		}
		return true
	})
	wantNoFailures(t, load)
}

func TestADrainIsRefusedWhereTheRestHasNoRoom(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	near := []*Backend{NewBackend(t, "a", g.holding("a"))}
	far := []*Backend{NewBackend(t, "c", g.holding("c"))}
	p := Start(t, strings.Replace(regional("", near, far, ", max_requests: 8"), "region: far, max_requests: 8", "region: far, max_requests: 2", 1), nil)
	for range 4 {
		dial(t, p.Addr("web")).Send(head("GET", "/hold"))
		g.Await(t)
	}
	for _, order := range []string{`{"region": "near"}`, `{"region": "near", "over": "1s"}`, `{"region": "near", "pool": "app"}`,
		`{"pool": "app", "backend": "` + near[0].Address + `"}`} {
		status, answer := p.Admin("POST", "/api/drain", order)
		var refusal struct {
			Error    string
			Forecast struct {
				Fits  bool
				Pools []struct{ Requests, Stranded int }
			}
		}
		if err := json.Unmarshal([]byte(answer), &refusal); err != nil || status != 409 || refusal.Forecast.Fits ||
			refusal.Forecast.Pools[0].Requests != 4 || refusal.Forecast.Pools[0].Stranded < 2 {
			t.Errorf("POST /api/drain %s: %d %s, want 409 and that at least 2 of 4 find no room", order, status, answer)
		}
	}
	status, answer := p.Admin("POST", "/api/drain", `{"region": "near", "dry_run": true}`)
	if status != 200 || !strings.Contains(answer, `"fits": false`) {
		t.Errorf("a dry run: %d %s", status, answer)
	}
	code, output := command("drain", "region", "near", "--admin", p.admin)
	if code != 1 || !strings.Contains(output, "--force") || !strings.Contains(output, "it does not fit") {
		t.Errorf("spillway drain: exit code %d, %s", code, output)
	}
	if state := p.Backend(near[0].Address).State; state != "healthy" {
		t.Errorf("the backend is %s after orders that were refused", state)
	}
	p.order("/api/drain", `{"region": "near", "force": true}`)
	p.AwaitState(near[0].Address, "draining")
}

// sickening answers 500 once it is told to.
func sickening(name string, sick *atomic.Bool) func(*Backend) {
	return Handling(func(x *Exchange) {
		if sick.Load() {
			x.Reply(500, "sick")
			return
		}
		x.Echo(name)
	})
}

func TestADrainIsAbortedWhenItsDestinationsFail(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	near := []*Backend{NewBackend(t, "a")}
	far := []*Backend{NewBackend(t, "c", sickening("c", &sick))}
	p := Start(t, regional("ejection: off", near, far, ""), nil)
	load := StartLoad(t, p.Addr("web"), 4, "/x")
	load.Await(t, 50)
	sick.Store(true)
	p.order("/api/drain", `{"region": "near", "over": "20s"}`)
	eventually(t, "the drain is aborted", func() bool {
		list := p.evacuations()
		return len(list) == 1 && list[0].State == "aborted" && list[0].Share == 1 && strings.Contains(list[0].Aborted, "failed at the destinations")
	})
	if state := p.Backend(near[0].Address).State; state != "healthy" {
		t.Errorf("the backend is %s", state)
	}
	load.Stop()
	awaitOnly(t, p, "a")
	code, output := command("status", "--admin", p.admin)
	if code != 0 || !strings.Contains(output, "aborted") {
		t.Errorf("spillway status: exit code %d, %s", code, output)
	}
	sick.Store(false)
	p.order("/api/drain", `{"region": "near", "over": "100ms"}`)
	awaitOnly(t, p, "c")
	if list := p.evacuations(); len(list) != 0 {
		t.Errorf("after an order that was carried out: %+v", list)
	}
}

func TestASecondOrderGoesOnFromWhereTheFirstIs(t *testing.T) {
	t.Parallel()
	near, far := []*Backend{NewBackend(t, "a")}, []*Backend{NewBackend(t, "c")}
	p := Start(t, regional("", near, far, ""), nil)
	p.order("/api/drain", `{"region": "near", "over": "10s"}`)
	eventually(t, "some of it has left", func() bool { list := p.evacuations(); return len(list) == 1 && list[0].Share < 0.97 })
	p.order("/api/drain", `{"region": "near", "over": "10h"}`)
	list := p.evacuations()
	if len(list) != 1 || list[0].Share >= 0.97 || list[0].Share < 0.01 {
		t.Fatalf("after the second order: %+v", list)
	}
	p.Reload()
	if again := p.evacuations(); len(again) != 1 || again[0].Share > list[0].Share {
		t.Errorf("after a reload: %+v", again)
	}
	p.order("/api/undrain", `{"region": "near"}`)
	eventually(t, "nothing is under way", func() bool { return len(p.evacuations()) == 0 })
	awaitOnly(t, p, "a")
}

func TestABackendIsDrainedByItsWeight(t *testing.T) {
	t.Parallel()
	a, b := NewBackend(t, "a"), NewBackend(t, "b")
	p := Setup{Pool: "policy: random"}.Start(t, a, b)
	body := fmt.Sprintf(`{"pool": "app", "backend": %q, "over": "%%s"}`, a.Address)
	p.order("/api/drain", fmt.Sprintf(body, "10h"))
	if counts := share(t, p, 200); counts["a"] < 50 || counts["b"] < 50 {
		t.Errorf("at the beginning of a long ramp: %v", counts)
	}
	p.order("/api/drain", fmt.Sprintf(body, "300ms"))
	p.AwaitState(a.Address, "draining")
	awaitOnly(t, p, "b")
	p.order("/api/undrain", fmt.Sprintf(body, "10h"))
	if counts := share(t, p, 200); counts["a"] > 20 {
		t.Errorf("at the beginning of a long way back: %v", counts)
	}
	p.order("/api/undrain", fmt.Sprintf(body, "300ms"))
	eventually(t, "nothing is under way", func() bool { return len(p.evacuations()) == 0 })
	if counts := share(t, p, 200); counts["a"] < 50 || counts["b"] < 50 {
		t.Errorf("at the end: %v", counts)
	}
}

// What must not leave its region is not driven out of it.
func TestADrainBreaksNoResidency(t *testing.T) {
	t.Parallel()
	near, far := []*Backend{NewBackend(t, "a")}, []*Backend{NewBackend(t, "c")}
	config := strings.Replace(regional("", near, far, ""), "routes: [", "routes: [{match: {path: /kept}, pool: app, spill: off}, ", 1)
	p := Start(t, config, nil)
	status, answer := p.Admin("POST", "/api/drain", `{"region": "near", "over": "1s"}`)
	if status != 409 || !strings.Contains(answer, "route /kept may go nowhere else") {
		t.Errorf("a drain that leaves a route with nobody: %d %s", status, answer)
	}
	load, kept := StartLoad(t, p.Addr("web"), 2, "/x"), StartLoad(t, p.Addr("web"), 2, "/kept")
	kept.Await(t, 20)
	p.order("/api/drain", `{"region": "near", "over": "3s", "force": true, "no_guard": true}`)
	p.AwaitState(near[0].Address, "draining")
	load.Await(t, 20)
	wantNoFailures(t, load)
	for _, failure := range kept.Stop() {
		if !strings.Contains(failure, "503") {
			t.Error(failure)
		}
	}
	if n := far[0].Count("/kept"); n > 0 {
		t.Errorf("%d requests left their region", n)
	}
	p.order("/api/undrain", `{"region": "near"}`)
	eventually(t, "the route is served again", func() bool { return get(t, p.Addr("web"), "/kept").Status == 200 })
}
