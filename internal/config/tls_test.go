package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func inCerts(name string) string { return filepath.Join(certs, name) }

// loaded checks a certificate and returns what it is without what was loaded.
func loaded(t *testing.T, c Certificate) Certificate {
	t.Helper()
	if c.TLS.Leaf == nil || c.TLS.PrivateKey == nil || len(c.TLS.Certificate) == 0 {
		t.Errorf("%s is not loaded: %+v", c.CertFile, c.TLS)
	}
	c.TLS = tls.Certificate{}
	return c
}

func TestServerTLS(t *testing.T) {
	c := good(t, "contract")
	secure := *c.Listener("secure").TLS
	if secure.ClientCAs == nil {
		t.Error("no client CAs")
	}
	same(t, "chain", len(secure.Certificates[1].TLS.Certificate), 2)
	same(t, "leaf", secure.Certificates[1].TLS.Leaf.DNSNames, []string{"chain.example"})
	secure.ClientCAs = nil
	for i := range secure.Certificates {
		secure.Certificates[i] = loaded(t, secure.Certificates[i])
	}
	same(t, "tls", secure, ServerTLS{
		Certificates: []Certificate{
			{CertFile: inCerts("site.pem"), KeyFile: inCerts("site.key")}, {CertFile: inCerts("chain.pem"), KeyFile: inCerts("chain.pem")},
		},
		ClientCAFile: inCerts("ca.pem"), ClientAuth: ClientAuthOptional, MinVersion: tls.VersionTLS13, HandshakeTimeout: 5 * time.Second,
	})
	mixed := *c.Listener("mixed").TLS
	mixed.Certificates = nil
	same(t, "defaults", mixed, ServerTLS{MinVersion: tls.VersionTLS12, HandshakeTimeout: 10 * time.Second, MaxHandshakes: 1024})
}

func TestClientsAreRequiredToHaveACertificateUnlessTheFileSaysOtherwise(t *testing.T) {
	src := `listeners: [{address: ":1", protocol: https, tls: {
		certificates: [{cert_file: "${CERTS}/site.pem", key_file: "${CERTS}/site.key"}], client_ca_file: "${CERTS}/ca.pem"}}]`
	c, err := Parse("c.yaml", []byte(strings.ReplaceAll(src, "\t", " ")), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "client_auth", c.Listeners[0].TLS.ClientAuth, ClientAuthRequire)
}

func TestBackendTLS(t *testing.T) {
	c := good(t, "contract")
	same(t, "empty", c.Pool("grpc").TLS, &BackendTLS{})
	same(t, "absent", c.Pool("web").TLS, (*BackendTLS)(nil))
	same(t, "not verified", c.Pool("db-tls").TLS, &BackendTLS{InsecureSkipVerify: true})
	secure := *c.Pool("secure").TLS
	if secure.CAs == nil {
		t.Error("no CAs")
	}
	same(t, "certificate", loaded(t, *secure.Certificate), Certificate{CertFile: inCerts("client.pem"), KeyFile: inCerts("client.key")})
	secure.CAs, secure.Certificate = nil, nil
	same(t, "tls", secure, BackendTLS{CAFile: inCerts("ca.pem"), ServerName: "backend.example.com"})
}

func TestFilesAreEachReadOnce(t *testing.T) {
	same(t, "files", good(t, "contract").Files(), []string{
		inCerts("site.pem"), inCerts("site.key"), inCerts("chain.pem"), inCerts("ca.pem"), inCerts("client.pem"), inCerts("client.key"),
	})
	same(t, "no files", len(good(t, "minimal").Files()), 0)
}

// oneCertificate writes a configuration with one certificate and returns its path.
func oneCertificate(t *testing.T, cert, key []byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"c.yaml":   []byte("listeners:\n  - address: :1\n    protocol: https\n    tls:\n      certificates:\n        - {cert_file: site.pem, key_file: site.key}\n"),
		"site.pem": cert,
		"site.key": key,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "c.yaml")
}

