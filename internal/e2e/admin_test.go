package e2e

import (
	"strings"
	"testing"
)

func TestAdminReads(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	p := Setup{Top: "region: eu-west"}.Start(t, a)
	expect(t, "a request", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, _ := p.Admin("GET", path, ""); status != 200 {
			t.Errorf("GET %s: %d, want 200", path, status)
		}
	}
	eventually(t, "the status counts the request", func() bool { return p.Backend(a.Address).Requests == 1 })
	s := p.Status()
	if s.Region != "eu-west" || s.Config.Generation < 1 || s.Config.Digest == "" || s.Config.LoadedAt == "" {
		t.Errorf("GET /api/status: %+v", s)
	}
	if len(s.Listeners) != 1 || s.Listeners[0].Name != "web" || s.Listeners[0].Address != p.Addr("web") {
		t.Errorf("the listeners are %+v", s.Listeners)
	}
	if len(s.Pools) != 1 || s.Pools[0].Name != "app" || len(s.Pools[0].Regions) != 1 || s.Pools[0].Regions[0].Name != "eu-west" {
		t.Fatalf("the pools are %+v", s.Pools)
	}
	region := s.Pools[0].Regions[0]
	if region.Share != 1 || len(region.Backends) != 1 || region.Backends[0].State != "healthy" {
		t.Errorf("the region is %+v", region)
	}
	_, metrics := p.Admin("GET", "/metrics", "")
	for _, want := range []string{"# TYPE spillway_", "# HELP spillway_", "go_goroutines", "process_"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("GET /metrics has no %q", want)
		}
	}
}

func TestAdminRefusesWhatABrowserCouldBeMadeToSend(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	p := Setup{}.Start(t, a)
	drain := `{"pool":"app","backend":"` + a.Address + `"}`
	before := p.Status().Config.Generation
	for name, fields := range map[string][]string{
		"a foreign Host":   {"Host: evil.example"},
		"a foreign Origin": {"Origin: https://evil.example"},
		"an opaque Origin": {"Origin: null"},
	} {
		for path, body := range map[string]string{"/api/drain": drain, "/api/reload": ""} {
			if status, answer := p.Admin("POST", path, body, fields...); status < 400 || status >= 500 {
				t.Errorf("POST %s with %s: %d %s, want 4xx", path, name, status, answer)
			}
		}
	}
	for _, path := range []string{"/api/drain", "/api/undrain", "/api/reload"} {
		if status, _ := p.Admin("GET", path, ""); status != 405 && status != 404 {
			t.Errorf("GET %s: %d, want 405", path, status)
		}
	}
	if state := p.Backend(a.Address).State; state != "healthy" {
		t.Errorf("the backend is %s", state)
	}
	if after := p.Status().Config.Generation; after != before {
		t.Errorf("the configuration was loaded again")
	}
	expect(t, "the proxy serves on", get(t, p.Addr("web"), "/x"), 200, "a GET /x")
}
