package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the .err files from what Parse says now")

// certs is a folder of certificates, made for this run of the tests; see writeCertificates.
var certs string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if certs, err = os.MkdirTemp("", "spillway-certs"); err != nil {
		panic(err)
	}
	writeCertificates(certs)
	status := m.Run()
	_ = os.RemoveAll(certs)
	os.Exit(status)
}

// testEnv is the environment of the files in testdata.
func testEnv(name string) (string, bool) {
	value, ok := map[string]string{
		"TEXT":   "text",
		"NUMBER": "7",
		"PORT":   "8080",
		"TRUE":   "true",
		"EMPTY":  "",
		"INJECT": "x\npolicy: random",
		"CERTS":  certs,
	}[name]
	return value, ok
}

// Each testdata/bad/NAME.yaml has in NAME.err what Parse has to say of it.
func TestBadFiles(t *testing.T) {
	compareErrors(t, "testdata/bad", 20, func(name string, src []byte) (*Config, error) { return Parse(name, src, testEnv) })
}

func compareErrors(t *testing.T, dir string, least int, parse func(name string, src []byte) (*Config, error)) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.yaml")
	if err != nil || len(files) < least {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parse("config.yaml", src)
			if err == nil || c != nil {
				t.Fatalf("Parse = %v, %v; want no Config and an error", c, err)
			}
			got := err.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".err"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}