func TestDigestChangesWithACertificate(t *testing.T) {
	until := time.Now().Add(90 * 24 * time.Hour)
	first, second := issue("a.example", until, nil), issue("a.example", until, nil)
	path := oneCertificate(t, first.certPEM(), first.keyPEM())
	load := func() *Config {
		c, err := Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		now, err := Digest(path, c.Files())
		if err != nil || now != c.Digest || len(now) != 12 {
			t.Errorf("Digest = %q, %v, want %q", now, err, c.Digest)
		}
		return c
	}
	before := load()
	for name, content := range map[string][]byte{"site.pem": second.certPEM(), "site.key": second.keyPEM()} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if after := load(); after.Digest == before.Digest {
		t.Errorf("the digest is still %s", after.Digest)
	}
	if _, err := Digest(path, []string{filepath.Join(filepath.Dir(path), "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v, want not-exist", err)
	}
}

func TestWhyAFileCouldNotBeRead(t *testing.T) {
	absolute := inCerts("site.pem")
	for _, test := range []struct {
		text string
		err  error
		want string
	}{
		{"a.pem", fs.ErrNotExist, `there is no file "a.pem"; a relative path starts at this file's folder`},
		{absolute, &fs.PathError{Op: "stat", Path: absolute, Err: fs.ErrNotExist}, fmt.Sprintf("there is no file %q", clip(absolute))},
		{"a.pem", fs.ErrPermission, `"a.pem" may not be read by the user that spillway runs as; change its owner or its mode`},
		{"a.pem", errNotRegular, `"a.pem" is not a regular file`},
		{"a.pem", errTooLarge, `"a.pem" is too large, the most is 4MiB`},
		{"a.pem", &fs.PathError{Op: "read", Path: absolute, Err: errors.New("input/output error")}, `"a.pem" cannot be read: input/output error`},
	} {
		if got := complainRead(test.text, test.err); got != test.want {
			t.Errorf("%s, %v: %s, want %s", test.text, test.err, got, test.want)
		}
	}
}

func TestCertificatesThatDoNotFit(t *testing.T) {
	until := time.Now().Add(90 * 24 * time.Hour)
	ca := issue("ca.example", until, nil)
	site, other := issue("site.example", until, ca), issue("other.example", until, ca)
	weak, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(weak)
	if err != nil {
		t.Fatal(err)
	}
	oldForm := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}, Bytes: der})
	for _, test := range []struct {
		name      string
		cert, key []byte
		want      string // after the path
	}{
		{"another's key", site.certPEM(), other.keyPEM(),
			"6:43: listeners[0].tls.certificates[0].key_file: the key does not belong to the certificate in cert_file"},
		{"wrong order", concat(ca.certPEM(), site.certPEM()), site.keyPEM(),
			"6:43: listeners[0].tls.certificates[0].key_file: the key belongs to certificate 2 in cert_file; put that one first"},
		{"swapped", site.keyPEM(), site.certPEM(),
			"6:23: listeners[0].tls.certificates[0].cert_file: there is no certificate in the file, only PRIVATE KEY\n" +
				"6:43: listeners[0].tls.certificates[0].key_file: there is no private key in the file, only CERTIFICATE"},
		{"DER", site.cert.Raw, der,
			"6:23: listeners[0].tls.certificates[0].cert_file: the file is DER, not PEM; convert it: openssl x509 -inform der -in FILE -out FILE.pem\n" +
				"6:43: listeners[0].tls.certificates[0].key_file: the file is DER, not PEM; convert it: openssl pkey -inform der -in FILE -out FILE.pem"},
		{"old encryption", site.certPEM(), oldForm,
			"6:43: listeners[0].tls.certificates[0].key_file: the key is encrypted, and there is nobody to ask for its passphrase; decrypt it: openssl pkey -in FILE -out FILE.key"},
		{"too large", append(site.certPEM(), make([]byte, maxFile)...), site.keyPEM(),
			`6:23: listeners[0].tls.certificates[0].cert_file: "site.pem" is too large, the most is 4MiB`},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := oneCertificate(t, test.cert, test.key)
			_, err := Load(path, nil)
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), path+":", ""); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestKeysOfEveryForm(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	ecParameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 0}})
	pkcs8, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"PKCS #1": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}),
		"SEC 1":   concat(ecParameters, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: ec})),
		"PKCS #8": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	} {
		if key, complaint := parseKey(content); key == nil || complaint != "" {
			t.Errorf("%s: %v, %s", name, key, complaint)
		}
	}
}

