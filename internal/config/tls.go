package config

import (
	"crypto/tls"
	"fmt"
	"math"
	"net/netip"
	"time"
)

func defaultServerTLS() ServerTLS {
	return ServerTLS{MinVersion: tls.VersionTLS12, HandshakeTimeout: 10 * time.Second, MaxHandshakes: 1024}
}

func (t *ServerTLS) decode(v value) {
	verifies := false
	s := v.section(fields{
		"certificates":      t.decodeCertificates,
		"client_ca_file":    func(v value) { verifies = t.decodeClientCAs(v) },
		"client_auth":       func(v value) { choice(v, &t.ClientAuth, ClientAuthRequire, ClientAuthOptional) },
		"min_version":       t.decodeMinVersion,
		"handshake_timeout": func(v value) { v.duration(&t.HandshakeTimeout, 0) },
		"trusted_names":     t.decodeTrustedNames,
		"max_handshakes":    func(v value) { v.integer(&t.MaxHandshakes, 0, math.MaxInt32) },
	})
	s.require("certificates")
	if verifies && !s.has("client_auth") {
		t.ClientAuth = ClientAuthRequire
	}
	if !verifies {
		s.exclude("needs client_ca_file, which says whose certificates are good", "client_auth", "trusted_names")
	}
}

func (t *ServerTLS) decodeTrustedNames(v value) {
	v.list(func(v value) {
		var text string
		if !v.text(&text, false) {
			return
		}
		name, complaint := hostPattern(text)
		if complaint != "" {
			v.errorf("%s", complaint)
			return
		}
		t.TrustedNames = append(t.TrustedNames, name)
	})
}

func (t *ServerTLS) decodeCertificates(v value) {
	v.list(func(v value) {
		var c Certificate
		c.decode(v)
		t.Certificates = append(t.Certificates, c)
	})
	if v.isList() && len(v.node.Content) == 0 {
		v.errorf("is empty; there has to be at least one")
	}
}

// decodeClientCAs reads a bundle, or nothing where its name is empty. It reports whether clients are to be verified.
func (t *ServerTLS) decodeClientCAs(v value) bool {
	var path string
	given := v.text(&path, true)
	if given && path == "" {
		return false
	}
	if given {
		t.ClientCAs = v.bundle(&t.ClientCAFile)
	}
	return true
}

func (t *ServerTLS) decodeMinVersion(v value) {
	versions := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	var version string
	if choice(v, &version, "1.2", "1.3") {
		t.MinVersion = versions[version]
	}
}

// decode reads a certificate and its key.
func (c *Certificate) decode(v value) {
	s := v.section(fields{
		"cert_file": func(value) {},
		"key_file":  func(value) {},
	})
	s.require("cert_file", "key_file")
	if s.has("cert_file") && s.has("key_file") {
		c.load(s)
	}
}

func (t *BackendTLS) decode(v value) {
	s := v.section(fields{
		"ca_file":              func(v value) { t.CAs = v.bundle(&t.CAFile) },
		"server_name":          func(v value) { v.checked(&t.ServerName, complainServerName) },
		"cert_file":            func(value) {},
		"key_file":             func(value) {},
		"insecure_skip_verify": func(v value) { v.boolean(&t.InsecureSkipVerify) },
	})
	switch cert, key := s.has("cert_file"), s.has("key_file"); {
	case cert && key:
		t.Certificate = new(Certificate)
		t.Certificate.load(s)
	case cert:
		s.at.errorf("cert_file needs key_file, the key that belongs to it")
	case key:
		s.at.errorf("key_file needs cert_file, the certificate that it belongs to")
	}
	if t.InsecureSkipVerify {
		s.exclude("verifies nothing beside insecure_skip_verify: true; leave one of the two out", "ca_file")
	}
}

// complainServerName checks the name that a backend's certificate has to be for.
func complainServerName(name string) string {
	if _, err := netip.ParseAddr(name); err == nil || isHostName(name) {
		return ""
	}
	return fmt.Sprintf("%q is neither a host name nor an IP address", clip(name))
}

// checkTLS finds backends whose certificates could not be verified.
func (p *Pool) checkTLS(s section) {
	if p.TLS == nil || p.TLS.ServerName != "" || p.TLS.InsecureSkipVerify {
		return
	}
	for i := range p.Backends {
		if _, unix := p.Backends[i].Address.UnixPath(); unix {
			s.or("tls").errorf("server_name is missing: backends[%d] is a unix socket, which has no name to verify", i)
			return
		}
	}
}
