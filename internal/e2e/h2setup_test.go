package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The certificate of all servers here; it is its own authority.
var (
	certFile, keyFile string
	keyPair           tls.Certificate
	authorities       = x509.NewCertPool()
)

// certName is what the certificate is for, besides 127.0.0.1.
const certName = "e2e.test"

func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: certName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		DNSNames: []string{certName}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(certFile, certPEM, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
		return err
	}
	authorities.AppendCertsFromPEM(certPEM)
	keyPair, err = tls.X509KeyPair(certPEM, keyPEM)
	return err
}

func clientTLS(protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: authorities, ServerName: certName, NextProtos: protocols}
}

// secureListener is a Setup's Listener that speaks TLS.
func secureListener() string {
	return fmt.Sprintf("protocol: https\ntls: {certificates: [{cert_file: %s, key_file: %s}]}", certFile, keyFile)
}

// A protocol is one of the ways in which HTTP is spoken here.
type protocol string

const (
	overHTTP1 protocol = "HTTP/1.1"
	overH2C   protocol = "h2c"
	overH2    protocol = "h2"
)

var protocols = []protocol{overHTTP1, overH2C, overH2}

// poolKeys are the keys of a pool whose backends speak it.
func (way protocol) poolKeys() string {
	switch way {
	case overH2C:
		return "protocol: h2"
	case overH2:
		return fmt.Sprintf("protocol: h2\ntls: {ca_file: %s, server_name: %s}", certFile, certName)
	}
	return "protocol: http1"
}

// url is where it is spoken to that listener of a proxy.
func (way protocol) url(address, path string) string {
	if way == overH2 {
		return "https://" + address + path
	}
	return "http://" + address + path
}

// newGoClient is Go's own client of that protocol, with connections of its own.
func newGoClient(t testing.TB, way protocol) *http.Client {
	t.Helper()
	tr := &http.Transport{TLSClientConfig: clientTLS(), DisableCompression: true, ExpectContinueTimeout: patience, Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(way == overHTTP1)
	tr.Protocols.SetUnencryptedHTTP2(way == overH2C)
	tr.Protocols.SetHTTP2(way == overH2)
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 2 * patience}
}

// newGoBackend is Go's own server of that protocol.
func newGoBackend(t testing.TB, way protocol, handler http.HandlerFunc) *Backend {
	t.Helper()
	ln := listenAnywhere(t)
	s := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(way == overHTTP1)
	s.Protocols.SetUnencryptedHTTP2(way == overH2C)
	s.Protocols.SetHTTP2(way == overH2)
	b := &Backend{Name: string(way), Address: ln.Addr().String(), t: t}
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			b.update(func() { b.accepted++ })
		}
	}
	if way == overH2 {
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{keyPair}, NextProtos: []string{"h2"}})
	}
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return b
}

// listenAnywhere listens where nobody else does.
func listenAnywhere(t testing.TB) (ln net.Listener) {
	t.Helper()
	eventually(t, "a backend listens", func() bool {
		var err error
		ln, err = net.Listen("tcp", freeAddress(t))
		return err == nil
	})
	return ln
}
