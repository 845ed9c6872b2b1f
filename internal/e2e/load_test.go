package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"spillway/internal/e2e/wire"
)

// Load is a number of clients that ask one after the other, each on a kept-alive
// connection, until it is stopped. A response that began and was cut is counted
// apart: nobody can take it back.
type Load struct {
	dial    func() (net.Conn, error)
	stop    chan struct{}
	clients sync.WaitGroup

	answered atomic.Int64
	cut      atomic.Int64
	// leaving says that the proxy drains: a refused connection, and the end of an
	// idle one, is no failure.
	leaving atomic.Bool

	mu       sync.Mutex
	failures []string
	byAnswer map[string]int64
}

// StartLoad asks for target from n clients until the test ends or Stop.
func StartLoad(t testing.TB, address string, n int, target string) *Load {
	return StartLoadBy(t, func() (net.Conn, error) { return dialRaw(address) }, n, target)
}

// StartLoadBy is StartLoad over connections of any kind.
func StartLoadBy(t testing.TB, dial func() (net.Conn, error), n int, target string) *Load {
	l := &Load{dial: dial, stop: make(chan struct{}), byAnswer: map[string]int64{}}
	for range n {
		l.clients.Go(func() {
			for !l.stopped() {
				l.connection(target)
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	t.Cleanup(func() { l.Stop() })
	return l
}

func (l *Load) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// Stop ends the clients and returns what failed.
func (l *Load) Stop() []string {
	if !l.stopped() {
		close(l.stop)
	}
	l.clients.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failures
}

// Await waits for n more answers.
func (l *Load) Await(t testing.TB, n int64) {
	t.Helper()
	want := l.answered.Load() + n
	eventually(t, fmt.Sprintf("%d more answers", n), func() bool { return l.answered.Load() >= want })
}

// ByAnswer is how often each body came, and forgets it.
func (l *Load) ByAnswer() map[string]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := l.byAnswer
	l.byAnswer = map[string]int64{}
	return counts
}

func (l *Load) fail(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failures) < 20 {
		l.failures = append(l.failures, fmt.Sprintf(format, args...))
	}
}

// connection asks on one connection for as long as it lasts.
func (l *Load) connection(target string) {
	conn, err := l.dial()
	if err != nil {
		if !l.leaving.Load() || !errors.Is(err, syscall.ECONNREFUSED) {
			l.fail("connecting: %v", err)
		}
		return
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for n := 0; !l.stopped(); n++ {
		conn.SetDeadline(time.Now().Add(patience))
		_, err := io.WriteString(conn, head("GET", target))
		var r *wire.Response
		if err == nil {
			r, err = wire.ReadResponse(reader, "GET")
		}
		switch {
		case err != nil && r != nil && r.Status == 200:
			l.cut.Add(1)
			return
		case err != nil:
			if !l.leaving.Load() {
				l.fail("request %d of a connection: %v", n, err)
			}
			return
		case r.Status != 200:
			l.fail("request %d of a connection: %d %.80q", n, r.Status, r.Body)
		}
		l.answered.Add(1)
		l.mu.Lock()
		l.byAnswer[string(r.Body)]++
		l.mu.Unlock()
		if !r.KeepsAlive() {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
