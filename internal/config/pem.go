package config

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ExpiryWarning is how long before its end a certificate gets a warning.
const ExpiryWarning = 14 * 24 * time.Hour

// load reads the files that cert_file and key_file of a section name.
func (c *Certificate) load(s section) {
	certAt, keyAt := s.children["cert_file"], s.children["key_file"]
	certPEM, certRead := certAt.readFile(&c.CertFile)
	keyPEM, keyRead := keyAt.readFile(&c.KeyFile)
	var chain []*x509.Certificate
	if certRead {
		var complaint string
		if chain, complaint = parseChain(certPEM); complaint != "" {
			certAt.errorf("%s", complaint)
		}
	}
	var key crypto.Signer
	if keyRead {
		var complaint string
		if key, complaint = parseKey(keyPEM); complaint != "" {
			keyAt.errorf("%s", complaint)
		}
	}
	if len(chain) == 0 {
		return
	}
	leaf := chain[0]
	if complaint := complainExpiry(leaf, s.at.d.now); complaint != "" {
		s.at.warnf("%s", complaint)
	}
	if key == nil {
		return
	}
	if complaint := complainPair(chain, key); complaint != "" {
		keyAt.errorf("%s", complaint)
	}
	c.TLS = tls.Certificate{PrivateKey: key, Leaf: leaf}
	for _, cert := range chain {
		c.TLS.Certificate = append(c.TLS.Certificate, cert.Raw)
	}
}

// complainExpiry finds a certificate that is not valid, or will soon not be.
func complainExpiry(cert *x509.Certificate, now time.Time) string {
	const layout = time.DateOnly
	switch left := cert.NotAfter.Sub(now); {
	case now.Before(cert.NotBefore):
		return "is not valid before " + cert.NotBefore.UTC().Format(layout)
	case left < 0:
		return fmt.Sprintf("expired %s ago (%s)", days(-left), cert.NotAfter.UTC().Format(layout))
	case left < ExpiryWarning:
		return fmt.Sprintf("expires in %s (%s)", days(left), cert.NotAfter.UTC().Format(layout))
	}
	return ""
}

func days(d time.Duration) string {
	switch n := int(d / (24 * time.Hour)); n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}

// parseChain reads the certificates of a file, the server's own first.
func parseChain(content []byte) (chain []*x509.Certificate, complaint string) {
	blocks, others := pemBlocks(content)
	for i, der := range blocks {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Sprintf("certificate %d in the file cannot be read: %v", i+1, err)
		}
		chain = append(chain, cert)
	}
	if chain == nil {
		return nil, complainNoCertificate(content, others)
	}
	return chain, ""
}

// pemBlocks is the certificates of a file, and the types of what else there is.
func pemBlocks(content []byte) (certificates [][]byte, others []string) {
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			return certificates, others
		}
		if block.Type == "CERTIFICATE" {
			certificates = append(certificates, block.Bytes)
		} else {
			others = append(others, block.Type)
		}
	}
}

func complainNoCertificate(content []byte, others []string) string {
	switch {
	case bytes.HasPrefix(content, []byte{0x30, 0x82}):
		return "the file is DER, not PEM; convert it: openssl x509 -inform der -in FILE -out FILE.pem"
	case len(others) > 0:
		return fmt.Sprintf("there is no certificate in the file, only %s", strings.Join(others, ", "))
	default:
		return "there is no certificate in the file; want PEM, which begins with -----BEGIN CERTIFICATE-----"
	}
}

// parseKey reads the first private key of a file.
func parseKey(content []byte) (key crypto.Signer, complaint string) {
	var others []string
	for rest := content; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return nil, "the key is encrypted, and there is nobody to ask for its passphrase; decrypt it: openssl pkey -in FILE -out FILE.key"
		case block.Type == "PRIVATE KEY" || strings.HasSuffix(block.Type, " PRIVATE KEY"):
			key, err := parseKeyDER(block.Bytes)
			if err != nil {
				return nil, err.Error()
			}
			return key, ""
		}
		others = append(others, block.Type)
	}
	switch {
	case bytes.HasPrefix(content, []byte{0x30}):
		return nil, "the file is DER, not PEM; convert it: openssl pkey -inform der -in FILE -out FILE.pem"
	case len(others) > 0:
		return nil, fmt.Sprintf("there is no private key in the file, only %s", strings.Join(others, ", "))
	default:
		return nil, "there is no private key in the file; want PEM, which begins with -----BEGIN PRIVATE KEY-----"
	}
}

// parseKeyDER reads PKCS #8, PKCS #1 or SEC 1, whatever the block calls it.
func parseKeyDER(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the key in the file is damaged, or of a kind that TLS has no use for; want PKCS #8, PKCS #1 or SEC 1")
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("the key in the file is of a kind that TLS has no use for (%T)", parsed)
}

// complainPair finds a key that does not belong to the first certificate of a chain.
func complainPair(chain []*x509.Certificate, key crypto.Signer) string {
	for i, cert := range chain {
		public, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
		switch {
		case !ok || !public.Equal(key.Public()):
		case i == 0:
			return ""
		default:
			return fmt.Sprintf("the key belongs to certificate %d in cert_file; put that one first", i+1)
		}
	}
	return "the key does not belong to the certificate in cert_file"
}

// bundle reads the certificates of authorities from the file that v names; nil after an error.
func (v value) bundle(path *string) *x509.CertPool {
	content, ok := v.readFile(path)
	if !ok {
		return nil
	}
	blocks, others := pemBlocks(content)
	pool, found := x509.NewCertPool(), 0
	for i, der := range blocks {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			v.warnf("certificate %d in the file cannot be read and does not count: %v", i+1, err)
			continue
		}
		pool.AddCert(cert)
		found++
	}
	switch {
	case len(blocks) == 0:
		v.errorf("%s", complainNoCertificate(content, others))
		return nil
	case found == 0:
		v.errorf("not one certificate in the file can be read")
		return nil
	}
	return pool
}