func TestWarnings(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, test := range []struct {
		left time.Duration
		want string
	}{
		{14*day + time.Second, ""},
		{14*day - time.Second, "expires in 13 days (2026-12-11)"},
		{3*day + time.Hour, "expires in 3 days (2026-11-30)"},
		{time.Hour, "expires in less than a day (2026-11-27)"},
		{-time.Hour, "expired less than a day ago (2026-11-27)"},
		{-25 * time.Hour, "expired 1 day ago (2026-11-26)"},
		{102 * day, "is not valid before 2026-11-29"},
	} {
		cert := issue("a.example", now.Add(test.left), nil)
		path := oneCertificate(t, cert.certPEM(), cert.keyPEM())
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := newDecoder(path, func(string) (string, bool) { return "", false })
		d.now = now
		c, err := d.parse(src)
		if err != nil {
			t.Fatal(err)
		}
		var want []Warning
		if test.want != "" {
			want = []Warning{{File: path, Line: 6, Column: 11, Path: "listeners[0].tls.certificates[0]", Text: test.want}}
		}
		same(t, test.left.String(), c.Warnings, want)
		for _, w := range c.Warnings {
			same(t, "text", w.String(), path+":6:11: listeners[0].tls.certificates[0]: warning: "+test.want)
		}
	}
}

func TestBundleWithADamagedCertificate(t *testing.T) {
	damaged, err := os.ReadFile("testdata/certificates/broken.pem")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	ca := issue("ca.example", time.Now().Add(time.Hour), nil)
	if err := os.WriteFile(file, concat(damaged, ca.certPEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	src := fmt.Sprintf("listeners: [{address: ':1'}]\npools: [{name: a, tls: {ca_file: %q}, backends: [{address: 'h:1'}]}]\n", file)
	c, err := Parse("c.yaml", []byte(src), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Pools[0].TLS.CAs == nil {
		t.Error("no CAs")
	}
	const want = "c.yaml:2:34: pools[0].tls.ca_file: warning: certificate 1 in the file cannot be read and does not count: x509: malformed certificate"
	if len(c.Warnings) != 1 || c.Warnings[0].String() != want {
		t.Errorf("warnings %v, want %s", c.Warnings, want)
	}
}

// Whatever is in a file, it is a certificate or a key, or there is a complaint.
func FuzzPEM(f *testing.F) {
	until := time.Now().Add(time.Hour)
	cert := issue("a.example", until, nil)
	f.Add(cert.certPEM())
	f.Add(cert.keyPEM())
	f.Add(cert.cert.Raw)
	for _, name := range []string{"garbage.pem", "broken.pem", "broken.key", "encrypted.key"} {
		content, err := os.ReadFile(filepath.Join("testdata", "certificates", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		chain, complaint := parseChain(content)
		if (len(chain) == 0) != (complaint != "") {
			t.Fatalf("%d certificates, complaint %q", len(chain), complaint)
		}
		key, complaint := parseKey(content)
		if (key == nil) != (complaint != "") {
			t.Fatalf("key %v, complaint %q", key, complaint)
		}
		if len(chain) > 0 && key != nil {
			_ = complainPair(chain, key)
		}
		for _, cert := range chain {
			_ = complainExpiry(cert, until)
		}
	})
}
