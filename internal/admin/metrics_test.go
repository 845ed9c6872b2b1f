package admin_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A scrape is the series of one answer, in order, with the type of each name.
type scrape struct {
	types  map[string]string
	series []string
	values map[string]float64
}

var (
	seriesLine = regexp.MustCompile(`^([a-z_][a-z0-9_]*)(\{(?:[a-z]+="(?:[^"\\]|\\["\\n])*",?)*\})? (\S+)$`)
	typeLine   = regexp.MustCompile(`^# TYPE ([a-z_][a-z0-9_]*) (counter|gauge|histogram|summary)$`)
	bound      = regexp.MustCompile(`le="[^"]*",?`)
	helpLine   = regexp.MustCompile(`^# HELP ([a-z_][a-z0-9_]*) \S.*$`)
)

var oneLabel = regexp.MustCompile(`[a-z]+="(?:[^"\\]|\\["\\n])*"`)

// canonical is a series with its labels in the order of their names.
func canonical(series string) string {
	name, _, labelled := strings.Cut(series, "{")
	if !labelled {
		return name
	}
	labels := oneLabel.FindAllString(series, -1)
	slices.Sort(labels)
	return name + "{" + strings.Join(labels, ",") + "}"
}

func (i *instance) scrape() *scrape {
	i.t.Helper()
	status, text, header := i.ask("GET", "/metrics", "")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8") {
		i.t.Fatalf("GET /metrics: %d as %s", status, header.Get("Content-Type"))
	}
	s := &scrape{types: map[string]string{}, values: map[string]float64{}}
	help, family := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := helpLine.FindStringSubmatch(line); m != nil {
			help = m[1]
			continue
		}
		if m := typeLine.FindStringSubmatch(line); m != nil {
			if family = m[1]; family != help || s.types[family] != "" {
				i.t.Errorf("%s: without help, or twice", line)
			}
			s.types[family] = m[2]
			continue
		}
		m := seriesLine.FindStringSubmatch(line)
		if m == nil {
			i.t.Errorf("not a line of the format: %s", line)
			continue
		}
		name, series := m[1], canonical(m[1]+m[2])
		if s.types[family] == "histogram" || s.types[family] == "summary" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				name = strings.TrimSuffix(name, suffix)
			}
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if _, twice := s.values[series]; twice || err != nil || name != family {
			i.t.Errorf("%s: twice, no number, or not among its family", line)
		}
		s.series, s.values[series] = append(s.series, series), value
	}
	return s
}

