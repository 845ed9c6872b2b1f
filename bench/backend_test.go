//go:build linux

package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spillway/bench/internal/rig"
)

// exchange feeds a connection of the backend in pieces and returns all that
// it answered, and whether it is still open.
func exchange(t *testing.T, pieces ...string) (answers string, alive bool) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	peer := os.NewFile(uintptr(pair[1]), "peer")
	defer peer.Close()
	b := newBackend()
	c := &backendConn{fd: pair[0]}
	alive = true
	for _, piece := range pieces {
		if alive {
			alive = c.consume(b, []byte(piece))
		}
	}
	unix.Close(pair[0])
	all, err := io.ReadAll(peer)
	if err != nil {
		t.Fatal(err)
	}
	return string(all), alive
}

func TestBackendRequests(t *testing.T) {
	const get = "GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n"
	for name, c := range map[string]struct {
		pieces  []string
		answers []string // the status and the body of each
		closes  bool
	}{
		"kept":               {[]string{get, get}, []string{"200 ok", "200 ok"}, false},
		"pipelined":          {[]string{get + "GET /none HTTP/1.1\r\n\r\n" + get}, []string{"200 ok", "404 ", "200 ok"}, false},
		"in pieces":          {strings.SplitAfter(get, "t"), []string{"200 ok"}, false},
		"close":              {[]string{"GET /healthz HTTP/1.1\r\nConnection: Close\r\n\r\n"}, []string{"200 ok"}, true},
		"HTTP/1.0":           {[]string{"GET /healthz HTTP/1.0\r\n\r\n"}, []string{"200 ok"}, true},
		"HTTP/1.0, kept":     {[]string{"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}, []string{"200 ok"}, false},
		"body by length":     {[]string{"POST /upload HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc", "def" + get}, []string{"200 ", "200 ok"}, false},
		"empty body":         {[]string{"POST /upload HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + get}, []string{"200 ", "200 ok"}, false},
		"unfinished body":    {[]string{"POST /upload HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc"}, nil, false},
		"chunks":             {[]string{"POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n", "0\r\nT: v\r\n\r\n" + get}, []string{"200 ", "200 ok"}, false},
		"chunks in pieces":   {strings.Split("POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ""), []string{"200 "}, false},
		"chunk of bad size":  {[]string{"POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"}, nil, true},
		"two framings":       {[]string{"POST /upload HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}, nil, true},
		"no request at all":  {[]string{"hello\r\n\r\n"}, nil, true},
		"echo of the fields": {[]string{"GET /echo HTTP/1.1\r\nVia: 1.1 p\r\n\r\n"}, []string{"200 GET /echo HTTP/1.1\r\nVia: 1.1 p"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, alive := exchange(t, c.pieces...)
			if alive == c.closes {
				t.Errorf("lives on: %v, want %v", alive, !c.closes)
			}
			want := ""
			for _, a := range c.answers {
				status, body, _ := strings.Cut(a, " ")
				text := map[string]string{"200": "200 OK", "404": "404 Not Found"}[status]
				want += string(answer(text, []byte(body)))
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// What is passed on as bytes is 64 of them each way.
func TestRequestsAndAnswersOf64Bytes(t *testing.T) {
	const address = "127.0.0.1:21004"
	w := wrkRow{path: "/64", requestSize: 64}
	request := "GET /64 HTTP/1.1\r\nHost: " + address + "\r\n" + w.filling(site{Address: address}) + "\r\n\r\n"
	got, alive := exchange(t, request)
	if len(request) != 64 || len(got) != 64 || !alive {
		t.Errorf("%d bytes were answered by %d: %q", len(request), len(got), got)
	}
	if _, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got)), nil); err != nil {
		t.Error(err)
	}
}

// The real server, over TCP: answers larger than a socket takes at once, and
// bodies that are dropped inside the kernel.
func TestBackendLargeBodies(t *testing.T) {
	b := &bench{ports: rig.FirstPort(23000)}
	address := b.ports.FreeAddress()
	go backendMain([]string{address})
	var c *clientConn
	for try := 0; ; try++ {
		var err error
		if c, err = openClient(address, nil); err == nil {
			break
		}
		if try == 100 {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	defer c.conn.Close()
	const size = 1 << 20
	for range 3 {
		io.WriteString(c.conn, "POST /upload HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n"+strings.Repeat("x", size)+"GET /1m HTTP/1.1\r\n\r\n")
		want := string(answer("200 OK", nil)) + string(answer("200 OK", []byte(strings.Repeat("x", size))))
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c.conn, got); err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Fatalf("%d bytes differ from the expected answers", len(got))
		}
	}
}
