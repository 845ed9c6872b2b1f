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
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An Authority issues the certificates of one test.
type Authority struct {
	File string // its certificate in PEM
	Pool *x509.CertPool

	t      testing.TB
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	issued int64
}

// An Issued is a certificate with its files.
type Issued struct {
	tls.Certificate
	CertFile, KeyFile string
}

// NewAuthority makes an authority of that common name.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{File: filepath.Join(t.TempDir(), "authority.pem"), Pool: x509.NewCertPool(), t: t, key: newKey(t)}
	form := certificateForm(name, 1)
	form.IsCA, form.BasicConstraintsValid, form.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, form, form, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.Pool.AddCert(a.cert)
	writePEM(t, a.File, "CERTIFICATE", der)
	return a
}

// Issue makes a certificate for host names and addresses, of which the first is
// also the subject. It is good for both ends of a connection.
func (a *Authority) Issue(names ...string) *Issued {
	a.t.Helper()
	a.issued++
	form := certificateForm(names[0], 0x1000+a.issued)
	form.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			form.IPAddresses = append(form.IPAddresses, ip)
		} else {
			form.DNSNames = append(form.DNSNames, name)
		}
	}
	key := newKey(a.t)
	der, err := x509.CreateCertificate(rand.Reader, form, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	c := &Issued{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	c.Certificate = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	writePEM(a.t, c.CertFile, "CERTIFICATE", der)
	writePEM(a.t, c.KeyFile, "PRIVATE KEY", keyDER)
	return c
}

// Keys are the keys that name the files.
func (c *Issued) Keys() string {
	return fmt.Sprintf("cert_file: %s, key_file: %s", c.CertFile, c.KeyFile)
}

// Renew puts other into the files of c.
func (c *Issued) Renew(t testing.TB, other *Issued) {
	t.Helper()
	for from, to := range map[string]string{other.CertFile: c.CertFile, other.KeyFile: c.KeyFile} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func certificateForm(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// secured is the keys of a listener that ends TLS with the certificates and
// speaks HTTP/1.1; more are lines below tls.
func secured(more string, certificates ...*Issued) string {
	return "protocol: https\nhttp2: off\n" + endsTLS(more, certificates...)
}

// endsTLS is the key tls of a listener.
func endsTLS(more string, certificates ...*Issued) string {
	var b strings.Builder
	b.WriteString("tls:\n  certificates:\n")
	for _, c := range certificates {
		b.WriteString("    - {" + c.Keys() + "}\n")
	}
	for line := range strings.Lines(more) {
		b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}

// asking is a client's config that asks for a server by its name, of whatever
// authority, and speaks HTTP/1.1.
func asking(name string) *tls.Config {
	return &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
}

// shakeHands connects and makes a handshake.
func shakeHands(address string, config *tls.Config) (*tls.Conn, error) {
	raw, err := dialRaw(address)
	if err != nil {
		return nil, err
	}
	return secureConn(raw, config)
}

// secureConn makes a handshake on a connection, which it closes on an error.
func secureConn(raw net.Conn, config *tls.Config) (*tls.Conn, error) {
	raw.SetDeadline(time.Now().Add(patience))
	conn := tls.Client(raw, config)
	if err := conn.Handshake(); err != nil {
		raw.Close()
		return nil, err
	}
	raw.SetDeadline(time.Time{})
	return conn, nil
}

// dialTLS connects and makes a handshake, which has to succeed.
func dialTLS(t testing.TB, address string, config *tls.Config) *Client {
	t.Helper()
	conn, err := shakeHands(address, config)
	if err != nil {
		t.Fatalf("the handshake failed: %v", err)
	}
	return newClient(t, conn)
}

// Secure begins TLS on a connection that has been used in the clear.
func (c *Client) Secure(config *tls.Config) *Client {
	c.t.Helper()
	conn, err := secureConn(c.Conn, config)
	if err != nil {
		c.t.Fatalf("the handshake failed: %v", err)
	}
	return newClient(c.t, conn)
}

// State is that of a TLS client.
func (c *Client) State() tls.ConnectionState { return c.Conn.(*tls.Conn).ConnectionState() }

// Shown is the common name of the certificate that the server showed.
func (c *Client) Shown() string { return c.State().PeerCertificates[0].Subject.CommonName }

// refusesTLS fails the test when a connection of that config gets an answer. In TLS 1.3
// a client learns of its refusal only after its own part of the handshake.
func refusesTLS(t testing.TB, what, address string, config *tls.Config) {
	t.Helper()
	conn, err := shakeHands(address, config)
	if err != nil {
		return
	}
	c := newClient(t, conn)
	c.Write([]byte(head("GET", "/refused")))
	if answer := c.AwaitEnd(); answer != "" {
		t.Errorf("%s got %.80q", what, answer)
	}
}
