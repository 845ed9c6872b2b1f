package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const exampleFile = "../../config.example.yaml"

// exampleWithCertificates is a copy of the example beside which there are the certificates that it names.
func exampleWithCertificates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tls"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.yaml")
	for from, to := range map[string]string{
		exampleFile:                        file,
		filepath.Join(certs, "site.pem"):   filepath.Join(dir, "tls", "site.pem"),
		filepath.Join(certs, "site.key"):   filepath.Join(dir, "tls", "site.key"),
		filepath.Join(certs, "ca.pem"):     filepath.Join(dir, "tls", "clients.pem"),
		filepath.Join(certs, "chain.pem"):  filepath.Join(dir, "tls", "internal-ca.pem"),
		filepath.Join(certs, "client.pem"): filepath.Join(dir, "tls", "spillway.pem"),
		filepath.Join(certs, "client.key"): filepath.Join(dir, "tls", "spillway.key"),
	} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func TestExampleFileIsValid(t *testing.T) {
	file := exampleWithCertificates(t)
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "eu-west" || len(c.Listeners) != 5 || len(c.Routes) != 7 || len(c.Pools) != 5 || len(c.Warnings) != 0 {
		t.Errorf("region %q, %d listeners, %d routes, %d pools", c.Region, len(c.Listeners), len(c.Routes), len(c.Pools))
	}
	if got, want := c.RegionOrder(), []string{"eu-west", "us-east", "ap-south"}; !slices.Equal(got, want) {
		t.Errorf("regions %v, want %v", got, want)
	}
	canary := c.Pool("web-canary")
	if canary.Sticky != nil || canary.Ejection != nil || canary.Policy != LeastConn || len(canary.Backends) != 1 {
		t.Errorf("the merged pool is %+v", canary)
	}
	socket := filepath.Join(filepath.Dir(file), "run", "spillway.sock")
	if got := string(c.Listeners[1].Address); got != "unix:"+socket {
		t.Errorf("address %q, want %q", got, "unix:"+socket)
	}
}

// By induction this covers keys at every depth: a section that the example lacks is itself a key it lacks.
func TestExampleFileHasEveryKey(t *testing.T) {
	file := exampleWithCertificates(t)
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	known, used := map[string]bool{}, map[string]bool{}
	d := newDecoder(file, func(string) (string, bool) { return "", false })
	d.sawKeys = func(pattern string, keys []string) {
		for _, key := range keys {
			known[join(pattern, key)] = true
		}
	}
	d.sawKey = func(pattern string) { used[pattern] = true }
	if _, err := d.parse(src); err != nil {
		t.Fatal(err)
	}
	if len(known) < 100 {
		t.Fatalf("only %d keys are known: %v", len(known), known)
	}
	for pattern := range known {
		if !used[pattern] {
			t.Errorf("the example does not show %s", pattern)
		}
	}
}
