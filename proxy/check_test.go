//go:build linux && !portable

package proxy

import (
	"testing"
	"time"

	"spillway/internal/config"
)

// A backend whose check panics is checked again.
func TestCheckingOutlivesAPanic(t *testing.T) {
	address := fixedBackend(t, plainAnswer)
	s, _ := newTestServer(t, address, "")
	settings := newCheckSettings(&config.HealthCheck{Type: config.CheckHTTP, Method: "GET", Path: "/", Interval: time.Millisecond,
		Timeout: time.Second, Rise: 1, Fall: 1})
	asked := make(chan bool, 100)
	settings.request = func(string) []byte {
		select {
		case asked <- true:
		default:
		}
		panic("a check that fails in a new way")
	}
	p := s.pools["web"]
	p.mu.Lock()
	b := p.backends[address]
	p.mu.Unlock()
	defer startChecker(b, s.workers[0], settings, 0).stop()
	for range 3 {
		select {
		case <-asked:
		case <-time.After(20 * time.Second):
			t.Fatal("no further check")
		}
	}
}
