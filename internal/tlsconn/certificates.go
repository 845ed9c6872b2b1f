package tlsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Certificates chooses a server's certificate by the name that the client asks
// for: the certificate with just that name, else with a wildcard for its first
// label, else the default, which is the first. Several for one name (RSA and
// ECDSA) are told apart by what the client supports, the earlier preferred.
// Letter case and a trailing dot do not matter. It does not change once made:
// any goroutine may use it.
type Certificates struct {
	exact    map[string][]*tls.Certificate
	wildcard map[string][]*tls.Certificate // by what follows the first label
	fallback []*tls.Certificate
	expiries []Expiry
}

// An Expiry is when a certificate ceases to be valid.
type Expiry struct {
	Name     string // the first that the certificate claims
	NotAfter time.Time
}

// NewCertificates takes certificates, at least one, each with its private key.
func NewCertificates(list []tls.Certificate) (*Certificates, error) {
	if len(list) == 0 {
		return nil, errors.New("no certificate")
	}
	s := &Certificates{exact: make(map[string][]*tls.Certificate), wildcard: make(map[string][]*tls.Certificate)}
	var main string
	for i := range list {
		c := list[i]
		leaf, err := leafOf(&c)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i, err)
		}
		c.Leaf = leaf
		names := namesOf(leaf)
		for _, name := range names {
			if parent, ok := strings.CutPrefix(name, "*."); ok {
				s.wildcard[parent] = append(s.wildcard[parent], &c)
			} else {
				s.exact[name] = append(s.exact[name], &c)
			}
		}
		names = append(names, "")
		s.expiries = append(s.expiries, Expiry{Name: names[0], NotAfter: leaf.NotAfter})
		if i == 0 {
			main = names[0]
		}
		if slices.Contains(names, main) {
			s.fallback = append(s.fallback, &c)
		}
	}
	return s, nil
}

func leafOf(c *tls.Certificate) (*x509.Certificate, error) {
	switch {
	case c.Leaf != nil:
		return c.Leaf, nil
	case len(c.Certificate) == 0:
		return nil, errors.New("empty")
	}
	return x509.ParseCertificate(c.Certificate[0])
}

// namesOf returns what a certificate claims. The common name counts only where
// there is no other: clients have ceased to look at it (RFC 9525 2).
func namesOf(leaf *x509.Certificate) []string {
	var names []string
	for _, name := range leaf.DNSNames {
		names = append(names, normal(name))
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && leaf.Subject.CommonName != "" {
		names = append(names, normal(leaf.Subject.CommonName))
	}
	return names
}

func normal(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// Has tells whether a certificate claims the name. The default does not count.
func (s *Certificates) Has(name string) bool {
	exact, wildcard := s.find(name)
	return len(exact) > 0 || len(wildcard) > 0
}

// Expiries lists all certificates, in the order they were given. It must not be changed.
func (s *Certificates) Expiries() []Expiry { return s.expiries }

func (s *Certificates) find(name string) (exact, wildcard []*tls.Certificate) {
	name = normal(name)
	exact = s.exact[name]
	if label, parent, ok := strings.Cut(name, "."); ok && label != "" {
		wildcard = s.wildcard[parent]
	}
	return exact, wildcard
}

// Choose is a [tls.Config.GetCertificate].
func (s *Certificates) Choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	exact, wildcard := s.find(hello.ServerName)
	var first *tls.Certificate
	nameless := *hello // the names have been compared
	nameless.ServerName = ""
	for _, candidates := range [...][]*tls.Certificate{exact, wildcard, s.fallback} {
		for _, c := range candidates {
			if first == nil {
				first = c
				if len(candidates) == 1 {
					return c, nil
				}
			}
			if nameless.SupportsCertificate(c) == nil {
				return c, nil
			}
		}
		if first != nil {
			break
		}
	}
	// None fits: crypto/tls says so to the client.
	return first, nil
}
