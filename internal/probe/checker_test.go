package probe

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"spillway/health"
	"spillway/internal/http2"
	"spillway/internal/loop"
)

// patience is when a test gives up; nothing that works comes near it.
const patience = 20 * time.Second

// A subject is a backend that is reached over plain TCP.
type subject struct {
	loop    *loop.Loop
	address netip.AddrPort
	host    func() string
	dialled func()
	found   chan Finding
}

func (s *subject) Dial(t *loop.Task, port uint16, _ bool, deadline int64) (Conn, error) {
	if s.dialled != nil {
		s.dialled()
	}
	to := s.address
	if port != 0 {
		to = netip.AddrPortFrom(to.Addr(), port)
	}
	conn, err := s.loop.Dial(t, loop.Address{IP: to}, deadline)
	return Conn{Stream: conn}, err
}

func (s *subject) Host() string {
	if s.host != nil {
		return s.host()
	}
	return "shop.example"
}

func (s *subject) Checked(f Finding)     { s.found <- f }
func (s *subject) InQuestion(int64) bool { return false }

// newSubject is a backend at an address, and what its checks run on.
func newSubject(t *testing.T, address net.Addr) (*subject, Runner, *loop.Group) {
	t.Helper()
	g, err := loop.NewGroup(loop.Options{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	l := g.Loops()[0]
	s := &subject{loop: l, address: address.(*net.TCPAddr).AddrPort(), found: make(chan Finding, 100)}
	return s, Runner{Loop: l, HTTP2: http2.NewWorker(l), Dice: func() float64 { return 0.5 }}, g
}

// answering is a server that says the same to every request, and then ends the
// connection. asked are the requests' heads.
func answering(t *testing.T, answer string) (address net.Addr, asked <-chan string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	heads := make(chan string, 100)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				head, in := "", make([]byte, 4096)
				for !strings.Contains(head, "\r\n\r\n") {
					n, err := c.Read(in)
					if err != nil {
						return
					}
					head += string(in[:n])
				}
				heads <- head
				_, _ = io.WriteString(c, answer)
			}()
		}
	}()
	return ln.Addr(), heads
}

func next[T any](t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(patience):
		t.Fatalf("no %s", what)
	}
	return got
}

// often is for checks that follow each other at once, and never time out.
var often = health.CheckSettings{Interval: time.Millisecond, Timeout: patience, Rise: 1, Fall: 1}

func TestWhatAChecksAnswerMeans(t *testing.T) {
	fine := health.Expect{Body: []byte("fine")}
	for _, c := range []struct {
		name, answer string
		expect       health.Expect
		outcome      Outcome
		reason       string
	}{
		{"as expected", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", health.Expect{}, Passed, ""},
		{"another status", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", health.Expect{}, Rejected, "status 503"},
		{"the final answer counts", "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", health.Expect{}, Passed, ""},
		{"malformed", "HTTP/1.1 2000 OK\r\n\r\n", health.Expect{}, Rejected, "malformed answer"},
		{"no answer", "", health.Expect{}, Failed, "read: "},
		{"half a head", "HTTP/1.1 200 OK\r\nContent-", health.Expect{}, Failed, "read: "},
		{"a head without end", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", maxAnswer), health.Expect{}, Failed, errHead.Error()},
		{"the body's length", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nI'm fine and more", fine, Rejected, "without"},
		{"a body with a length", "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nI'm fine", fine, Passed, ""},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nI'm fine", fine, Failed, "read: "},
		{"a body in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n", fine, Passed, ""},
		{"a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", fine, Rejected, "malformed answer"},
		{"a body up to the end", "HTTP/1.1 200 OK\r\n\r\nI'm fine", fine, Passed, ""},
		{"the beginning of a large body", "HTTP/1.1 200 OK\r\n\r\nI'm fine" + strings.Repeat(".", 2*maxAnswer), fine, Passed, ""},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", fine, Rejected, "without"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, _ := answering(t, c.answer)
			s, r, _ := newSubject(t, address)
			checker := Start(s, r, &Settings{Timing: often, Method: "GET", Path: "/", Expect: c.expect}, 0)
			defer checker.Stop()
			if found := next(t, "finding", s.found); found.Outcome != c.outcome || !strings.Contains(found.Reason, c.reason) {
				t.Errorf("outcome %d, %q; want %d, %q", found.Outcome, found.Reason, c.outcome, c.reason)
			}
		})
	}
}

func TestRequestOfACheck(t *testing.T) {
	address, asked := answering(t, "HTTP/1.1 200 OK\r\n\r\n")
	s, r, _ := newSubject(t, address)
	settings := &Settings{Timing: often, Method: "HEAD", Path: "/healthz?deep", Headers: []Header{{"X-Probe", "yes"}}}
	checker := Start(s, r, settings, 0)
	defer checker.Stop()
	const want = "HEAD /healthz?deep HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: spillway-health-check\r\nAccept: */*\r\n" +
		"Connection: close\r\nX-Probe: yes\r\n\r\n"
	if got := next(t, "request", asked); got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
	other := *settings
	other.Host = "other.example"
	checker.Configure(&other)
	for range 3 { // one may be under way
		if strings.Contains(next(t, "request", asked), "\r\nHost: other.example\r\n") {
			return
		}
	}
	t.Error("the new settings have no effect")
}

// Only a backend's own port says that nobody listens there.
func TestRefusedConnections(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	listening, _ := answering(t, "")
	own := uint16(ln.Addr().(*net.TCPAddr).Port)
	for _, c := range []struct {
		name    string
		backend net.Addr
		port    uint16
		outcome Outcome
	}{
		{"its own port is closed", ln.Addr(), 0, Refused},
		{"the port for checks is closed", listening, own, Failed},
		{"it listens", listening, 0, Passed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r, _ := newSubject(t, c.backend)
			checker := Start(s, r, &Settings{Kind: TCP, Port: c.port, Timing: often}, 0)
			defer checker.Stop()
			if found := next(t, "finding", s.found); found.Outcome != c.outcome {
				t.Errorf("outcome %d, %q; want %d", found.Outcome, found.Reason, c.outcome)
			}
		})
	}
}

// A backend whose check panics is checked again.
func TestCheckingOutlivesAPanic(t *testing.T) {
	address, _ := answering(t, "")
	s, r, g := newSubject(t, address)
	asked := make(chan bool, 100)
	s.host = func() string {
		select {
		case asked <- true:
		default:
		}
		panic("a check that fails in a new way")
	}
	checker := Start(s, r, &Settings{Timing: often, Method: "GET", Path: "/"}, 0)
	defer checker.Stop()
	for range 3 {
		next(t, "further check", asked)
	}
	if g.Panics() < 2 {
		t.Errorf("%d checks have panicked", g.Panics())
	}
}

func TestAStoppedCheckIsNotToldOf(t *testing.T) {
	address, _ := answering(t, "")
	s, r, g := newSubject(t, address)
	var checker atomic.Pointer[Checker]
	asked := make(chan bool, 100)
	ready := make(chan bool)
	s.dialled = func() {
		<-ready
		checker.Load().Stop()
		asked <- true
	}
	checker.Store(Start(s, r, &Settings{Kind: TCP, Timing: often}, 0))
	close(ready)
	next(t, "check", asked)
	g.Stop()
	if len(s.found) > 0 || len(asked) > 0 {
		t.Errorf("told of %d checks, and %d more were made", len(s.found), len(asked))
	}
}
