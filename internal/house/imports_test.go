package house

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// below lists for each package what of this module it may import.
var below = map[string][]string{
	"spillway/balancer":            {},
	"spillway/evacuation":          {"spillway/balancer", "spillway/internal/metrics"},
	"spillway/health":              {},
	"spillway/internal/accesslog":  {},
	"spillway/internal/config":     {},
	"spillway/internal/house":      {},
	"spillway/internal/http1":      {},
	"spillway/internal/loadreport": {},
	"spillway/internal/loop":       {},
	"spillway/internal/metrics":    {},
	"spillway/internal/proxyproto": {},
	"spillway/internal/ratelimit":  {},
	"spillway/internal/resolve":    {},
	"spillway/internal/router":     {},
	"spillway/internal/e2e/wire":   {},
	"spillway/internal/tlsconn":    {"spillway/internal/loop"},
	"spillway/internal/http2":      {"spillway/internal/http1", "spillway/internal/loop"},
	"spillway/internal/probe":      {"spillway/health", "spillway/internal/http1", "spillway/internal/http2", "spillway/internal/loop"},
	"spillway/internal/transport":  {"spillway/internal/config", "spillway/internal/loop", "spillway/internal/proxyproto", "spillway/internal/tlsconn"},
	"spillway/proxy":               {"spillway/balancer", "spillway/evacuation", "spillway/health", "spillway/internal/accesslog", "spillway/internal/config", "spillway/internal/http1", "spillway/internal/http2", "spillway/internal/loop", "spillway/internal/metrics", "spillway/internal/loadreport", "spillway/internal/probe", "spillway/internal/proxyproto", "spillway/internal/ratelimit", "spillway/internal/resolve", "spillway/internal/router", "spillway/internal/tlsconn", "spillway/internal/transport"},
	"spillway/internal/admin":      {"spillway/balancer", "spillway/evacuation", "spillway/health", "spillway/internal/config", "spillway/internal/http2", "spillway/internal/loop", "spillway/internal/metrics", "spillway/proxy"},
	"spillway/cmd/spillway":        {"spillway/balancer", "spillway/evacuation", "spillway/internal/admin", "spillway/internal/config", "spillway/internal/loop", "spillway/proxy"},
	"spillway/bench":               {"spillway/bench/internal/rig"},
	"spillway/bench/internal/rig":  {},
	"spillway/bench/regions":       {"spillway/bench/internal/rig"},
	"spillway/bench/sim":           {"spillway/balancer", "spillway/health"},
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "spillway/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		allowed, known := below[words[0]]
		if !known {
			if words[0] != "spillway/internal/e2e" {
				t.Errorf("%s has no place in the house", words[0])
			}
			continue
		}
		seen++
		for _, imported := range words[1:] {
			if strings.HasPrefix(imported, "spillway/") && !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s, which does not stand below it", words[0], imported)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}
