package e2e

import (
	"testing"

	"golang.org/x/net/http2"
)

// A connection that is kept over a reload stays what it is: its requests are told
// and routed by how they came. Where the listener speaks otherwise by now, it ends
// with its next answer.
func TestKeptConnectionTellsHowItsRequestsCame(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a", Handling(func(x *Exchange) {
		proto, _ := x.Fields.Get("X-Forwarded-Proto")
		route, _ := x.Fields.Get("X-Route")
		x.Reply(200, proto+" by "+route)
	}))
	setup := func(listener string) string {
		return `
listeners:
  - name: web
    address: {{listen "web"}}
    ` + listener + `
routes:
  - {match: {path: /move}, redirect: {to: "{scheme}://{host}/"}}
  - {match: {scheme: https}, request_headers: {set: {X-Route: https}}, pool: app}
  - {match: {scheme: http}, request_headers: {set: {X-Route: http}}, pool: app}
pools:
  - {name: app, backends: [{address: ` + backend.Address + `}]}
`
	}
	plain, secure := setup("protocol: http"), setup("protocol: https\n    tls: {certificates: [{cert_file: "+certFile+", key_file: "+keyFile+"}]}")
	p := Start(t, plain, nil)
	dialSecure := func() *Client { return dialTLS(t, p.Addr("web"), clientTLS()) }
	dialPlain := func() *Client { return dial(t, p.Addr("web")) }
	for _, c := range []struct {
		from, to, scheme string
		dial             func() *Client
		frames           func(testing.TB, string, ...http2.Setting) *framePeer
	}{
		{plain, secure, "http", dialPlain, dialFrames},
		{secure, plain, "https", dialSecure, dialFramesTLS},
	} {
		want := c.scheme + " by " + c.scheme
		p.WriteConfig(c.from, nil)
		p.Reload()
		kept, moved, streams := c.dial(), c.dial(), c.frames(t, p.Addr("web"))
		expect(t, "before the reload", kept.Get("/x"), 200, want)
		expect(t, "before the reload", moved.Get("/x"), 200, want)
		if s := streams.Get(1, "/x"); string(s.body) != want {
			t.Errorf("before the reload: %s %q, want %q", s, s.body, want)
		}
		p.Reload()
		if r := kept.Get("/x"); !r.KeepsAlive() {
			t.Errorf("%s: a reload that changes nothing ends the connection", c.scheme)
		}
		p.WriteConfig(c.to, nil)
		p.Reload()
		expect(t, "after the reload", kept.Get("/x"), 200, want)
		if rest := kept.AwaitEnd(); rest != "" {
			t.Errorf("%s: after the last answer came %q", c.scheme, rest)
		}
		if place, _ := moved.Get("/move").Fields.Get("Location"); place != c.scheme+"://example.com/" {
			t.Errorf("%s: redirected to %s", c.scheme, place)
		}
		if s := streams.Get(3, "/x"); string(s.body) != want {
			t.Errorf("after the reload: %s %q, want %q", s, s.body, want)
		}
		if code := streams.lastWord(); code != http2.ErrCodeNo {
			t.Errorf("%s: the connection ended by %s", c.scheme, code)
		}
	}
}
