package main

import (
	"strings"
	"testing"
	"time"

	"spillway/proxy"
)

func TestStatusForPeople(t *testing.T) {
	loaded := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	status := &proxy.Status{
		Region: "eu-west", Version: "1.2.3",
		Config: proxy.ConfigStatus{Generation: 7, Digest: "0123456789ab", LoadedAt: loaded, LastError: "config.yaml:1:1: one\nconfig.yaml:2:1: two"},
		Listeners: []proxy.ListenerStatus{{Name: "web", Address: ":8080", Protocol: "https", Connections: 1200,
			Certificates: []proxy.CertificateStatus{
				{Name: "example.com", NotAfter: loaded.Add(40 * 24 * time.Hour)}, {Name: "old.example", NotAfter: loaded.Add(-time.Hour)},
				{Name: "soon.example", NotAfter: loaded.Add(2*time.Hour + 5*time.Minute + 90*time.Hour)},
			}}},
		Pools: []proxy.PoolStatus{{Name: "api", Policy: "least_conn", Regions: []proxy.RegionStatus{
			{Name: "eu-west", State: proxy.RegionDegraded, Share: 0.875, Capacity: 200, Inflight: 12, Backends: []proxy.BackendStatus{
				{Address: "10.0.1.10:8080", State: "healthy", Reason: "first check passed; healthy for 3h", Inflight: 12, Requests: 1234567, Errors: 8, P50: 1.25, P99: 48},
				{Address: "10.0.1.11:8080", State: "unhealthy", Reason: "3 checks in a row failed: status 503; unhealthy for 12s"},
			}},
			{Name: "us-east", State: proxy.RegionHealthy, Share: 0.125, Backends: []proxy.BackendStatus{
				{Address: "10.2.1.10:8080", State: "healthy", Reason: "no failure seen", Requests: 9, P50: 81.4, P99: 1203},
			}},
		}}},
	}
	want := `spillway 1.2.3, region eu-west, configuration 7 (0123456789ab), loaded 2h5m ago
the last reload failed, and changed nothing:
  config.yaml:1:1: one
  config.yaml:2:1: two

LISTENER  ADDRESS  PROTOCOL  CONNECTIONS
web       :8080    https            1200
the certificate old.example of listener web has expired on 2026-01-02
the certificate soon.example of listener web expires on 2026-01-05, in 3d17h

POOL api, least_conn
REGION   BACKEND         STATE      SHARE  INFLIGHT  REQUESTS  ERRORS     P50    P99  REASON
eu-west                  degraded   87.5%    12/200
         10.0.1.10:8080  healthy                 12   1234567       8  1.25ms   48ms  first check passed; healthy for 3h
         10.0.1.11:8080  unhealthy                0         0       0       -      -  3 checks in a row failed: status 503; unhealthy for 12s
us-east                  healthy    12.5%         0
         10.2.1.10:8080  healthy                  0         9       0    81ms  1.20s  no failure seen
`
	var got strings.Builder
	printStatus(&got, status, loaded.Add(2*time.Hour+5*time.Minute+6*time.Second))
	if got.String() != want {
		t.Errorf("%s\ngot\n%s", firstDifference(want, got.String()), got.String())
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59900 * time.Millisecond: "59s", time.Minute: "1m0s", 3*time.Hour + 4*time.Minute: "3h4m", 50 * time.Hour: "2d2h",
	} {
		if got := ago(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for word, want := range map[string]string{"chekc": "check", "relaod": "reload", "stats": "status", "undrian": "undrain", "rnu": "run", "kubernetes": ""} {
		if got := nearest(word); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
