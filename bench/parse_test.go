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

const h2loadReport = `starting benchmark...
spawning thread #0: 16 total client(s). Timing-based test with 0s of warm-up time and 2s of main duration for measurements.
Main benchmark duration is started for thread #0.
TLS Protocol: TLSv1.3
Cipher: TLS_AES_128_GCM_SHA256
Server Temp Key: X25519 253 bits
Application protocol: h2
Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in 2.50s, 9346.00 req/s, 1.28MB/s
requests: 18692 total, 18852 started, 18692 done, 18692 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 18692 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.28MB (1345922) total, 876.19KB (897216) headers (space savings 51.02%), 109.52KB (112152) data
                     min         max         mean         sd        +/- sd
time for request:       66us       1.43s      1.24ms     29.21ms    99.95%
time for connect:     2.94ms      3.44ms      3.19ms       356us   100.00%
`

func TestParseH2load(t *testing.T) {
	for text, rate := range map[string]float64{"2.50s": 7476.8, "800.00ms": 23365, "500us": 37384000} {
		got, err := parseH2load(strings.Replace(h2loadReport, "2.50s", text, 1))
		want := load{requests: 18692, rate: rate}
		if err != nil || got != want {
			t.Errorf("finished in %s: got %+v and %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseH2loadFailures(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"another protocol": {"protocol: h2", "protocol: http/1.1", "the connection speaks http/1.1"},
		"failed requests":  {"18692 succeeded, 0 failed", "18690 succeeded, 2 failed", "18690 succeeded, 2 failed, 0 errored, 0 timeout"},
		"lost connections": {"0 errored", "9 errored", "9 errored, 0 timeout"},
		"bad answers":      {"0 5xx", "7 5xx", "0 4xx, 7 5xx"},
		"no request":       {"18692 done", "0 done", "no request was answered"},
		"no rate":          {"finished in", "begun", "cannot read its report: starting"},
		"too many":         {"18692 done", "99999999999999999999 done", "value out of range"},
	} {
		_, err := parseH2load(strings.Replace(h2loadReport, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestParseStreamModule(t *testing.T) {
	for said, want := range map[string]string{
		"nginx version: nginx/1.22.1\nconfigure arguments: --modules-path=/usr/lib/nginx/modules --with-stream=dynamic --with-stream_ssl_module\n": "/usr/lib/nginx/modules/ngx_stream_module.so",
		"configure arguments: --modules-path=/m --with-mail=dynamic --with-stream=dynamic":                                                         "/m/ngx_stream_module.so",
		"configure arguments: --modules-path=/usr/lib/nginx/modules --with-stream --with-stream_ssl_module\n":                                      "",
		"configure arguments: --with-stream_geoip_module=dynamic --modules-path=/m":                                                                "",
		"": "",
	} {
		if got := parseStreamModule(said); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}
