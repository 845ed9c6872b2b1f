package admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spillway/internal/admin"
)

// state is that of the backend at address, as the status tells it.
func (i *instance) state(address string) string {
	for _, region := range i.proxy.Status().Pools[0].Regions {
		for _, b := range region.Backends {
			if b.Address == address {
				return b.State
			}
		}
	}
	return "gone"
}

// goes wants all requests to be answered by one backend.
func (i *instance) goes(where, when string) {
	i.t.Helper()
	for range 8 {
		if got := i.get("/x"); got != where {
			i.t.Fatalf("%s: %s answers, want %s", when, got, where)
		}
	}
}

// returns waits until all requests are answered by one backend: traffic comes home by and by.
func (i *instance) returns(where, when string) {
	i.t.Helper()
	until := time.Now().Add(time.Minute)
	for inARow := 0; inARow < 50; {
		switch {
		case i.get("/x") == where:
			inARow++
		case time.Now().After(until):
			i.t.Fatalf("%s: not all of it comes to %s", when, where)
		default:
			inARow = 0
		}
	}
}

func TestDrainAndUndrain(t *testing.T) {
	i := start(t, nil)
	for name, order := range map[string]string{
		"backend": fmt.Sprintf(`{"pool": "app", "backend": %q}`, i.near),
		"region":  `{"region": "eu-west"}`,
	} {
		i.returns("near", "before the drain of a "+name)
		if status, answer, _ := i.ask("POST", "/api/drain", order); status != 200 || !strings.Contains(answer, `"drained": true`) {
			t.Fatalf("drain of a %s: %d %s", name, status, answer)
		}
		i.goes("far", "after the drain of a "+name)
		region := i.proxy.Status().Pools[0].Regions[0]
		if region.State != "draining" || region.Share != 0 || i.state(i.near) != "draining" {
			t.Errorf("after the drain of a %s: %+v", name, region)
		}
		if err := i.proxy.Reload(i.parse()); err != nil {
			t.Fatal(err)
		}
		i.goes("far", "after a reload")
		if status, answer, _ := i.ask("POST", "/api/undrain", order); status != 200 || !strings.Contains(answer, `"drained": false`) {
			t.Fatalf("undrain of a %s: %d %s", name, status, answer)
		}
		i.returns("near", "after the undrain of a "+name)
	}
}

func TestOrdersThatAreNone(t *testing.T) {
	i := start(t, nil)
	for _, c := range []struct {
		order  string
		status int
		says   string
	}{
		{``, 400, "EOF"},
		{`{`, 400, "EOF"},
		{`[]`, 400, "array"},
		{`null`, 400, "name either"},
		{`{}`, 400, "name either"},
		{`{"pool": "app"}`, 400, "name either"},
		{`{"backend": "a"}`, 400, "name either"},
		{`{"region": "eu-west", "pool": "app", "backend": "a"}`, 400, "name either"},
		{`{"region": "eu-west", "backend": "a"}`, 400, "name either"},
		{`{"region": "eu-west", "over": "soon"}`, 400, "no time"},
		{`{"region": "eu-west", "over": "-1s"}`, 400, "no time"},
		{`{"region": "eu-west", "over": "48h"}`, 400, "no time"},
		{`{"region": "eu-west", "for": "1s"}`, 400, "of a drill"},
		{`{"region": "eu-wst", "pool": "app"}`, 404, "there is eu-west, us-east"},
		{`{"region": 1}`, 400, "number"},
		{`{"regoin": "eu-west"}`, 400, "regoin"},
		{`{"region": "eu-west"} {"region": "us-east"}`, 400, "goes on"},
		{`{"region": "eu-wst"}`, 404, "there is eu-west, us-east"},
		{`{"pool": "ap", "backend": "a"}`, 404, "there is app"},
		{`{"pool": "app", "backend": "127.0.0.1:1"}`, 404, i.near},
		{`{"region": "` + strings.Repeat("a", 1<<20) + `"}`, 413, "large"},
	} {
		for _, path := range []string{"/api/drain", "/api/undrain"} {
			status, answer, header := i.ask("POST", path, c.order)
			var failure struct{ Error string }
			if err := json.Unmarshal([]byte(answer), &failure); err != nil || header.Get("Content-Type") != "application/json" {
				t.Errorf("POST %s %.60s: %s is no JSON error: %v", path, c.order, answer, err)
			}
			if status != c.status || !strings.Contains(failure.Error, c.says) {
				t.Errorf("POST %s %.60s: %d %q, want %d and %q", path, c.order, status, failure.Error, c.status, c.says)
			}
		}
	}
	i.goes("near", "after all those")
}

func TestReload(t *testing.T) {
	failure := errors.New("config.yaml:1:1: first\nconfig.yaml:2:2: second")
	var answers []error
	i := start(t, func() error {
		answers = answers[1:]
		return append(answers, nil)[0]
	})
	answers = []error{nil, failure, nil}
	status, answer, header := i.ask("POST", "/api/reload", "")
	if status != 400 || answer != failure.Error()+"\n" || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		t.Errorf("a reload that fails: %d %q as %s", status, answer, header.Get("Content-Type"))
	}
	if status, answer, _ := i.ask("POST", "/api/reload", ""); status != 200 {
		t.Errorf("a reload that succeeds: %d %q", status, answer)
	}
	without := start(t, nil)
	if status, answer, _ := without.ask("POST", "/api/reload", ""); status != 409 {
		t.Errorf("a reload of nothing: %d %q", status, answer)
	}
}

func TestUnixSocketIsItsOwnersAlone(t *testing.T) {
	i := start(t, nil)
	path := filepath.Join(t.TempDir(), "admin.sock")
	for round := range 2 { // the second finds what the first left, as after a crash
		s := admin.New(admin.Options{Proxy: i.proxy})
		if err := s.Serve("unix:" + path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the socket is %v, %v", info.Mode(), err)
		}
		for _, host := range []string{"unix", "localhost"} {
			if status, answer, _ := ask(t, socket(path), "http://"+host, "GET", "/readyz", ""); status != 200 {
				t.Errorf("round %d: %d %s", round, status, answer)
			}
		}
		if status, _, _ := ask(t, socket(path), "http://evil.example", "GET", "/readyz", ""); status != 403 {
			t.Errorf("a foreign name over the socket: %d", status)
		}
		second := admin.New(admin.Options{Proxy: i.proxy})
		if err := second.Serve("unix:" + path); err == nil {
			t.Error("a second server took the socket of a running one")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		abandon(t, path)
	}
}
