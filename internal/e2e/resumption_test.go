package e2e

import (
	"crypto/tls"
	"testing"
)

// resumes makes a connection with the config, has a request answered on it so that
// tickets arrive, and says whether it resumed an earlier one.
func resumes(t testing.TB, address string, config *tls.Config) bool {
	t.Helper()
	c := dialTLS(t, address, config)
	defer c.Close()
	expect(t, "the request", c.Get("/x"), 200, "a GET /x")
	return c.State().DidResume
}

func remembering(config *tls.Config, version uint16) *tls.Config {
	config.MinVersion, config.MaxVersion = version, version
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	return config
}

func TestSessionsAreResumed(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	ca, clients := NewAuthority(t, "authority"), NewAuthority(t, "clients")
	alice := clients.Issue("alice.example")
	setup := Setup{Listener: secured("client_auth: optional\nclient_ca_file: "+clients.File, ca.Issue("site.example"))}
	p := setup.Start(t, a)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for who, config := range map[string]*tls.Config{"anybody": asking("site.example"), "alice": showing("site.example", alice)} {
			config = remembering(config, version)
			what := tls.VersionName(version) + " of " + who
			if resumes(t, p.Addr("web"), config) {
				t.Errorf("%s: the first connection was resumed", what)
			}
			for range 3 {
				if !resumes(t, p.Addr("web"), config) {
					t.Errorf("%s: not resumed", what)
				}
				p.Reload()
			}
			if !resumes(t, p.Addr("web"), config) {
				t.Errorf("%s: not resumed after reloads", what)
			}
			// What a certificate has said holds for what it resumes.
			for _, r := range a.Take() {
				want := map[string]string{"alice": "CN=alice.example"}[who]
				if got := certificateFields(r.Request)["x-client-cert-subject"]; got != want {
					t.Errorf("%s: the backend was told %q, want %q", what, got, want)
				}
			}
		}
	}
}

func TestTicketsAreOfNoUseAtOtherListeners(t *testing.T) {
	t.Parallel()
	// The two authorities of clients have the same name and different keys.
	ca, clients, others := NewAuthority(t, "authority"), NewAuthority(t, "clients"), NewAuthority(t, "clients")
	alice, site := clients.Issue("alice.example"), ca.Issue("site.example")
	p := Start(t, `
listeners:
  - {name: open, address: {{listen "open"}}, protocol: https, http2: off, tls: {certificates: [{ {{.site}} }]}}
  - {name: clients, address: {{listen "clients"}}, protocol: https, http2: off, tls: {certificates: [{ {{.site}} }], client_ca_file: {{.clients}}}}
  - {name: others, address: {{listen "others"}}, protocol: https, http2: off, tls: {certificates: [{ {{.site}} }], client_ca_file: {{.others}}}}
routes: [{match: {path: /}, respond: {status: 200, body: a GET /x}}]
`, Vars{"site": site.Keys(), "clients": clients.File, "others": others.File})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		anonymous := remembering(asking("site.example"), version)
		resumes(t, p.Addr("open"), anonymous)
		if !resumes(t, p.Addr("open"), anonymous) {
			t.Errorf("%s: not resumed where it began", tls.VersionName(version))
		}
		refusesTLS(t, "an anonymous ticket where certificates are required", p.Addr("clients"), anonymous)

		known := remembering(showing("site.example", alice), version)
		resumes(t, p.Addr("clients"), known)
		if !resumes(t, p.Addr("clients"), known) {
			t.Errorf("%s: not resumed where it began", tls.VersionName(version))
		}
		refusesTLS(t, "a ticket of another authority's client", p.Addr("others"), known)
	}
}

func TestTicketsEndWithTheAuthorityThatVerified(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	ca, clients, others := NewAuthority(t, "authority"), NewAuthority(t, "clients"), NewAuthority(t, "clients")
	alice, site := clients.Issue("alice.example"), ca.Issue("site.example")
	before := Setup{Listener: secured("client_ca_file: "+clients.File, site)}
	after := Setup{Listener: secured("client_ca_file: "+others.File, site)}
	p := before.Start(t, a)
	configs := map[uint16]*tls.Config{}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		configs[version] = remembering(showing("site.example", alice), version)
		resumes(t, p.Addr("web"), configs[version])
		if !resumes(t, p.Addr("web"), configs[version]) {
			t.Errorf("%s: not resumed", tls.VersionName(version))
		}
	}
	p.WriteConfig(after.Config(a), nil)
	p.Reload()
	for version, config := range configs {
		refusesTLS(t, tls.VersionName(version)+": a ticket of an authority that is no longer trusted", p.Addr("web"), config)
	}
}
