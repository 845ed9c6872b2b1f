package e2e

import (
	"fmt"
	"testing"
)

// No spelling of a path that servers take for /admin goes around the route that denies it.
func TestSpellingsDoNotWalkAroundARoute(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Start(t, `
listeners: [{name: web, address: {{listen "web"}}}]
routes:
  - {match: {path: /admin}, respond: {status: 403}}
  - {match: {path: "= /exact"}, respond: {status: 403}}
  - {match: {path: "~ ^/users/[0-9]+$"}, respond: {status: 403}}
  - {match: {path: /}, pool: app}
pools: [{name: app, backends: [{address: {{.backend}}}]}]
`, Vars{"backend": backend.Address})
	for path, want := range map[string]int{
		"/admin": 403, "//admin": 403, "///admin/x": 403, "//admin//x": 403, "/./admin": 403, "/.//admin": 403,
		"/a/../admin": 403, "/a/%2e%2e/admin": 403, "/%61dmin": 403, "//%61dmin": 403, "/%2e/%2e%2e//admin": 403,
		"//exact": 403, "//users/7": 403, "/users//7": 403,
		"/a//../admin": 400, "/a/..%2fadmin": 400, "/a%2f..%2fadmin": 400, "/a/..%5cadmin": 400, "/..;/admin": 400, "//../admin": 400,
		"/administrator": 200, "//a//b": 200, "/exact//": 200, "/a%2fadmin": 200,
	} {
		one := dial(t, p.Addr("web")).Get(path).Status
		two := dialFrames(t, p.Addr("web")).Get(1, path).status()
		if one != want || two != fmt.Sprint(want) {
			t.Errorf("%s: %d over HTTP/1.1 and %s over HTTP/2, want %d", path, one, two, want)
		}
		for _, r := range backend.Take() {
			if want != 200 || r.Target != path {
				t.Errorf("%s: the backend got %s", path, r.Target)
			}
		}
	}
	if r := dial(t, p.Addr("web")).Get("http://example.com//admin"); r.Status != 403 {
		t.Errorf("the absolute form: %d, want 403", r.Status)
	}
}

// Slashes that are merged to find a route reach the backend as they came, but for
// what the route changes.
func TestMergedSlashesAreForRoutesOnly(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	p := Start(t, `
listeners: [{name: web, address: {{listen "web"}}}]
routes:
  - {match: {path: /plain}, pool: app}
  - {match: {path: /old/}, strip_prefix: /old, pool: app}
  - {match: {path: /users/}, rewrite: {regex: "^/users/(.*)$", to: "/people/$1"}, pool: app}
pools: [{name: app, backends: [{address: {{.backend}}}]}]
`, Vars{"backend": backend.Address})
	c := dial(t, p.Addr("web"))
	for path, want := range map[string]string{
		"/plain": "/plain", "//plain": "//plain", "/plain//x/?a=//b": "/plain//x/?a=//b",
		"/old/x": "/x", "//old///x//y": "/x//y", "/old/https://example.com/": "/https://example.com/",
		"/users/x": "/people/x", "//users/x": "/people/x", "/users/x//y": "/people/x//y",
	} {
		expect(t, path, c.Get(path), 200, "a GET "+want)
	}
}
