package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The client's connection may be closed at once only when all of the body was
// read: else the reset destroys the answer that halted the upload.
func TestAHaltedUploadHasNotReadTheBody(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	for name, upload := range map[string]func(b *requestBody) error{
		"length": (*requestBody).uploadLength,
		"chunks": (*requestBody).uploadChunks,
	} {
		x := newExchange(s.workers[0])
		x.in = &buffer{}
		x.body.left, x.body.halt = 10, true
		if err := upload(&x.body); err != errUploadHalted {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The answer to an upload's last byte may be there as soon as that byte has left:
// it is no early answer, which would cost the client its connection.
func TestAnswerToTheLastByteIsNotEarly(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n != r.ContentLength {
			t.Errorf("a backend got %d bytes, %v", n, err)
		}
	}))
	defer backend.Close()
	_, address := newTestServer(t, backend.Listener.Addr().String(), "")
	body := bytes.Repeat([]byte("x"), 1<<20)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for range 20 {
				r, err := client.Post("http://"+address, "text/plain", bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				r.Body.Close()
				if r.Close || r.StatusCode != http.StatusOK {
					t.Errorf("status %d, close %t", r.StatusCode, r.Close)
					return
				}
			}
		})
	}
	clients.Wait()
}

// A request behind chunks may find no room where it came to be read. The connection
// ends then, but not by a reset, which would destroy the answer.
func TestRequestWithoutRoomBehindChunksCostsNoAnswer(t *testing.T) {
	answer := strings.Repeat("a", 4<<20)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, answer)
	}))
	defer backend.Close()
	_, address := newTestServer(t, backend.Listener.Addr().String(), "")
	client, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_ = client.SetDeadline(time.Now().Add(20 * time.Second))
	// The head and the chunk behind it fill the buffer that they are read into.
	head := "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\nX-Long: " + strings.Repeat("x", 20<<10) + "\r\n\r\n"
	chunk := "a000\r\n" + strings.Repeat("x", 0xa000) + "\r\n0\r\n\r\n"
	next := "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000)
	if _, err := io.WriteString(client, head+chunk+next); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(got.Body); err != nil || string(body) != answer {
		t.Errorf("%d bytes of the answer, %v", len(body), err)
	}
}