func TestMetricsCountWhatWasDone(t *testing.T) {
	i := start(t, nil)
	for range 3 {
		i.get("/v1/x")
	}
	i.get("/500")
	i.get("/ping")
	near := fmt.Sprintf(`{pool="app",region="eu-west",backend=%q`, i.near)
	wants := map[string]float64{
		`spillway_listener_requests_total{listener="web",class="2xx"}`:            4,
		`spillway_listener_requests_total{listener="web",class="5xx"}`:            1,
		`spillway_listener_request_duration_seconds_count{listener="web"}`:        5,
		`spillway_route_requests_total{route="/v1/",class="2xx"}`:                 3,
		`spillway_route_requests_total{route="= /ping",class="2xx"}`:              1,
		`spillway_route_request_duration_seconds_count{route="/v1/"}`:             3,
		`spillway_backend_requests_total` + near + `,class="2xx"}`:                3,
		`spillway_backend_requests_total` + near + `,class="5xx"}`:                1,
		`spillway_backend_request_duration_seconds_bucket` + near + `,le="+Inf"}`: 4,
		`spillway_backend_up` + near + `}`:                                        1,
		`spillway_backend_errors_total` + near + `}`:                              0,
		`spillway_backend_inflight_requests` + near + `}`:                         0,
		`spillway_region_up{pool="app",region="us-east"}`:                         1,
		`spillway_region_backends{pool="app",region="us-east",state="healthy"}`:   1,
		`spillway_pool_queue_waiting{pool="app"}`:                                 0,
		`spillway_pool_transitions_total{pool="app",state="draining"}`:            0,
		`spillway_pool_picks_total{pool="app",reason="home"}`:                     4,
		`spillway_pool_picks_total{pool="app",reason="spill-full"}`:               0,
		`spillway_pool_cross_region_retries_total{pool="app"}`:                    0,
		`spillway_region_capacity_requests{pool="app",region="eu-west"}`:          10,
		`spillway_region_room_requests{pool="app",region="eu-west"}`:              10,
		`spillway_region_inflight_requests{pool="app",region="eu-west"}`:          0,
		`spillway_region_share_ratio{pool="app",region="eu-west"}`:                1,
		`spillway_region_kept_ratio{pool="app",region="us-east"}`:                 1,
		`spillway_region_distance_seconds{pool="app",region="us-east"}`:           0.08,
		`spillway_route_refused_total{route="/v1/",reason="rate"}`:                0,
		`spillway_route_held_total{route="/v1/"}`:                                 0,
		`spillway_backend_limit_requests` + near + `}`:                            10,
		`spillway_backend_probation` + near + `}`:                                 0,
		`spillway_backend_avoided_requests_total` + near + `}`:                    0,
		`spillway_network_doubt`:                                                  0,
		`spillway_evacuations`:                                                    0,
		`spillway_config_generation`:                                              1,
		`spillway_config_last_reload_successful`:                                  1,
		`spillway_ready`:                                                          1,
	}
	eventually(t, "all is counted", func() bool {
		return i.scrape().values[canonical(`spillway_listener_requests_total{listener="web",class="2xx"}`)] == 4 && i.served() == 4
	})
	got := i.scrape().values
	for series, want := range wants {
		if value, ok := got[canonical(series)]; !ok || value != want {
			t.Errorf("%s is %v (%v), want %v", series, value, ok, want)
		}
	}
	if err := i.proxy.DrainBackend("app", i.near, false); err != nil {
		t.Fatal(err)
	}
	i.proxy.ReloadFailed(fmt.Errorf("no file"))
	got = i.scrape().values
	for series, want := range map[string]float64{
		`spillway_backend_up` + near + `}`:                                       0,
		`spillway_region_up{pool="app",region="eu-west"}`:                        0,
		`spillway_pool_transitions_total{pool="app",state="draining"}`:           1,
		`spillway_config_last_reload_successful`:                                 0,
		`spillway_region_backends{pool="app",region="eu-west",state="draining"}`: 1,
	} {
		if value, ok := got[canonical(series)]; !ok || value != want {
			t.Errorf("after a drain %s is %v (%v), want %v", series, value, ok, want)
		}
	}
}

// The rules are those of prometheus.io/docs/practices/naming and of its linter.
func TestMetricsFollowTheConventions(t *testing.T) {
	i := start(t, nil)
	i.get("/v1/x")
	s := i.scrape()
	for name, kind := range s.types {
		if !strings.HasPrefix(name, "spillway_") && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s has a foreign prefix", name)
		}
		if strings.HasSuffix(name, "_total") != (kind == "counter") {
			t.Errorf("%s is a %s", name, kind)
		}
		if !strings.HasPrefix(name, "spillway_") {
			continue
		}
		for _, word := range []string{"milli", "_ms", "minutes", "kilo", "counter", "gauge", "histogram", "_count", "_sum", "_bucket"} {
			if strings.Contains(name, word) {
				t.Errorf("%s has %q in its name", name, word)
			}
		}
	}
	for _, name := range []string{"go_goroutines", "go_info", "process_start_time_seconds", "spillway_build_info", "spillway_loop_stalls_total"} {
		if s.types[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
	below, of := 0.0, ""
	for _, series := range s.series {
		isBucket := strings.HasPrefix(series, "spillway_backend_request_duration_seconds_bucket")
		labels := bound.ReplaceAllString(series, "")
		switch {
		case !isBucket:
		case labels == of && s.values[series] < below:
			t.Errorf("%s falls", series)
		default:
			below, of = s.values[series], labels
		}
	}
}

func TestClientsCanNotMakeSeries(t *testing.T) {
	i := start(t, nil)
	count := func() (n int) {
		for _, series := range i.scrape().series {
			if strings.HasPrefix(series, "spillway_") {
				n++
			}
		}
		return n
	}
	before := count()
	address := i.proxy.Status().Listeners[0].Address
	for n := range 50 {
		ask(t, http.DefaultTransport, "http://"+address, []string{"GET", "PUT", "BREW"}[n%3], fmt.Sprintf("/v1/%d/x?%d", n, n), "",
			fmt.Sprintf("Host: host-%d.example", n), fmt.Sprintf("User-Agent: agent-%d", n))
	}
	if after := count(); after != before {
		t.Errorf("%d series before, %d after requests that all differ", before, after)
	}
	// What a pool costs is what its backends cost.
	if perBackend := before / 2; perBackend > 140 {
		t.Errorf("%d series for two backends", before)
	}
}
