package interop

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
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serverName is what every certificate here is for.
const serverName = "interop.test"

var (
	binary   string // the spillway under test; SPILLWAY_BINARY names one that is already built
	certFile string
	keyFile  string
	keyPair  tls.Certificate
	roots    = x509.NewCertPool()
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "spillway-interop-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = prepare(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func prepare(dir string) error {
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := writeCertificate(); err != nil {
		return err
	}
	if binary = os.Getenv("SPILLWAY_BINARY"); binary != "" {
		return nil
	}
	binary = filepath.Join(dir, "spillway")
	build := exec.Command("go", "build", "-o", binary, "./cmd/spillway")
	build.Dir = filepath.Join("..", "..", "..")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	return build.Run()
}

// writeCertificate makes the certificate of all servers here, which is its own authority.
func writeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: serverName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{serverName}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
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
	if err := os.WriteFile(certFile, certPEM, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
		return err
	}
	roots.AppendCertsFromPEM(certPEM)
	keyPair, err = tls.X509KeyPair(certPEM, keyPEM)
	return err
}

// A front is the side of spillway that the clients see.
type front struct{ plain, secure string }

// start runs spillway in front of one backend until the test ends; pool is more
// keys of the pool, one a line.
func start(t *testing.T, backend, pool string) front {
	t.Helper()
	f := front{freeAddress(t), freeAddress(t)}
	config := fmt.Sprintf(`listeners:
  - {name: plain, address: %s}
  - name: secure
    address: %s
    protocol: https
    tls: {certificates: [{cert_file: %s, key_file: %s}]}
routes:
  - {match: {path: /}, pool: app}
pools:
  - name: app
    backends: [{address: %s}]
`, f.plain, f.secure, certFile, keyFile, backend)
	for line := range strings.Lines(pool) {
		config += "    " + line
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(config+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	output := new(strings.Builder)
	cmd := exec.Command(binary, "run", "-c", path)
	cmd.Stdout, cmd.Stderr = output, output
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() || strings.Contains(output.String(), "panic") {
			t.Errorf("spillway wrote:\n%s", output)
		}
	})
	for _, address := range []string{f.plain, f.secure} {
		await(t, address)
	}
	return f
}

// await waits until somebody listens.
func await(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody listens on %s: %v", address, err)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
