package admin_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"spillway/internal/admin"
)

func TestForeignRequestsAreRefused(t *testing.T) {
	i := start(t, nil)
	lan := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 9901}
	lan6 := &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 9901, Zone: "eth0"}
	for _, c := range []struct {
		local   net.Addr // nil: the loopback
		host    string
		fields  string // "Name: value" of each, between " | "
		refused bool
	}{
		{host: "127.0.0.1:9901"},
		{host: "127.0.0.1"},
		{host: "127.8.9.10:80"},
		{host: "localhost:9901"},
		{host: "LocalHost."},
		{host: "[::1]:9901"},
		{host: "[::1]"},
		{host: "[::ffff:127.0.0.1]:1"},
		{host: ""}, // HTTP/1.0
		{host: "evil.example", refused: true},
		{host: "evil.example:9901", refused: true},
		{host: "localhost.evil.example", refused: true},
		{host: "127.0.0.1.evil.example", refused: true},
		{host: "127.0.0.1@evil.example", refused: true},
		{host: "localhost:9901@evil.example", refused: true},
		{host: "192.0.2.7:9901", refused: true},
		{host: "0.0.0.0:9901", refused: true},
		{host: "2130706433", refused: true},
		{host: "unix", refused: true},
		{local: lan, host: "192.0.2.7:9901"},
		{local: lan, host: "192.0.2.7"},
		{local: lan, host: "192.0.2.8", refused: true},
		{local: lan, host: "gateway.lan", refused: true},
		{local: lan6, host: "[fe80::1]:9901"},
		{local: lan6, host: "[fe80::2]:9901", refused: true},

		{host: "localhost:9901", fields: "Origin: http://localhost:9901"},
		{host: "localhost:9901", fields: "Origin: http://localhost:9901 | Sec-Fetch-Site: same-origin"},
		{host: "localhost:9901", fields: "Sec-Fetch-Site: none"},
		{host: "localhost:9901", fields: "Origin: http://localhost:8080", refused: true},
		{host: "localhost:9901", fields: "Origin: https://localhost:9901", refused: true},
		{host: "localhost:9901", fields: "Origin: http://127.0.0.1:9901", refused: true},
		{host: "localhost:9901", fields: "Origin: https://evil.example", refused: true},
		{host: "localhost:9901", fields: "Origin: http://localhost:9901.evil.example", refused: true},
		{host: "localhost:9901", fields: "Origin: null", refused: true},
		{host: "localhost:9901", fields: "Origin: ", refused: true},
		{host: "localhost:9901", fields: "Origin: http://localhost:9901 | Origin: null", refused: true},
		{host: "localhost:9901", fields: "Sec-Fetch-Site: cross-site", refused: true},
		{host: "localhost:9901", fields: "Sec-Fetch-Site: same-site", refused: true},
		{host: "localhost:9901", fields: "Sec-Fetch-Site: cross-site | Origin: http://localhost:9901", refused: true},
		{host: "evil.example", fields: "Origin: http://evil.example | Sec-Fetch-Site: same-origin", refused: true},
	} {
		for _, request := range []string{"GET /", "GET /healthz", "GET /metrics", "GET /api/status", "GET /debug/pprof/cmdline",
			"POST /api/undrain", "GET /nothing"} {
			method, path, _ := strings.Cut(request, " ")
			r := httptest.NewRequest(method, path, strings.NewReader(`{"region": "eu-west"}`))
			r.Host = c.host
			for field := range strings.SplitSeq(c.fields, " | ") {
				if name, value, ok := strings.Cut(field, ": "); ok {
					r.Header.Add(name, value)
				}
			}
			local := c.local
			if local == nil {
				local = i.admin.Addr()
			}
			w := httptest.NewRecorder()
			i.admin.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
			if got := w.Code == http.StatusForbidden; got != c.refused {
				t.Errorf("%s, Host %q, %q: %d", request, c.host, c.fields, w.Code)
			}
		}
	}
}

func TestAConfiguredNameIsItsOwn(t *testing.T) {
	i := start(t, nil)
	for address, hosts := range map[string]map[string]int{
		"localhost:0": {"localhost:9": 200, "elsewhere": 403},
		":0":          {"127.0.0.1": 200, "elsewhere": 403, ":9901": 403},
	} {
		s := admin.New(admin.Options{Proxy: i.proxy})
		if err := s.Serve(address); err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(s.Addr().String())
		for host, want := range hosts {
			if status, answer, _ := ask(t, &http.Transport{DisableKeepAlives: true}, "http://127.0.0.1:"+port, "GET", "/healthz", "", "Host: "+host); status != want {
				t.Errorf("at %s, Host %s: %d %s, want %d", address, host, status, answer, want)
			}
		}
		s.Close()
	}
}

func TestOnlyPOSTChangesAnything(t *testing.T) {
	i := start(t, func() error { t.Error("reloaded"); return nil })
	for _, path := range []string{"/api/drain", "/api/undrain", "/api/reload"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			if status, _, header := i.ask(method, path, `{"region": "eu-west"}`); status != 405 || header.Get("Allow") != "POST" {
				t.Errorf("%s %s: %d, Allow: %s", method, path, status, header.Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/api/status", "/debug/pprof/", "/debug/pprof/symbol"} {
		if status, _, header := i.ask("POST", path, ""); status != 405 || header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d, Allow: %s", path, status, header.Get("Allow"))
		}
	}
	i.goes("near", "after all those")
}
