package proxy

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
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
	s := newServer(t, `
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: web}]
pools: [{name: web, backends: [{address: "`+backend.Listener.Addr().String()+`"}]}]
`, 1)
	body := bytes.Repeat([]byte("x"), 1<<20)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for range 20 {
				r, err := client.Post("http://"+addressOf(s), "text/plain", bytes.NewReader(body))
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
