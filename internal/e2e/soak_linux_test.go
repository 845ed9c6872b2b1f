package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// soakTime is how long everything happens at once.
const soakTime = 12 * time.Second

// A soak is one proxy with all that can happen to it at the same time.
type soak struct {
	*testing.T
	p    *Proxy
	near [2]*Backend // which die and come back, one at a time
	far  *Backend    // which is always well
	h2   [2]*Backend
	tcp  [2]*Backend
	runs sync.WaitGroup

	clients []*http.Client
}

// uneven answers now soon and now late, and sometimes at length.
func uneven(name string) func(*Backend) {
	answer := upgrading(name, echo)
	return func(b *Backend) {
		answer(b)
		small := b.Handle
		b.Handle = func(x *Exchange) {
			if rand.IntN(10) == 0 {
				time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
			}
			if strings.HasPrefix(x.Target, "/large") {
				x.Reply(200, large)
				return
			}
			small(x)
		}
	}
}

var large = pattern(300 << 10)

func newSoak(t *testing.T) *soak {
	s := &soak{T: t}
	tolerant := func(b *Backend) { b.Tolerant = true } // clients vanish in the middle of their requests
	s.near = [2]*Backend{NewBackend(t, "a", uneven("a"), tolerant), NewBackend(t, "b", uneven("b"), tolerant)}
	s.far = NewBackend(t, "far", uneven("far"), tolerant)
	for i := range s.h2 {
		s.h2[i] = newGoBackend(t, overH2C, echoBody)
		s.tcp[i] = NewBackend(t, "stream", greeting("stream"))
	}
	s.p = Start(t, s.config(0), nil)
	return s
}

// config differs with n in the backends, their limits and how the pools choose.
func (s *soak) config(n int) string {
	near := fmt.Sprintf("{address: %s, max_requests: %d}", s.near[0].Address, 2+n%3)
	if n%3 != 1 {
		near += fmt.Sprintf(", {address: %s, max_requests: 3}", s.near[1].Address)
	}
	policy := []string{"least_conn", "p2c", "peak_ewma", "round_robin"}[n%4]
	h2 := "{address: " + s.h2[0].Address + ", region: far}"
	if n%2 == 0 {
		h2 += ", {address: " + s.h2[1].Address + "}"
	}
	return fmt.Sprintf(`
region: near
regions: {far: {rtt: 20ms}}
shutdown: {drain_timeout: 10s}
listeners:
  - {name: web, address: {{listen "web"}}}
  - {name: tls, address: {{listen "tls"}}, protocol: https, tls: {certificates: [{cert_file: %s, key_file: %s}]}}
  - {name: db, address: {{listen "db"}}, protocol: tcp, pool: db}
routes:
  - {match: {path: /h2/}, pool: h2, concurrency_limit: {limit: 1000, key: client_ip}}
  - {match: {path: /tight/}, pool: tight}
  - {match: {path: /}, pool: app, rate_limit: {rate: 1000000/s, key: client_ip}}
pools:
  - name: app
    policy: %s
    hedge: {after: 5ms}
    queue: {size: 1000, timeout: 20s}
    spill: {hold: 3}
    retries: {attempts: 5, budget: 100%%}
    timeouts: {idle: 1s}
    ejection: {failures: 3, time: 1s}
    health_check: {type: tcp, interval: 200ms, timeout: 1s, rise: 1, fall: 1}
    backends: [%s, {address: %s, region: far}]
  - {name: h2, protocol: h2, hedge: {after: 5ms}, timeouts: {idle: 1s}, retries: {attempts: 5, budget: 100%%}, backends: [%s]}
  - {name: tight, queue: {size: 1000, timeout: 20s}, timeouts: {idle: 1s}, backends: [{address: %s, region: far, max_requests: 2}]}
  - {name: db, protocol: tcp, backends: [{address: %s, max_requests: 50}, {address: %s}], queue: {size: 10, timeout: 5s}}
`, certFile, keyFile, policy, near, s.far.Address, h2, s.far.Address, s.tcp[0].Address, s.tcp[1].Address)
}

// every does something again and again until stop is closed.
func (s *soak) every(stop <-chan struct{}, pause time.Duration, do func(n int)) {
	s.runs.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(pause):
				do(n)
			}
		}
	})
}

