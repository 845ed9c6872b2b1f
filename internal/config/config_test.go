package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLoadResolvesPathsAgainstTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	src := "listeners: [{address: 'unix:a.sock'}]\naccess_log: {output: ../x/access.log}\n"
	if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.Listeners[0].Address), "unix:"+filepath.Join(dir, "a.sock"); got != want {
		t.Errorf("address %q, want %q", got, want)
	}
	if got, want := c.AccessLog.Output, filepath.Join(filepath.Dir(dir), "x", "access.log"); got != want {
		t.Errorf("output %q, want %q", got, want)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v, want not-exist", err)
	}
}

func TestErrorsHavePlaces(t *testing.T) {
	_, err := Parse("c.yaml", []byte("listeners: [{address: ':1'}]\npools:\n  - polcy: x\n    name: a\n    backends: [{address: 'h:1'}]\n"), nil)
	var errs Errors
	if !errors.As(err, &errs) {
		t.Fatalf("err = %#v, want Errors", err)
	}
	want := Errors{{File: "c.yaml", Line: 3, Column: 5, Path: "pools[0]", Message: `unknown key "polcy" (did you mean "policy"?)`}}
	if !slices.Equal(errs, want) {
		t.Errorf("got %#v, want %#v", errs, want)
	}
	if got, want := errs.Error(), `c.yaml:3:5: pools[0]: unknown key "polcy" (did you mean "policy"?)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSyntaxErrorsOfLongFilesHavePlaces(t *testing.T) {
	for _, test := range []struct{ before, after int }{{0, 0}, {5, 5}, {150, 20}, {3000, 500}, {10, 3000}} {
		source := strings.Repeat("a: [\n  b]\n", test.before) + "\tc: d\n" + strings.Repeat("e:\n  f\n", test.after)
		_, err := Parse("c.yaml", []byte(source), nil)
		var errs Errors
		if want := 2*test.before + 1; !errors.As(err, &errs) || errs[0].Line != want {
			t.Errorf("%+v: %v, want line %d", test, err, want)
		}
	}
}

func TestDigestIsOfTheSource(t *testing.T) {
	const src = "listeners: [{address: ':1'}]\n"
	parse := func(src string) string {
		c, err := Parse("c.yaml", []byte(src), nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Digest
	}
	first := parse(src)
	if len(first) != 12 || first != parse(src) || first == parse(src+"# changed\n") {
		t.Errorf("digests %s, %s, %s", first, parse(src), parse(src+"# changed\n"))
	}
}

func TestAliasesCannotBlowUp(t *testing.T) {
	var b strings.Builder
	b.WriteString("listeners: [{address: ':1'}]\nroutes:\n  - respond: {headers: &a0 {A: b}}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&b, "  - respond: {headers: &a%d {<<: [*a%d, *a%[2]d]}}\n", i, i-1)
	}
	_, err := Parse("c.yaml", []byte(b.String()), nil)
	if err == nil || !strings.Contains(err.Error(), "aliases make it too large") {
		t.Errorf("err = %v", err)
	}
}

func TestForAddresses(t *testing.T) {
	c, err := ForAddresses(":8080", []string{"127.0.0.1:9001", "App:80"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listeners[0].Address != ":8080" || c.Routes[0].Pool != c.Pools[0].Name || c.Region != DefaultRegion {
		t.Errorf("got %+v", c)
	}
	want := []Backend{
		{Address: "127.0.0.1:9001", Region: DefaultRegion, Weight: 1}, {Address: "app:80", Region: DefaultRegion, Weight: 1},
	}
	if p := c.Pools[0]; !slices.Equal(p.Backends, want) || p.HealthCheck.Type != CheckTCP || p.HealthCheck.Path != "" {
		t.Errorf("pool %+v, check %+v", p, p.HealthCheck)
	}
	for _, bad := range []struct {
		from string
		to   []string
		want string
	}{
		{"8080", []string{"a:1"}, `--from: "8080" is no address; use ":8080"`},
		{":8080", []string{"a"}, `--to: "a" has no port; use a form such as "a:80"`},
		{":8080", []string{"a:1", "a:1"}, `--to: "a:1" is given twice`},
		{":8080", nil, "--to: want at least one address"},
	} {
		if _, err := ForAddresses(bad.from, bad.to); err == nil || err.Error() != bad.want {
			t.Errorf("ForAddresses(%q, %q): %v, want %s", bad.from, bad.to, err, bad.want)
		}
	}
}

func TestAddressParts(t *testing.T) {
	for _, test := range []struct {
		address  Address
		path     string
		host     string
		port     uint16
		name     bool
		addrPort string
	}{
		{address: "10.0.0.1:80", host: "10.0.0.1", port: 80, addrPort: "10.0.0.1:80"},
		{address: "[::1]:80", host: "::1", port: 80, addrPort: "[::1]:80"},
		{address: ":80", port: 80},
		{address: "a.example:80", host: "a.example", port: 80, name: true},
		{address: "unix:/run/a.sock", path: "/run/a.sock"},
		{address: ""},
	} {
		path, unix := test.address.UnixPath()
		if path != test.path && unix || unix != (test.path != "") {
			t.Errorf("%q.UnixPath() = %q, %v", test.address, path, unix)
		}
		host, port, ok := test.address.HostPort()
		if host != test.host || port != test.port || ok != (test.port != 0) {
			t.Errorf("%q.HostPort() = %q, %d, %v", test.address, host, port, ok)
		}
		if _, _, name := test.address.Name(); name != test.name {
			t.Errorf("%q.Name() is %v", test.address, name)
		}
		var want netip.AddrPort
		if test.addrPort != "" {
			want = netip.MustParseAddrPort(test.addrPort)
		}
		if got, ok := test.address.AddrPort(); got != want || ok != (test.addrPort != "") {
			t.Errorf("%q.AddrPort() = %v, %v", test.address, got, ok)
		}
	}
}

func TestCollide(t *testing.T) {
	for _, test := range []struct {
		a, b Address
		want bool
	}{
		{":80", ":80", true},
		{":80", ":81", false},
		{":80", "127.0.0.1:80", true},
		{"[::]:80", "127.0.0.1:80", true},
		{"0.0.0.0:80", "[::1]:80", true},
		{"127.0.0.1:80", "127.0.0.2:80", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{"unix:/a", "unix:/a", true},
		{"unix:/a", "unix:/b", false},
		{"unix:/a", ":80", false},
	} {
		if collide(test.a, test.b) != test.want || collide(test.b, test.a) != test.want {
			t.Errorf("collide(%q, %q) is not %v both ways", test.a, test.b, test.want)
		}
	}
}

func TestStatusSet(t *testing.T) {
	var s StatusSet
	if !s.Empty() || s.Ranges() != nil {
		t.Error("the zero set is not empty")
	}
	s.Add(502, 504)
	s.Add(404, 404)
	s.Add(505, 505)
	for code, want := range map[int]bool{-1: false, 0: false, 404: true, 405: false, 501: false, 502: true, 505: true, 506: false, 9999: false} {
		if s.Has(code) != want {
			t.Errorf("Has(%d) is not %v", code, want)
		}
	}
	if got := fmt.Sprint(s.Ranges()); got != "[404 502-505]" {
		t.Errorf("Ranges() = %s", got)
	}
}

func TestSuggest(t *testing.T) {
	keys := []string{"policy", "hash_on", "health_check", "host", "backends", "rise", "fall", "timeouts"}
	for got, want := range map[string]string{
		"polcy":               "policy",
		"ploicy":              "policy",
		"HealthCheck":         "health_check",
		"health-check":        "health_check",
		"heath_check":         "health_check",
		"servers":             "backends",
		"healthy_threshold":   "rise",
		"unhealthy-threshold": "fall",
		"lbPolicy":            "policy",
		"timeout":             "timeouts",
		"xyz":                 "",
		"":                    "",
	} {
		text := suggestWord(got, keys)
		if want != "" {
			want = didYouMean(want)
		}
		if text != want {
			t.Errorf("%q: %q, want %q", got, text, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "axc", 1},
		{"abcd", "acbd", 1}, {"abcdef", "badcfe", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {strings.Repeat("a", 99), "a", 99},
	} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

// Whatever the input, Parse returns either a Config or errors that all have a place.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.yaml", exampleFile} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		lines := 1
		for _, lineBreak := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(string(src), lineBreak)
		}
		c, err := Parse("config.yaml", src, testEnv)
		if err == nil {
			if c == nil || len(c.Listeners) == 0 || c.Region == "" {
				t.Fatalf("Parse = %+v without an error", c)
			}
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs) == 0 || c != nil {
			t.Fatalf("Parse = %v, %#v", c, err)
		}
		for _, e := range errs {
			if e.Line < 1 || e.Line > lines+1 || e.Column < 1 || e.Message == "" || strings.ContainsAny(e.Error(), "\r\n") {
				t.Fatalf("an error without a proper place: %#v", e)
			}
		}
	})
}
