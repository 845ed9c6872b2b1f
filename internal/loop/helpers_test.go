package loop

import (
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

// patience is when a test gives up; nothing that works comes near it.
const patience = 20 * time.Second

type runner func(*Task)

func (f runner) Run(t *Task) { f(t) }

type acceptor func(*Conn)

func (f acceptor) Accepted(c *Conn) { f(c) }

type waker func(Event)

func (f waker) Wake(e Event) { f(e) }

func newGroup(t *testing.T, loops int) *Group {
	t.Helper()
	return newGroupWith(t, Options{Loops: loops})
}

func newGroupWith(t *testing.T, o Options) *Group {
	t.Helper()
	g, err := NewGroup(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	return g
}

func oneLoop(t *testing.T) *Loop {
	t.Helper()
	return newGroup(t, 1).Loops()[0]
}

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		stacks := make([]byte, 1<<20)
		t.Fatalf("%s did not happen\n%s", what, stacks[:runtime.Stack(stacks, true)])
	}
}

// begin starts f as a task and returns a channel that is closed at its end.
func begin(l *Loop, f func(*Task)) <-chan struct{} {
	done := make(chan struct{})
	l.Post(func() {
		l.Start(runner(func(t *Task) {
			defer close(done)
			f(t)
		}))
	})
	return done
}

// onTask runs f as a task and waits for its end.
func onTask(t *testing.T, l *Loop, f func(*Task)) {
	t.Helper()
	await(t, "the end of a task", begin(l, f))
}

// onLoop runs f on the loop and waits for its end.
func onLoop(t *testing.T, l *Loop, f func()) {
	t.Helper()
	done := make(chan struct{})
	l.Post(func() {
		defer close(done)
		f()
	})
	await(t, "a posted function", done)
}

// eventually waits until a condition holds on the loop.
func eventually(t *testing.T, l *Loop, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for ok := false; !ok; {
		onLoop(t, l, func() { ok = holds() })
		if time.Now().After(deadline) {
			t.Fatalf("%s: never", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func listenTCP(t *testing.T) *net.TCPListener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.(*net.TCPListener)
}

func addressOf(a net.Addr) Address {
	if u, ok := a.(*net.UnixAddr); ok {
		return Address{Path: u.Name}
	}
	return Address{IP: a.(*net.TCPAddr).AddrPort()}
}

// connected gives a connection of the loop and the blocking socket at its other end.
func connected(t *testing.T, l *Loop) (*Conn, *net.TCPConn) {
	t.Helper()
	ln := listenTCP(t)
	var c *Conn
	onTask(t, l, func(task *Task) {
		var err error
		if c, err = l.Dial(task, addressOf(ln.Addr()), 0); err != nil {
			t.Errorf("dial: %v", err)
		}
	})
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
	ln.Close()
	return c, peer
}

// in is a moment so far from now, for deadlines.
func in(l *Loop, d time.Duration) int64 { return l.Now() + int64(d) }

// taskReader and taskWriter let package io work on a Conn.
type taskReader struct {
	c *Conn
	t *Task
}

func (r taskReader) Read(p []byte) (int, error) { return r.c.Read(r.t, p) }

func readExactly(t *testing.T, task *Task, c *Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(taskReader{c, task}, got); err != nil || string(got) != want {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
}

func expectFromPeer(t *testing.T, peer net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(peer, got); err != nil || string(got) != want {
		t.Errorf("peer read %q, %v; want %q", got, err, want)
	}
}

func send(t *testing.T, peer net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(peer, s); err != nil {
		t.Errorf("peer: %v", err)
	}
}

func resetPeer(t *testing.T, peer *net.TCPConn) {
	t.Helper()
	if err := peer.SetLinger(0); err != nil {
		t.Error(err)
	}
	peer.Close()
}

func mustAddrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// tooMuch is more than the kernel takes before the peer reads.
var tooMuch = make([]byte, 64<<20)
