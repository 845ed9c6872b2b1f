package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"spillway/internal/e2e/wire"
)

// showing is asking with a certificate of the client's own.
func showing(name string, own *Issued) *tls.Config {
	config := asking(name)
	// Certificates would leave out one of an authority that the server does not name.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own.Certificate, nil }
	return config
}

// certificateFields are the fields of a request that tell of a client's certificate.
func certificateFields(r wire.Request) map[string]string {
	fields := map[string]string{}
	for _, f := range r.Fields {
		if name := strings.ToLower(f.Name); strings.HasPrefix(name, "x-client-cert") {
			fields[name] += f.Value
		}
	}
	return fields
}

var forgedCertificate = []string{
	"X-Client-Cert-Subject: CN=root", "x-client-cert-dns: root.example", "X-Client-Cert: forged", "X-CLIENT-CERT-NEW: forged",
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca, clients, others := NewAuthority(t, "authority"), NewAuthority(t, "clients"), NewAuthority(t, "clients")
	known, stranger := clients.Issue("alice.example", "alias.example"), others.Issue("alice.example")
	site := ca.Issue("site.example")
	sum := sha256.Sum256(known.Leaf.Raw)
	told := map[string]string{
		"x-client-cert-subject": "CN=alice.example", "x-client-cert-issuer": "CN=clients", "x-client-cert-serial": "1001",
		"x-client-cert-dns": "alice.example,alias.example", "x-client-cert-fingerprint": hex.EncodeToString(sum[:]),
		"x-client-cert-not-after": known.Leaf.NotAfter.UTC().Format("2006-01-02T15:04:05Z"),
	}
	for _, auth := range []string{"", "client_auth: require\n", "client_auth: optional\n"} {
		t.Run(strings.TrimSpace("auth "+auth), func(t *testing.T) {
			t.Parallel()
			backend := NewBackend(t, "a")
			p := Setup{Listener: "trusted_proxies: [127.0.0.0/8]\n" + secured(auth+"client_ca_file: "+clients.File, site)}.Start(t, backend)
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				config := showing("site.example", known)
				config.MaxVersion = version
				c := dialTLS(t, p.Addr("web"), config)
				for range 2 {
					expect(t, "with a certificate", c.Get("/x", forgedCertificate...), 200, "a GET /x")
				}
				for _, r := range backend.Take() {
					if got := certificateFields(r.Request); fmt.Sprint(got) != fmt.Sprint(told) {
						t.Errorf("the backend was told %v, want %v", got, told)
					}
				}
				config = showing("site.example", stranger)
				config.MaxVersion = version
				refusesTLS(t, "a certificate of another authority", p.Addr("web"), config)
				config = asking("site.example")
				config.MaxVersion = version
				if !strings.Contains(auth, "optional") {
					refusesTLS(t, "a client without a certificate", p.Addr("web"), config)
					continue
				}
				expect(t, "without a certificate", dialTLS(t, p.Addr("web"), config).Get("/x", forgedCertificate...), 200, "a GET /x")
				if got := certificateFields(backend.Take()[0].Request); len(got) > 0 {
					t.Errorf("without a certificate the backend was told %v", got)
				}
			}
			if n := len(backend.Requests()); n > 0 {
				t.Errorf("%d requests of refused clients reached the backend", n)
			}
		})
	}
}

func TestForgedCertificateFieldsAreDropped(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	for name, listener := range map[string]string{
		"plain": "", "plain, trusted": "trusted_proxies: [127.0.0.0/8]\n", "TLS": secured("", NewAuthority(t, "authority").Issue("site.example")),
	} {
		t.Run(name, func(t *testing.T) {
			p := Setup{Listener: listener + "\nforwarded: off"}.Start(t, backend)
			c := dial(t, p.Addr("web"))
			if name == "TLS" {
				c = c.Secure(asking("site.example"))
			}
			expect(t, name, c.Get("/x", forgedCertificate...), 200, "a GET /x")
			if got := certificateFields(backend.Take()[0].Request); len(got) > 0 {
				t.Errorf("the backend was told %v", got)
			}
		})
	}
}
