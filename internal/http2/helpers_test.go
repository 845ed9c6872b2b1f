package http2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// patience is when a test gives up; nothing that works comes near it.
const patience = time.Minute

type runner func(*loop.Task)

func (f runner) Run(t *loop.Task) { f(t) }

type acceptor func(*loop.Conn)

func (f acceptor) Accepted(c *loop.Conn) { f(c) }

func oneLoop(t testing.TB) *loop.Loop {
	t.Helper()
	g, err := loop.NewGroup(loop.Options{Loops: 1, OnPanic: func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	return g.Loops()[0]
}

func await(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		stacks := make([]byte, 1<<20)
		t.Fatalf("%s did not happen\n%s", what, stacks[:runtime.Stack(stacks, true)])
	}
}

// onTask runs f as a task and waits for its end.
func onTask(t testing.TB, l *loop.Loop, f func(*loop.Task)) {
	t.Helper()
	done := make(chan struct{})
	l.Post(func() {
		l.Start(runner(func(task *loop.Task) {
			defer close(done)
			f(task)
		}))
	})
	await(t, "the end of a task", done)
}

func onLoop(t testing.TB, l *loop.Loop, f func()) {
	t.Helper()
	done := make(chan struct{})
	l.Post(func() {
		defer close(done)
		f()
	})
	await(t, "a posted function", done)
}

// eventually waits until a condition holds on the loop.
func eventually(t testing.TB, l *loop.Loop, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for ok := false; !ok; {
		onLoop(t, l, func() { ok = holds() })
		if time.Now().After(deadline) {
			t.Fatalf("%s: never", what)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func listenTCP(t testing.TB) *net.TCPListener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.(*net.TCPListener)
}

// connected gives a connection of the loop and the blocking socket at its other end.
func connected(t testing.TB, l *loop.Loop) (*loop.Conn, *net.TCPConn) {
	t.Helper()
	ln := listenTCP(t)
	defer ln.Close()
	var c *loop.Conn
	onTask(t, l, func(task *loop.Task) { c = dial(t, l, task, ln.Addr().(*net.TCPAddr)) })
	if c == nil {
		t.FailNow()
	}
	peer, err := ln.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	if err := peer.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c, peer
}

func dial(t testing.TB, l *loop.Loop, task *loop.Task, to *net.TCPAddr) *loop.Conn {
	c, err := l.Dial(task, loop.Address{IP: to.AddrPort()}, 0)
	if err != nil {
		t.Errorf("dial: %v", err)
	}
	return c
}

// A handler runs f on a task for each stream, and closes the stream behind it.
type handler struct {
	f      func(*loop.Task, *Stream)
	closed int
}

func (h *handler) Stream(s *Stream) {
	s.Loop().Start(runner(func(t *loop.Task) {
		defer s.Close()
		h.f(t, s)
	}))
}

func (h *handler) Closed(*ServerConn) { h.closed++ }

// A taskStream lets package io work on a stream.
type taskStream struct {
	loop.Stream
	t *loop.Task
}

func (s taskStream) Read(p []byte) (int, error)  { return s.Stream.Read(s.t, p) }
func (s taskStream) Write(p []byte) (int, error) { return s.Stream.Write(s.t, p) }

// A message is an HTTP/1.1 message as it was read from a stream.
type message struct {
	head    string
	body    string
	trailer string
}

var errSurplus = errors.New("bytes behind the message")

// readRequest reads a request with HTTP/1's parser.
func readRequest(t *loop.Task, s loop.Stream) (message, *http1.Request, error) {
	r := new(http1.Request)
	m, err := readMessage(t, s, func(p []byte) (int, http1.Framing, int64, bool, error) {
		r.Reset()
		n, err := r.Parse(p, http1.DefaultLimits)
		return n, r.Framing, r.ContentLength, false, err
	})
	return m, r, err
}

// readResponse reads the final response to a request; interim ones are put in front of its head.
func readResponse(t *loop.Task, s loop.Stream, method string) (message, *http1.Response, error) {
	r := new(http1.Response)
	m, err := readMessage(t, s, func(p []byte) (int, http1.Framing, int64, bool, error) {
		r.Reset()
		n, err := r.Parse(p, []byte(method), http1.Limits{Head: 1 << 20, Fields: 2000})
		return n, r.Framing, r.ContentLength, n > 0 && r.Status < 200 && r.Status != 101, err
	})
	return m, r, err
}

func readMessage(t *loop.Task, s loop.Stream, parse func([]byte) (n int, f http1.Framing, length int64, again bool, err error)) (m message, err error) {
	var have []byte
	room := make([]byte, 16<<10)
	more := func() error {
		n, err := s.Read(t, room)
		have = append(have, room[:n]...)
		return err
	}
	for {
		n, framing, length, again, err := parse(have)
		if err != nil {
			return m, err
		}
		if n == 0 {
			if err := more(); err != nil {
				return m, err
			}
			continue
		}
		m.head += string(have[:n])
		have = have[n:]
		if again {
			continue
		}
		switch framing {
		case http1.NoBody:
			return m, nil
		case http1.Length:
			for int64(len(have)) < length {
				if err := more(); err != nil {
					return m, err
				}
			}
			m.body = string(have)
			if int64(len(have)) > length {
				return m, errSurplus
			}
			return m, nil
		}
		break
	}
	var chunks http1.Chunks
	for {
		n, kind, err := chunks.Next(have)
		if err != nil {
			return m, err
		}
		if kind == http1.Data {
			m.body += string(have[:n])
		}
		have = have[n:]
		if kind == http1.Last {
			break
		}
		if len(have) == 0 {
			if err := more(); err != nil {
				return m, err
			}
		}
	}
	for {
		n, _, err := http1.ParseTrailer(have, nil, http1.DefaultLimits)
		if err != nil {
			return m, err
		}
		if n > 0 {
			m.trailer = string(have[:n])
			if n < len(have) {
				return m, errSurplus
			}
			return m, nil
		}
		if err := more(); err != nil {
			return m, err
		}
	}
}

// echo answers every request with what it was.
func echo(t *loop.Task, s *Stream) {
	m, r, err := readRequest(t, s)
	if err != nil {
		answerBad(t, s, err)
		return
	}
	body := fmt.Sprintf("%s %s %s", s.Scheme(), strings.TrimSpace(m.head), m.body)
	if string(r.Method) == "HEAD" {
		_, _ = s.Write(t, []byte("HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"))
		return
	}
	_, _ = s.WriteBuffers(t, [][]byte{[]byte("HTTP/1.1 200 OK\r\nContent-"), []byte("Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"), []byte(body)})
}

func answerBad(t *loop.Task, s *Stream, err error) {
	var bad *http1.Error
	if errors.As(err, &bad) {
		_, _ = s.Write(t, fmt.Appendf(nil, "HTTP/1.1 %d \r\nContent-Length: 0\r\n\r\n", bad.Status))
	}
}

// serve listens and serves HTTP/2 with prior knowledge on one loop.
func serve(t testing.TB, l *loop.Loop, o ServerOptions, f func(*loop.Task, *Stream)) (w *Worker, address string) {
	t.Helper()
	w = NewWorker(l)
	h := &handler{f: f}
	ln, err := l.Group().Listen("127.0.0.1:0", acceptor(func(c *loop.Conn) { w.Serve(c, nil, o, h) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close(nil) })
	return w, ln.Addr().String()
}

// readAll reads a stream to its end.
func readAll(t *loop.Task, s loop.Stream) (string, error) {
	var all bytes.Buffer
	_, err := io.Copy(&all, onlyReader{taskStream{s, t}})
	return all.String(), err
}

type onlyReader struct{ io.Reader }

var timeNever time.Time
