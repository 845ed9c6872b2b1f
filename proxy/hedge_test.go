//go:build linux && !portable

package proxy

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"spillway/health"
)

// hedgedServer has two backends, of which the second is asked when the first is late.
func hedgedServer(t *testing.T, first, second, more string) (s *Server, address string) {
	t.Helper()
	s = newServer(t, fmt.Sprintf(`
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: web}]
pools:
  - name: web
    hedge: {after: 1ms}
    timeouts: {connect: 1h, response: 1h}
    backends: [{address: "%s"}, {address: "%s", backup: true}]
    %s
`, first, second, more), 1)
	for _, ln := range s.listeners {
		address = ln.socket.Addr().String()
	}
	return s, address
}

// inflight is what each backend of the pool web has.
func inflight(s *Server) (list []int64) {
	for _, m := range s.pools["web"].view.Load().Members() {
		list = append(list, m.Backend.Inflight())
	}
	return list
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func awaitInflight(t *testing.T, s *Server, want ...int64) {
	t.Helper()
	await(t, fmt.Sprint("in flight are ", want), func() bool { return fmt.Sprint(inflight(s)) == fmt.Sprint(want) })
}

// deafAddress takes connections that are never accepted until its queue is full,
// and then does not answer.
func deafAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	file, err := ln.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := syscall.Listen(int(file.Fd()), 0); err != nil {
		t.Fatal(err)
	}
	for {
		c, err := net.DialTimeout("tcp", ln.Addr().String(), 200*time.Millisecond)
		if err != nil {
			return ln.Addr().String()
		}
		t.Cleanup(func() { c.Close() })
	}
}

// begin sends a request and leaves its answer to be read.
func begin(t *testing.T, address, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c
}

func expectAnswer(t *testing.T, c net.Conn, want string) {
	t.Helper()
	if answer, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") || !strings.HasSuffix(string(answer), want) {
		t.Errorf("got %.200q, %v; want %q", answer, err, want)
	}
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Error(err)
	}
}

func answerOf(name string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(name), name)
}

func TestWhoeverOfTwoAnswersFirstIsHeard(t *testing.T) {
	first, askedFirst := heldBackend(t)
	second, askedSecond := heldBackend(t)
	s, address := hedgedServer(t, first, second, "retries: {budget: 100%}")
	for i := range 20 {
		c := begin(t, address, closingGet)
		to := [...]net.Conn{<-askedFirst, <-askedSecond}
		awaitInflight(t, s, 1, 1)
		winner, loser := i%2, 1-i%2
		say(t, to[winner], answerOf("the winner"))
		expectAnswer(t, c, "the winner")
		awaitInflight(t, s, 0, 0)
		_ = to[loser].SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := to[loser].Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("round %d: the connection to the loser lives on: %v", i, err)
		}
	}
}

// A second backend that can not be reached must not keep the first one's answer.
func TestAnAnswerIsHeardWhileTheSecondIsConnected(t *testing.T) {
	first, askedFirst := heldBackend(t)
	s, address := hedgedServer(t, first, deafAddress(t), "")
	c := begin(t, address, closingGet)
	to := <-askedFirst
	awaitInflight(t, s, 1, 1)
	say(t, to, answerOf("hello"))
	expectAnswer(t, c, "hello")
	awaitInflight(t, s, 0, 0)
}

func TestAClientLeavesWhileTheSecondIsConnected(t *testing.T) {
	first, askedFirst := heldBackend(t)
	s, address := hedgedServer(t, first, deafAddress(t), "")
	c := begin(t, address, closingGet)
	<-askedFirst
	awaitInflight(t, s, 1, 1)
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
	awaitInflight(t, s, 0, 0)
}

func TestAClientLeavesARace(t *testing.T) {
	first, askedFirst := heldBackend(t)
	second, askedSecond := heldBackend(t)
	s, address := hedgedServer(t, first, second, "")
	c := begin(t, address, closingGet)
	<-askedFirst
	<-askedSecond
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
	awaitInflight(t, s, 0, 0)
}

func TestAServerStopsInTheMiddleOfARace(t *testing.T) {
	for _, connected := range []bool{true, false} {
		first, askedFirst := heldBackend(t)
		second, askedSecond := heldBackend(t)
		if !connected {
			second = deafAddress(t)
		}
		s, address := hedgedServer(t, first, second, "")
		begin(t, address, closingGet)
		<-askedFirst
		awaitInflight(t, s, 1, 1)
		if connected {
			<-askedSecond
		}
		view := s.pools["web"].view.Load()
		s.Stop()
		for _, m := range view.Members() {
			if n := m.Backend.Inflight(); n != 0 {
				t.Errorf("%s has %d in flight", m.Address, n)
			}
		}
	}
}

// A second backend that fails is judged for it, and the first goes on.
func TestASecondThatFails(t *testing.T) {
	gone := closedPort(t)
	first, askedFirst := heldBackend(t)
	s, address := hedgedServer(t, first, gone, "ejection: {failures: 1, keep_at_least: 0}")
	c := begin(t, address, closingGet)
	to := <-askedFirst
	await(t, "the second is ejected", func() bool { return s.trackerOf("web", gone).State() == health.Ejected })
	awaitInflight(t, s, 1, 0)
	say(t, to, answerOf("hello"))
	expectAnswer(t, c, "hello")
	awaitInflight(t, s, 0, 0)
}

// Who was first to speak may have nothing to say.
func TestTheOtherAnswerCountsWhereTheFirstIsOfNoUse(t *testing.T) {
	for _, useless := range []string{
		"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
	} {
		for winner := range 2 {
			first, askedFirst := heldBackend(t)
			second, askedSecond := heldBackend(t)
			s, address := hedgedServer(t, first, second, "")
			c := begin(t, address, closingGet)
			to := [...]net.Conn{<-askedFirst, <-askedSecond}
			say(t, to[winner], useless)
			await(t, "one is left", func() bool { n := inflight(s); return n[winner] == 0 && n[1-winner] == 1 })
			say(t, to[1-winner], answerOf("at last"))
			answer, err := io.ReadAll(c)
			if err != nil || !strings.HasSuffix(string(answer), "at last") {
				t.Errorf("after %.20q of %d: %.100q, %v", useless, winner, answer, err)
			}
			awaitInflight(t, s, 0, 0)
		}
	}
}

// A response timeout is for the whole race: the first is not given another one.
func TestARaceThatNobodyEnds(t *testing.T) {
	first, askedFirst := heldBackend(t)
	second, askedSecond := heldBackend(t)
	s, address := hedgedServer(t, first, second, "retries: {attempts: 0}")
	p := s.snapshot.Load().pools["web"]
	onLoop(s, func() { p.responseTimeout = int64(300 * time.Millisecond) })
	c := begin(t, address, closingGet)
	<-askedFirst
	<-askedSecond
	if answer, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 504 ") {
		t.Errorf("got %.200q, %v", answer, err)
	}
	awaitInflight(t, s, 0, 0)
	onLoop(s, func() {
		for _, address := range []string{first, second} {
			if n := s.workers[0].backendStats(p.backends[address]).errors; n != 1 {
				t.Errorf("%d errors of a backend", n)
			}
		}
	})
}
