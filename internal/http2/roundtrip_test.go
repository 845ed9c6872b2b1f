package http2

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"

	"spillway/internal/loop"
)

// A relay joins streams of a server's connection to streams of one to a backend:
// both sides speak the same text, so bytes are all that it moves.
type relay struct {
	t       testing.TB
	backend *net.TCPAddr
	worker  *Worker
	client  *ClientConn
	options ClientOptions
}

func (r *relay) open(task *loop.Task) *Stream {
	if r.client == nil || !r.client.CanTakeStream() {
		c := dial(r.t, task.Loop(), task, r.backend)
		if c == nil {
			return nil
		}
		if r.client == nil || !r.client.CanTakeStream() {
			r.client = r.worker.NewClientConn(c, r.options)
		} else {
			c.Close()
		}
	}
	s, err := r.client.Open()
	if err != nil {
		r.t.Errorf("open: %v", err)
		return nil
	}
	return s
}

func (r *relay) run(task *loop.Task, front *Stream) {
	back := r.open(task)
	if back == nil {
		return
	}
	defer back.Close()
	if err := r.client.AwaitSettings(task, 0); err != nil {
		r.t.Errorf("settings: %v", err)
		return
	}
	uploaded := false
	task.Loop().Start(runner(func(up *loop.Task) {
		defer func() { uploaded = true; task.Resume() }()
		if pump(up, front, back) == nil {
			_ = back.CloseWrite(up)
		}
	}))
	if err := pump(task, back, front); err != nil {
		front.Reset()
	} else {
		_ = front.CloseWrite(task)
	}
	if front.tunnel {
		for !uploaded {
			_ = task.Park(0)
		}
	}
}

func pump(t *loop.Task, from, to *Stream) error {
	room := make([]byte, 16<<10)
	for {
		n, err := from.Read(t, room)
		if n > 0 {
			if _, err := to.Write(t, room[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// goServer serves HTTP/2 with prior knowledge by Go's own server.
func goServer(t testing.TB, h http.Handler) *net.TCPAddr {
	t.Helper()
	ln := listenTCP(t)
	server := &http.Server{Handler: h, Protocols: onlyHTTP2(), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { server.Close() })
	return ln.Addr().(*net.TCPAddr)
}

// throughRelay gives a client whose requests go through a relay to h.
func throughRelay(t testing.TB, h http.HandlerFunc) (*http.Client, *relay) {
	l := oneLoop(t)
	r := &relay{t: t, backend: goServer(t, h), worker: NewWorker(l)}
	_, address := serve(t, l, ServerOptions{}, r.run)
	return goClient(t, address), r
}

func TestGoClientToGoServerThroughBothSides(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 3<<16)
	client, _ := throughRelay(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Method", r.Method)
		w.Header().Set("X-Cookie", r.Header.Get("Cookie"))
		w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
		w.Header().Set("X-Trailer", r.Trailer.Get("X-Sum"))
		switch r.URL.Path {
		case "/trailers":
			w.Header().Set("Trailer", "X-Sum")
			_, _ = w.Write(body)
			w.Header().Set("X-Sum", "42")
		case "/stream":
			for len(body) > 0 {
				n := min(len(body), 1000)
				_, _ = w.Write(body[:n])
				w.(http.Flusher).Flush()
				body = body[n:]
			}
		case "/early-hints":
			w.Header().Set("Link", "</a>")
			w.WriteHeader(103)
			w.WriteHeader(200)
		case "/none":
			w.WriteHeader(204)
		default:
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = w.Write(body)
		}
	})
	for _, path := range []string{"/", "/trailers", "/stream", "/early-hints", "/none"} {
		for _, body := range []string{"", "x", big} {
			for _, sized := range []bool{true, false} {
				var reader io.Reader = strings.NewReader(body)
				if !sized {
					reader = onlyReader{reader}
				}
				request, _ := http.NewRequest("POST", "http://example.com"+path, reader)
				request.Header["Cookie"] = []string{"a=1; b=2"}
				if !sized {
					request.Trailer = http.Header{"X-Sum": {"7"}}
				}
				r, err := client.Do(request)
				if err != nil {
					t.Fatalf("%s with %d bytes: %v", path, len(body), err)
				}
				got, err := io.ReadAll(r.Body)
				want := body
				if path == "/none" || path == "/early-hints" {
					want = ""
				}
				if err != nil || string(got) != want {
					t.Fatalf("%s with %d bytes: %d bytes, %v", path, len(body), len(got), err)
				}
				if got := r.Header.Get("X-Method") + r.Header.Get("X-Cookie"); got != "POSTa=1; b=2" {
					t.Errorf("%s: %q", path, got)
				}
				if !sized && r.Header.Get("X-Trailer") != "7" {
					t.Errorf("%s: the request's trailer was lost", path)
				}
				if got := r.Trailer.Get("X-Sum"); path == "/trailers" && got != "42" {
					t.Errorf("%s: trailer %q", path, got)
				}
			}
		}
	}
}

func TestHeadThroughBothSides(t *testing.T) {
	client, _ := throughRelay(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "1000") })
	r, err := client.Head("http://example.com/")
	if err != nil || r.ContentLength != 1000 {
		t.Errorf("%v, %v", r, err)
	}
}

// TestManyAtOnce has more requests under way than the server lets one connection have.
func TestManyAtOnce(t *testing.T) {
	client, r := throughRelay(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})
	body := strings.Repeat("abcdefgh", 3<<10)
	done := make(chan error)
	const requests = 200
	for range requests {
		go func() {
			response, err := client.Post("http://example.com/", "text/plain", strings.NewReader(body))
			if err == nil {
				var got []byte
				if got, err = io.ReadAll(response.Body); err == nil && string(got) != body {
					err = fmt.Errorf("%d bytes came back", len(got))
				}
			}
			done <- err
		}()
	}
	for range requests {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	eventually(t, r.worker.loop, "all streams are closed", func() bool { return r.client.Streams() == 0 })
}

// TestTrailersOnlyThroughBothSides: what a gRPC server answers in one HEADERS frame
// leaves in one.
func TestTrailersOnlyThroughBothSides(t *testing.T) {
	ln := listenTCP(t)
	r := &relay{t: t, backend: ln.Addr().(*net.TCPAddr)}
	s := serveWith(t, ServerOptions{}, r.run)
	r.worker = s.worker
	s.headers(1, false, post+"content-type: application/grpc\nte: trailers")
	s.ok(s.WriteData(1, true, []byte("hello")))
	conn, err := ln.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	back := newPeer(t, conn)
	if _, err := io.ReadFull(conn, make([]byte, len(preface))); err != nil {
		t.Fatal(err)
	}
	back.ok(back.WriteSettings())
	back.expect("SETTINGS", "WINDOW_UPDATE 0 983041", "SETTINGS ACK",
		"HEADERS 1 :method=POST :scheme=http :authority=example.com :path=/ content-type=application/grpc te=trailers",
		"DATA 1 END_STREAM hello")
	back.headers(1, true, ":status: 200\ncontent-type: application/grpc\ngrpc-status: 12")
	s.expect("HEADERS 1 END_STREAM :status=200 content-type=application/grpc grpc-status=12")
}
