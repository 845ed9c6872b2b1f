package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// A testCert is a certificate made for a test, with its key.
type testCert struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// issue makes a certificate that ends at a time and is signed by an issuer, or by itself.
func issue(name string, until time.Time, by *testCert) *testCert {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: until.Add(-100 * 24 * time.Hour), NotAfter: until,
		IsCA: by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	issuer := &testCert{template, key}
	if by != nil {
		issuer = by
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &testCert{cert, key}
}

func (c *testCert) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

// keyPEM is the key in PKCS #8.
func (c *testCert) keyPEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// writeCertificates fills the folder of testEnv's CERTS.
func writeCertificates(dir string) {
	until := time.Now().Add(90 * 24 * time.Hour)
	ca := issue("ca.example", until, nil)
	site, client, chain := issue("site.example", until, ca), issue("client.example", until, ca), issue("chain.example", until, ca)
	for name, content := range map[string][]byte{
		"ca.pem":     ca.certPEM(),
		"site.pem":   site.certPEM(),
		"site.key":   site.keyPEM(),
		"client.pem": client.certPEM(),
		"client.key": client.keyPEM(),
		"chain.pem":  concat(chain.keyPEM(), chain.certPEM(), ca.certPEM()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			panic(err)
		}
	}
}

func concat(parts ...[]byte) (all []byte) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}
