//go:build linux && !portable

package proxy

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// h2Backend speaks HTTP/2 without TLS and has react do what it likes with each
// stream that a request begins.
func h2Backend(t *testing.T, react func(f *http2.Framer, stream uint32)) (address string) {
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
				if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
					return
				}
				f := http2.NewFramer(c, c)
				_ = f.WriteSettings()
				for {
					frame, err := f.ReadFrame()
					if err != nil {
						return
					}
					switch frame := frame.(type) {
					case *http2.SettingsFrame:
						if !frame.IsAck() {
							_ = f.WriteSettingsAck()
						}
					case *http2.HeadersFrame:
						react(f, frame.StreamID)
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// ask sends one request on a connection of its own and returns all that comes back.
func ask(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("after %q: %v", answer, err)
	}
	return string(answer)
}

const closingGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

// A shared connection is always a used one, and a stream that is reset on it
// says nothing of idle connections.
func TestAResetStreamIsNotTriedForEver(t *testing.T) {
	var streams atomic.Int64
	backend := h2Backend(t, func(f *http2.Framer, stream uint32) {
		streams.Add(1)
		_ = f.WriteRSTStream(stream, http2.ErrCodeInternal)
	})
	_, address := newTestServer(t, backend, ", protocol: h2, retries: {attempts: 1}, ejection: off")
	for range 2 {
		if answer := ask(t, address, closingGet); !strings.HasPrefix(answer, "HTTP/1.1 502 ") {
			t.Errorf("got %.80q", answer)
		}
	}
	if n := streams.Load(); n != 4 {
		t.Errorf("two requests with one retry each began %d streams", n)
	}
}
