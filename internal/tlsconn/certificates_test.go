package tlsconn

import (
	"crypto/tls"
	"testing"
)

func TestCertificateIsChosenByName(t *testing.T) {
	a := newAuthority(t)
	names := [][]string{
		{"default.example"}, {"www.example.com", "example.com"}, {"*.example.com"}, {"*.sub.example.com", "10.0.0.1"}, {"Mixed.Example"},
	}
	var list []tls.Certificate
	for _, each := range names {
		list = append(list, a.issue(t, newECDSA(t), each...))
	}
	s := a.store(t, list...)
	for name, test := range map[string]struct {
		want int
		has  bool
	}{
		"www.example.com": {1, true}, "WWW.Example.COM.": {1, true}, "example.com": {1, true}, "api.example.com": {2, true},
		"a.b.example.com": {0, false}, "x.sub.example.com": {3, true}, "sub.example.com": {2, true}, ".example.com": {0, false},
		"10.0.0.1": {3, true}, "mixed.example": {4, true}, "default.example": {0, true}, "other.example": {0, false},
		"": {0, false}, "*.example.com": {2, true}, "com": {0, false},
	} {
		if got := s.Has(name); got != test.has {
			t.Errorf("%q: Has says %v", name, got)
		}
		got, err := s.Choose(&tls.ClientHelloInfo{ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13},
			SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256},
			SupportedCurves: []tls.CurveID{tls.CurveP256}})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if string(got.Certificate[0]) != string(list[test.want].Certificate[0]) {
			t.Errorf("%q: the certificate for %v", name, got.Leaf.DNSNames)
		}
	}
	if n := len(s.Expiries()); n != len(list) {
		t.Errorf("%d expiries", n)
	}
	if e := s.Expiries()[3]; e.Name != "*.sub.example.com" || e.NotAfter.IsZero() {
		t.Errorf("%+v", e)
	}
}

func TestCertificateIsChosenByWhatTheClientSupports(t *testing.T) {
	a := newAuthority(t)
	rsaKey := newRSA(t)
	s := a.store(t, a.issue(t, newECDSA(t), "localhost"), a.issue(t, rsaKey, "localhost"), a.issue(t, rsaKey, "*.example.com"), a.issue(t, newECDSA(t), "*.example.com"))
	for _, name := range []string{"localhost", "www.example.com", "", "unknown"} {
		for scheme, want := range map[tls.SignatureScheme]string{tls.ECDSAWithP256AndSHA256: "ECDSA", tls.PSSWithSHA256: "RSA"} {
			got, err := s.Choose(&tls.ClientHelloInfo{ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13},
				SignatureSchemes: []tls.SignatureScheme{scheme}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256},
				SupportedCurves: []tls.CurveID{tls.CurveP256}})
			if err != nil || got.Leaf.PublicKeyAlgorithm.String() != want {
				t.Errorf("%q with %v: %v, %v", name, scheme, got.Leaf.PublicKeyAlgorithm, err)
			}
		}
		if c, err := s.Choose(&tls.ClientHelloInfo{ServerName: name}); c == nil || err != nil {
			t.Errorf("%q with nothing: %v", name, err)
		}
	}
}

func TestBadCertificates(t *testing.T) {
	for name, list := range map[string][]tls.Certificate{
		"none": nil, "empty": {{}}, "malformed": {{Certificate: [][]byte{{1, 2, 3}}}},
	} {
		if _, err := NewCertificates(list); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