// gets has clients ask whose requests must all be answered.
func (s *soak) gets(stop <-chan struct{}, way protocol, listener string, paths ...string) {
	client := newGoClient(s, way)
	s.clients = append(s.clients, client)
	s.every(stop, time.Millisecond, func(n int) {
		url := way.url(s.p.Addr(listener), paths[n%len(paths)])
		r, err := client.Get(url)
		if err != nil {
			s.Errorf("%s over %s: %v", url, way, err)
			return
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if r.StatusCode != http.StatusOK {
			s.Errorf("%s over %s: %d %.80q", url, way, r.StatusCode, body)
		}
		_ = err // a backend that dies cuts what it has begun
	})
}

// rudely connects, says something and vanishes at once or after a moment.
func (s *soak) rudely(stop <-chan struct{}, listener string, words ...string) {
	s.every(stop, 3*time.Millisecond, func(n int) {
		conn, err := dialRaw(s.p.Addr(listener))
		if err != nil {
			s.Errorf("connecting: %v", err)
			return
		}
		conn.SetDeadline(time.Now().Add(30 * time.Millisecond))
		io.WriteString(conn, words[n%len(words)])
		switch rand.IntN(4) {
		case 0:
			resetConn(conn)
			return
		case 1:
			time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
			resetConn(conn)
			return
		case 2:
			conn.Read(make([]byte, 1))
		}
		conn.Close()
	})
}

// disturb reloads, drains and kills until stop is closed.
func (s *soak) disturb(stop <-chan struct{}) {
	s.every(stop, 100*time.Millisecond, func(n int) {
		s.p.WriteConfig(s.config(n), nil)
		if status, answer := s.p.Admin("POST", "/api/reload", ""); status != 200 {
			s.Errorf("reload %d: %d %s", n, status, answer)
		}
	})
	s.every(stop, 250*time.Millisecond, func(n int) {
		what := []string{`{"region":"near"`, `{"pool":"app","backend":"` + s.near[0].Address + `"`}[n/2%2]
		if n%2 == 0 {
			s.p.Admin("POST", "/api/drain", what+`,"force":true}`)
		} else if status, answer := s.p.Admin("POST", "/api/undrain", what+"}"); status != 200 {
			s.Errorf("undrain %d: %d %s", n, status, answer)
		}
	})
	s.every(stop, 70*time.Millisecond, func(n int) {
		b := s.near[n/2%2]
		if n%2 == 0 {
			b.Kill()
		} else {
			b.Start()
		}
	})
}

// run has everything happen for a time, and waits for the end of it.
func (s *soak) run(lasts time.Duration, disturbed bool) {
	stop := make(chan struct{})
	for range 4 {
		s.gets(stop, overHTTP1, "web", "/x", "/x", "/large", "/h2/x", "/tight/x")
		s.gets(stop, overH2, "tls", "/x", "/h2/x", "/large", "/tight/x")
		s.gets(stop, overH2C, "web", "/h2/y", "/y")
	}
	upload := "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + pattern(70_000)
	socket := "GET /ws HTTP/1.1\r\nHost: a\r\n" + upgradeFields + "\r\nhello"
	s.rudely(stop, "web", head("GET", "/x"), head("GET", "/large"), upload, socket, "GET / HT", head("GET", "/h2/x"), head("GET", "/tight/x"), "POST /h2/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	s.rudely(stop, "tls", "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n")
	s.rudely(stop, "db", "", "hello", pattern(100_000))
	if disturbed {
		s.disturb(stop)
	}
	time.Sleep(lasts)
	close(stop)
	s.runs.Wait()
	for _, c := range s.clients {
		c.CloseIdleConnections()
	}
	s.clients = nil
}

// settle waits until nothing is under way.
func (s *soak) settle() {
	eventually(s, "nothing is in flight", func() bool { return s.p.inflight() == 0 })
	eventually(s, "no tunnel is open", func() bool { n, _ := s.p.Metric("spillway_tunnels"); return n == 0 })
	eventually(s, "no client is connected", func() bool {
		n := 0
		for _, ln := range s.p.Status().Listeners {
			n += ln.Connections
		}
		return n == 0
	})
}

// All of it at once, for a while: nobody who asks in order goes without an answer,
// and nothing is left of it in the end.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	s.run(2*time.Second, false)
	s.settle()
	before := s.p.usage()
	s.run(soakTime, true)
	for _, b := range s.near {
		b.Kill()
		b.Start()
	}
	s.settle()
	eventually(t, "as much is open and runs as before", func() bool {
		now := s.p.usage()
		return now.files <= before.files+8 && now.goroutines <= before.goroutines+8
	})
	for _, name := range []string{"spillway_loop_panics_total", "spillway_loop_stalls_total"} {
		if n, ok := s.p.Metric(name); n != 0 || !ok {
			t.Errorf("%s is %v, %v", name, n, ok)
		}
	}
	for _, name := range []string{"hedges", "queue_entered", "held", "tunnels"} {
		if n, _ := s.p.Metric("spillway_pool_" + name + "_total"); n == 0 {
			t.Errorf("there were no %s: the test tests too little", name)
		}
	}
}
