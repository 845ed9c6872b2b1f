//go:build linux && !portable

package proxy

import (
	"net"
	"strings"
	"testing"

	"spillway/health"
)

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func (s *Server) trackerOf(pool, address string) *health.Tracker {
	p := s.pools[pool]
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.backends[address].tracker
}

// An attempt begins with its connection: one that fails there is younger than the
// backend's last return, whoever used the exchange before.
func TestARefusedConnectionCounts(t *testing.T) {
	gone := closedPort(t)
	s, address := newTestServer(t, gone, ", retries: {attempts: 0}, ejection: {failures: 1, keep_at_least: 0}")
	if answer := ask(t, address, closingGet); !strings.HasPrefix(answer, "HTTP/1.1 502 ") {
		t.Errorf("got %.80q", answer)
	}
	if state := s.trackerOf("web", gone).State(); state != health.Ejected {
		t.Errorf("the backend is %s", state)
	}
}
