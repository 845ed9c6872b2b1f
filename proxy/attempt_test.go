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

// A goneStream is the connection of a client that has hung up.
type goneStream struct{ closedStream }

func (goneStream) HungUp() bool { return true }

// A request that stays with its backend for another connection holds its slot.
func TestAClientThatIsGoneHoldsNoSlot(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	w, p := s.workers[0], s.snapshot.Load().pools["a"]
	m := &p.view.Load().Members()[0]
	onLoop(s, func() {
		x := newExchange(w)
		x.client = &client{worker: w, conn: goneStream{}}
		x.pool = p
		if !m.Acquire() {
			t.Error("there is no slot")
		}
		x.member, x.backend = m, m.Data.(*backend)
		x.tryBackends()
		if x.record.end != "client_reset" {
			t.Errorf("the request ended with %q", x.record.end)
		}
	})
	if n := m.Backend.Inflight(); n != 0 {
		t.Errorf("%d are in flight", n)
	}
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

// What rests keeps nothing of a configuration that is gone.
func TestARestingExchangeForgetsItsSnapshot(t *testing.T) {
	s, address := newTestServer(t, fixedBackend(t, plainAnswer), "")
	if answer := ask(t, address, closingGet); !strings.HasSuffix(answer, "hello") {
		t.Errorf("got %.80q", answer)
	}
	await(t, "the exchange rests", func() (rests bool) {
		onLoop(s, func() { rests = s.workers[0].idle != nil })
		return rests
	})
	onLoop(s, func() {
		x := s.workers[0].idle
		if x.settings != nil || x.route != nil || x.target != nil || x.pool != nil || x.backend != nil ||
			x.record.route != nil || x.record.member != nil || x.tried[0] != nil || x.pick.Tried != nil || x.pick.Allowed != nil {
			t.Errorf("it keeps %+v", x)
		}
	})
}
