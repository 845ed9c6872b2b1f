//go:build linux && !portable

package proxy

import (
	"bytes"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// fixedBackend answers every read with the same bytes; it allocates nothing while it does.
func fixedBackend(t *testing.T, answer string) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in, out := make([]byte, 4096), []byte(answer)
				for {
					if _, err := c.Read(in); err != nil {
						return
					}
					if _, err := c.Write(out); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

// allocations counts those of 300 exchanges, after enough of them for all that
// is kept to be there.
func allocations(once func()) float64 {
	for range 100 {
		once()
	}
	// One run of many, so that the odd allocation beside the exchanges (a timer's,
	// the runtime's) does not count; and not testing.AllocsPerRun, which leaves one
	// processor to the loop and its peers together.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 300 {
		once()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs)
}

const plainGet = "GET /a/b?c=d&user=7 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAccept: */*\r\nCookie: a=b; user=7\r\n\r\n"

func TestExchangesDoNotAllocate(t *testing.T) {
	for name, c := range map[string]struct{ top, route, pool, backend string }{
		"least_conn":      {pool: "policy: least_conn"},
		"p2c":             {pool: "policy: p2c"},
		"round_robin":     {pool: "policy: round_robin"},
		"random":          {pool: "policy: random"},
		"peak_ewma":       {pool: "policy: peak_ewma"},
		"hash":            {pool: "policy: consistent_hash, hash_on: [query:user, client_ip]"},
		"hash of address": {pool: "policy: consistent_hash, hash_on: [client_ip]"},
		"affinity":        {pool: "policy: consistent_hash, hash_on: [cookie:user], affinity: {size: 100, ttl: 1m}"},
		"max_requests":    {pool: "policy: least_conn", backend: ", max_requests: 10"},
		"queue":           {pool: "queue: {size: 10}", backend: ", max_requests: 10"},
		"learned limit":   {pool: "learned_limit: on, slow_start: 10s"},
		"no limit":        {pool: "learned_limit: off"},
		"sticky":          {pool: "sticky: {cookie: SRV, ttl: 1h}"},
		"rate limit":      {route: ", rate_limit: {rate: 1000000/s, key: client_ip}"},
		"at once":         {route: ", concurrency_limit: {limit: 100, key: client_ip}"},
		"limits of users": {route: ", rate_limit: {rate: 1000000/s, key: 'header:User-Agent'}, concurrency_limit: {limit: 100, key: route}"},
		"spill":           {top: "region: near\nregions: {far: {rtt: 80ms}}", pool: "spill: {full_at: 80%, home_at: 70%, hold: 3}", backend: ", region: near, max_requests: 10"},
		"spilled":         {top: "region: near\nregions: {far: {rtt: 80ms}}", backend: ", region: far, max_requests: 10"},
		"hedge":           {pool: "hedge: {after: 1h}"},
		"hedge quantile":  {pool: "hedge: {after: p95}"},
		"load header":     {pool: "load_header: X-Load"},
		"ejection":        {pool: "ejection: {failures: 5, latency: {factor: 3}}"},
		"no ejection":     {pool: "ejection: off"},
		"headers":         {route: ", request_headers: {set: {X-A: b}, remove: [Accept]}, response_headers: {set: {X-B: c}, remove: [Content-Type]}"},
		"prefix":          {route: ", strip_prefix: /a"},
		"log":             {top: "access_log: {output: " + os.DevNull + "}"},
	} {
		t.Run(name, func(t *testing.T) {
			pool := c.pool
			if pool != "" {
				pool = ", " + pool
			}
			file := c.top + `
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: web` + c.route + `}]
pools: [{name: web` + pool + `, backends: [{address: "` + fixedBackend(t, plainAnswer) + `"` + c.backend + `}, {address: "` + fixedBackend(t, plainAnswer) + `"` + c.backend + `}]}]
`
			s := newServer(t, file, 1)
			c, err := net.DialTimeout("tcp", addressOf(s), 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			once := exchanges(t, c)
			// One of each exchange would be 300. Timers beside them allocate, too, now and then.
			if n := allocations(once); n > 100 {
				t.Errorf("300 exchanges allocated %v times", n)
			}
		})
	}
}

// exchanges returns a function that asks once over a connection.
func exchanges(t *testing.T, c net.Conn) (once func()) {
	t.Cleanup(func() { c.Close() })
	out, in := []byte(plainGet), make([]byte, 4096)
	return func() {
		if _, err := c.Write(out); err != nil {
			t.Fatal(err)
		}
		for n := 0; !bytes.HasSuffix(in[:n], hello); {
			more, err := c.Read(in[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += more
		}
	}
}

var hello = []byte("hello")
