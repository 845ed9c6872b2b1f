package admin

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"spillway/internal/config"
	"spillway/proxy"
)

func TestLinter(t *testing.T) {
	c, err := config.Parse("config.yaml", []byte(`
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}]
pools: [{name: a, backends: [{address: "127.0.0.1:1"}, {address: "127.0.0.1:2"}]}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := proxy.New(c, proxy.Options{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(&collector{p, "1"})
	problems, err := testutil.GatherAndLint(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range problems {
		t.Errorf("%s: %s", each.Metric, each.Text)
	}
}
