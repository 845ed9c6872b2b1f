//go:build linux && !portable

package proxy

import (
	"io"
	"net"
	"testing"
	"time"

	"spillway/internal/loop"
)

// onLoop runs f on the server's only loop and returns after it.
func onLoop(s *Server, f func()) {
	done := make(chan struct{})
	s.workers[0].loop.Post(func() {
		f()
		close(done)
	})
	<-done
}

// whileLoopRests keeps the loop from running during f, so that what f does
// reaches it at once, as it does under load.
func whileLoopRests(s *Server, f func()) {
	resting, over := make(chan struct{}), make(chan struct{})
	s.workers[0].loop.Post(func() {
		close(resting)
		<-over
	})
	<-resting
	defer close(over)
	f()
}

// heldBackend accepts connections, reads what comes in one go, and leaves it to
// the test to answer.
func heldBackend(t *testing.T) (address string, asked <-chan net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	requests := make(chan net.Conn, 1024)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := make([]byte, 4096); ; {
					if _, err := c.Read(in); err != nil {
						return
					}
					requests <- c
				}
			}()
		}
	}()
	return ln.Addr().String(), requests
}

// An exchange between kept-alive connections reads and writes once on each side.
// Waiting for events is shared by all that is there.
func TestSystemCallsOfAnExchange(t *testing.T) {
	const clients, rounds = 64, 50
	backend, asked := heldBackend(t)
	s, address := newTestServer(t, backend, "")
	var conns []net.Conn
	for range clients {
		c, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	send := func(c net.Conn, text string) {
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
	}
	round := func() {
		whileLoopRests(s, func() {
			for _, c := range conns {
				send(c, "GET /a/b?c=d HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n")
			}
		})
		var waiting []net.Conn
		for range clients {
			select {
			case c := <-asked:
				waiting = append(waiting, c)
			case <-time.After(20 * time.Second):
				t.Fatalf("%d of %d requests reach the backend", len(waiting), clients)
			}
		}
		whileLoopRests(s, func() {
			for _, c := range waiting {
				send(c, plainAnswer)
			}
		})
		in := make([]byte, len(plainAnswer))
		for _, c := range conns {
			if _, err := io.ReadFull(c, in); err != nil {
				t.Fatal(err)
			}
		}
	}
	calls := func() (c loop.Calls) {
		onLoop(s, func() { c = s.workers[0].loop.Calls() })
		return c
	}
	for range 3 {
		round() // connects to the backend, and looks once more before the first reuse
	}
	before := calls()
	for range rounds {
		round()
	}
	after := calls()
	const exchanges = clients * rounds
	if n := after.IO - before.IO; n > 4*exchanges {
		t.Errorf("%d exchanges made %d calls for input and output, %.2f each", exchanges, n, float64(n)/exchanges)
	}
	if n := after.Waits - before.Waits; n > exchanges/4 {
		t.Errorf("%d exchanges waited %d times for events, %.2f each", exchanges, n, float64(n)/exchanges)
	}
}
