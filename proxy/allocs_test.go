//go:build linux && !portable

package proxy

import (
	"io"
	"net"
	"testing"
	"time"

	"spillway/internal/config"
)

// newTestServer runs a server with one loop on a free port in front of one backend.
func newTestServer(t *testing.T, backend, more string) (s *Server, address string) {
	t.Helper()
	file := "listeners: [{name: web, address: \"127.0.0.1:0\"}]\n" +
		"routes: [{match: {path: /}, pool: web}]\n" +
		"pools: [{name: web, backends: [{address: \"" + backend + "\"}]" + more + "}]\n"
	c, err := config.Parse("test.yaml", []byte(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err = New(c, Options{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	for _, ln := range s.listeners {
		address = ln.socket.Addr().String()
	}
	return s, address
}

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

// roundTrips sends a request again and again over one connection.
func roundTrips(t *testing.T, address, request string, answerLen int) (once func(), size int) {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	out, in := []byte(request), make([]byte, answerLen)
	return func() {
		if _, err := c.Write(out); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, in); err != nil {
			t.Fatal(err)
		}
	}, len(out)
}

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

func TestExchangesDoNotAllocate(t *testing.T) {
	_, address := newTestServer(t, fixedBackend(t, plainAnswer), ", policy: least_conn")
	once, _ := roundTrips(t, address, "GET /a/b?c=d HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n", len(plainAnswer))
	for range 200 {
		once()
	}
	// One run of many: AllocsPerRun rounds down, and the odd allocation beside the
	// exchanges (a timer's, the runtime's) is not theirs.
	allocated := testing.AllocsPerRun(1, func() {
		for range 1000 {
			once()
		}
	})
	if allocated > 20 {
		t.Errorf("1,000 exchanges allocated %v times", allocated)
	}
}
