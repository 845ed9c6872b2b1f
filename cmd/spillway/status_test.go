package main

import (
	"strings"
	"testing"
	"time"

	"spillway/evacuation"
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
		Pools: []proxy.PoolStatus{{Name: "api", Policy: "least_conn", Waiting: 3, Shed: 40, Regions: []proxy.RegionStatus{
			{Name: "eu-west", State: proxy.RegionDraining, Share: 0.875, Keeps: 0.6, Capacity: 200, Inflight: 12, Reason: "an operator lets it keep 60.0% of what would reach it", Backends: []proxy.BackendStatus{
				{Address: "10.0.1.10:8080", State: "healthy", Reason: "first check passed; healthy for 3h", Inflight: 12, Limit: 200, Load: 12, Warmth: 1, Requests: 1234567, Errors: 8, P50: 1.25, P99: 48},
				{Address: "10.0.1.11:8080", State: "unhealthy", Reason: "3 checks in a row failed: status 503; unhealthy for 12s", Limit: 200, Warmth: 1},
			}},
			{Name: "us-east", State: proxy.RegionHealthy, Share: 0.125, Keeps: 1, RTT: 80.2, Reason: "open; how much it takes is not known", Backends: []proxy.BackendStatus{
				{Address: "10.2.1.10:8080", State: "healthy", Reason: "no failure seen", Limit: 14, Learned: true, Load: 5.5, Inflight: 2, Warmth: 0.35, Requests: 9, P50: 81.4, P99: 1203},
			}},
		}}},
		Evacuations: []evacuation.Status{
			{Target: evacuation.Target{Region: "eu-west"}, State: evacuation.Draining, Share: 0.6, Left: 18, Guarded: true},
			{Target: evacuation.Target{Pool: "api", Backend: "10.2.1.10:8080"}, State: evacuation.Aborted, Share: 1, Aborted: "pool api: 7.5% of 80 requests failed at the destinations, 0.0% before"},
		},
		Doubt: &proxy.DoubtStatus{Reason: "5 of 6 hosts stopped passing checks", Hosts: 6, Lost: 5},
		Drill: &evacuation.DrillReport{Target: evacuation.Target{Region: "us-east"}, State: evacuation.DrillDone, StartedAt: loaded, Ended: true},
	}
	want := `spillway 1.2.3, region eu-west, configuration 7 (0123456789ab), loaded 2h5m ago
the last reload failed, and changed nothing:
  config.yaml:1:1: one
  config.yaml:2:1: two

LISTENER  ADDRESS  PROTOCOL  CONNECTIONS
web       :8080    https            1200
the certificate old.example of listener web has expired on 2026-01-02
the certificate soon.example of listener web expires on 2026-01-05, in 3d17h

THE OWN NETWORK IS IN DOUBT: 5 of 6 hosts stopped passing checks

EVACUATION                          STATE     KEEPS  LEFT  REASON
region eu-west                      draining    60%   18s
backend 10.2.1.10:8080 of pool api  aborted    100%     -  aborted: pool api: 7.5% of 80 requests failed at the destinations, 0.0% before

last drill: region us-east, 2h5m ago, done; 'spillway drill --report' tells more

POOL api, least_conn, 3 in the queue, priorities below 40 are shed
REGION   BACKEND         STATE       RTT  SHARE  INFLIGHT  REQUESTS  ERRORS     P50    P99  REASON
eu-west                  draining      -  87.5%    12/200                                   an operator lets it keep 60.0% of what would reach it
         10.0.1.10:8080  healthy                   12/200   1234567       8  1.25ms   48ms  first check passed; healthy for 3h
         10.0.1.11:8080  unhealthy                  0/200         0       0       -      -  3 checks in a row failed: status 503; unhealthy for 12s
us-east                  healthy    80ms  12.5%         0                                   open; how much it takes is not known
         10.2.1.10:8080  healthy                    2/~14         9       0    81ms  1.20s  no failure seen; warming up, at 35%; counts as 5.5 in flight, for its failures
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
