//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Where there is TLS, all proxies do the same work: version 1.3 with this
// cipher and this key exchange, and one ECDSA P-256 certificate.
const (
	tlsVersion = tls.VersionTLS13
	tlsCipher  = tls.TLS_AES_128_GCM_SHA256
	tlsCurve   = tls.X25519
)

// makeCertificate writes a certificate for the loopback address, signed by
// itself, and its key into files of dir. HAProxy finds the key by its name.
func makeCertificate(dir string) (certificate, key string, err error) {
	certificate = filepath.Join(dir, "site.pem")
	key = certificate + ".key"
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return "", "", err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	return certificate, key, errors.Join(
		os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o644),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600))
}

// clientTLS trusts the certificate in a file and nothing else.
func clientTLS(certificate string) (*tls.Config, error) {
	text, err := os.ReadFile(certificate)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %s", certificate)
	}
	return &tls.Config{
		RootCAs:          roots,
		ServerName:       "127.0.0.1",
		MinVersion:       tlsVersion,
		CurvePreferences: []tls.CurveID{tlsCurve},
	}, nil
}

// checkTLS holds that a connection does the work that is compared.
func checkTLS(state *tls.ConnectionState) error {
	if state == nil {
		return errors.New("answers without TLS")
	}
	if state.Version != tlsVersion || state.CipherSuite != tlsCipher || state.CurveID != tlsCurve {
		return fmt.Errorf("chose %s, %s and %s, not %s, %s and %s",
			tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), state.CurveID,
			tls.VersionName(tlsVersion), tls.CipherSuiteName(tlsCipher), tlsCurve)
	}
	return nil
}

// client returns a client that speaks to the listener of a site and nothing else.
func (s site) client() (*http.Client, error) {
	if !s.TLS() {
		return http.DefaultClient, nil
	}
	config, err := clientTLS(s.Certificate)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: config, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!s.HTTP2())
	transport.Protocols.SetHTTP2(s.HTTP2())
	return &http.Client{Transport: transport}, nil
}
