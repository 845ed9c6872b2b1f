package admin_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What differs from run to run is replaced by a word.
var varying = []struct {
	is   *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`"digest": "[0-9a-f]{12}"`), `"digest": "DIGEST"`},
	{regexp.MustCompile(`"loaded_at": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z"`), `"loaded_at": "TIME"`},
	{regexp.MustCompile(`healthy for [0-9.]+m?s"`), `healthy for AGE"`},
	{regexp.MustCompile(`"(latency_p\d\d)": [0-9]+(\.\d{1,3})?(e-\d+)?,?`), `"$1": MS`},
	{regexp.MustCompile(`"connections": [01]`), `"connections": N`},
}

func TestStatusHasTheShapeOfItsContract(t *testing.T) {
	i := start(t, nil)
	i.get("/v1/x")
	eventually(t, "the request is counted", func() bool { return i.served() == 1 })
	status, got, header := i.ask("GET", "/api/status", "")
	if status != 200 || header.Get("Content-Type") != "application/json" {
		t.Errorf("%d, %s", status, header.Get("Content-Type"))
	}
	for _, each := range varying {
		got = each.is.ReplaceAllString(got, each.word)
	}
	got = strings.NewReplacer(i.near, "NEAR", i.far, "FAR", i.proxy.Status().Listeners[0].Address, "LISTENER").Replace(got)
	want, err := os.ReadFile("testdata/status.json")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAlivenessAndReadiness(t *testing.T) {
	i := start(t, nil)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, got, _ := i.ask("GET", path, ""); status != 200 || got != want {
			t.Errorf("GET %s: %d %q", path, status, got)
		}
	}
	i.proxy.Drain(t.Context())
	if status, got, _ := i.ask("GET", "/readyz", ""); status != 503 || got != "not ready\n" {
		t.Errorf("in a drain GET /readyz: %d %q", status, got)
	}
	if status, _, _ := i.ask("GET", "/healthz", ""); status != 200 {
		t.Errorf("in a drain GET /healthz: %d", status)
	}
	if status, _, _ := i.ask("GET", "/metrics", ""); status != 200 {
		t.Errorf("in a drain GET /metrics: %d", status)
	}
}

func TestIndexNamesWhatThereIs(t *testing.T) {
	i := start(t, nil)
	_, index, _ := i.ask("GET", "/", "")
	paths := regexp.MustCompile(`(?m)^(GET|POST) +(/\S*)`).FindAllStringSubmatch(index, -1)
	if len(paths) < 8 {
		t.Fatalf("GET /: %s", index)
	}
	for _, each := range paths {
		if status, _, _ := i.ask(each[1], each[2], ""); status == 404 || status == 405 {
			t.Errorf("%s %s: %d", each[1], each[2], status)
		}
	}
	if status, answer, _ := i.ask("GET", "/api/nothing", ""); status != 404 || !strings.Contains(answer, `{`+"\n"+`  "error": "`) {
		t.Errorf("GET /api/nothing: %d %s", status, answer)
	}
}
