//go:build linux

package main

import (
	"strings"
	"testing"
	"time"
)

const wrkReport = `Running 2s test @ http://127.0.0.1:21004/125
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.97ms  142.61us   4.18ms   91.04%
    Req/Sec    65.84k     1.50k   68.20k    80.95%
  Latency Distribution
     50%    0.95ms
     75%    0.99ms
     90%    1.04ms
     99%    1.55ms
  137433 requests in 2.10s, 35.00MB read
Requests/sec:  65459.40
Transfer/sec:     16.67MB
`

func TestParseWrk(t *testing.T) {
	got, err := parseWrk(wrkReport)
	if err != nil {
		t.Fatal(err)
	}
	want := load{requests: 137433, rate: 65459.40, p99: 1550 * time.Microsecond}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseWrkUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"985.00us": 985 * time.Microsecond,
		"37.42ms":  37420 * time.Microsecond,
		"1.20s":    1200 * time.Millisecond,
		"2.00m":    2 * time.Minute,
	} {
		got, err := parseWrk(strings.Replace(wrkReport, "1.55ms", text, 1))
		if err != nil || got.p99 != want {
			t.Errorf("99%% %s: got %v and %v, want %v", text, got.p99, err, want)
		}
	}
}

func TestParseWrkFailures(t *testing.T) {
	for name, c := range map[string]struct{ report, want string }{
		"socket errors": {
			wrkReport + "  Socket errors: connect 0, read 3, write 0, timeout 1\n",
			"socket errors: connect 0, read 3, write 0, timeout 1",
		},
		"bad answers": {
			wrkReport + "  Non-2xx or 3xx responses: 12\n",
			"Non-2xx or 3xx responses: 12",
		},
		"no request": {
			strings.Replace(wrkReport, "137433 requests", "0 requests", 1),
			"no request was answered",
		},
		"another program": {"unable to connect\n", "cannot read its report: unable to connect"},
	} {
		_, err := parseWrk(c.report)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestParseVegeta(t *testing.T) {
	got, err := parseVegeta([]byte(`{"latencies":{"total":1,"mean":210000,"50th":190000,"99th":812345,"max":2000000},
		"requests":10000,"rate":5000.1,"throughput":4999.5,"success":1,"status_codes":{"200":10000},"errors":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := load{requests: 10000, rate: 4999.5, p99: 812345}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseVegetaFailures(t *testing.T) {
	for report, want := range map[string]string{
		`{"requests":10,"success":0.9,"errors":["503 Service Unavailable"]}`: "90.00% succeeded: 503 Service Unavailable",
		`{"requests":0,"success":0}`:                                         "no request was sent",
		`not JSON`:                                                           "invalid character",
	} {
		_, err := parseVegeta([]byte(report))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", report, err, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	const rest = " S 4120 4118 2401 0 -1 4194304 97 5 0 0 1234 5678 7 8 20 0 1 0 232138 3133440 354"
	for _, name := range []string{"(nginx)", "(odd ) name)", "((sd-pam))"} {
		got, err := parseStat([]byte("4121 " + name + rest + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		want := procStat{pid: 4121, group: 4118, state: 'S', user: 12340 * time.Millisecond, kernel: 56780 * time.Millisecond}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	for _, line := range []string{"", "4121", "4121 (nginx) S 1", "4121 )nginx(" + rest, "x (nginx)" + rest} {
		if got, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q: got %+v, want an error", line, got)
		}
	}
}

func TestParseKiB(t *testing.T) {
	const status = "Name:\tnginx\nVmHWM:\t   21900 kB\nVmRSS:\t   21844 kB\nThreads:\t1\n"
	if got, err := parseKiB([]byte(status), "VmRSS"); err != nil || got != 21844<<10 {
		t.Errorf("VmRSS: got %d and %v, want %d", got, err, 21844<<10)
	}
	for _, name := range []string{"RSS", "Name", "Pss"} {
		if got, err := parseKiB([]byte(status), name); err == nil {
			t.Errorf("%s: got %d, want an error", name, got)
		}
	}
}

// A run delay is the second number of schedstat.
func TestParseDelay(t *testing.T) {
	if got, err := parseDelay([]byte("288470 50665 12\n")); err != nil || got != 50665 {
		t.Errorf("got %d and %v, want 50665", got, err)
	}
	if got, err := parseDelay([]byte("288470\n")); err == nil {
		t.Errorf("got %d, want an error", got)
	}
}
