package e2e

import (
	"fmt"
	"testing"
)

func TestOptionsOfTheServerIsRoutedAlikeInAllVersions(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Start(t, `
listeners: [{name: web, address: {{listen "web"}}}]
routes:
  - {match: {host: all.example, path: /}, pool: app}
  - {match: {host: any.example}, pool: app}
  - {match: {host: exact.example, path: "= /"}, pool: app}
  - {match: {host: below.example, path: /x/}, pool: app}
pools: [{name: app, backends: [{address: {{.backend}}}]}]
`, Vars{"backend": backend.Address})
	for host, want := range map[string]int{"all.example": 200, "any.example": 200, "exact.example": 404, "below.example": 404} {
		one := dial(t, p.Addr("web")).Do("OPTIONS", "*", "Host: "+host).Status
		c := dialFrames(t, p.Addr("web"))
		c.Headers(1, true, ":method: OPTIONS", ":scheme: http", ":authority: "+host, ":path: *")
		two := c.over(1).status()
		if one != want || two != fmt.Sprint(want) {
			t.Errorf("%s: %d over HTTP/1.1, %s over HTTP/2, want %d", host, one, two, want)
		}
		for _, r := range backend.Take() {
			if r.Method != "OPTIONS" || r.Target != "*" {
				t.Errorf("%s: the backend got %s %s", host, r.Method, r.Target)
			}
		}
	}
}
