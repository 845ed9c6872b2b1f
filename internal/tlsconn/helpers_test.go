package tlsconn

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"spillway/internal/loop"
)

// patience is when a test gives up; nothing that works comes near it.
const patience = 30 * time.Second

type runner func(*loop.Task)

func (f runner) Run(t *loop.Task) { f(t) }

type waker func(loop.Event)

func (f waker) Wake(e loop.Event) { f(e) }

func await[T any](t testing.TB, what string, done <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-done:
	case <-time.After(patience):
		stacks := make([]byte, 1<<20)
		t.Fatalf("%s did not happen\n%s", what, stacks[:runtime.Stack(stacks, true)])
	}
	return got
}

// A bench is a loop with its worker, certificates and configs for both sides.
type bench struct {
	testing.TB
	loop      *loop.Loop
	worker    *Worker
	authority *authority
	server    *tls.Config
	client    *tls.Config
	group     *loop.Group
}

func newBench(t testing.TB) *bench {
	t.Helper()
	g, err := loop.NewGroup(loop.Options{Loops: 1, StallAfter: 5 * time.Second, OnStall: func(_ int, _ time.Duration, stacks []byte) {
		t.Errorf("the loop stands still\n%s", stacks)
	}, OnPanic: func(value any, stack []byte) { t.Errorf("panic: %v\n%s", value, stack) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	a := newAuthority(t)
	b := &bench{TB: t, loop: g.Loops()[0], group: g, authority: a}
	certificates := a.store(t, a.issue(t, newECDSA(t), "localhost", "127.0.0.1"))
	b.server = ServerConfig(ServerOptions{Certificates: certificates, Protocols: []string{HTTP2, HTTP1}})
	if err := NewTicketKeys(0).Apply(b.server, "test"); err != nil {
		t.Fatal(err)
	}
	b.client = ClientConfig(ClientOptions{ServerName: "localhost", RootCAs: a.pool, Protocols: []string{HTTP1}})
	b.onLoop(func() { b.worker = NewWorker(b.loop) })
	return b
}

// begin starts f as a task and returns a channel that is closed at its end.
func (b *bench) begin(f func(*loop.Task)) <-chan struct{} {
	done := make(chan struct{})
	b.loop.Post(func() {
		b.loop.Start(runner(func(t *loop.Task) {
			defer close(done)
			f(t)
		}))
	})
	return done
}

func (b *bench) onTask(f func(*loop.Task)) {
	b.Helper()
	await(b, "the end of a task", b.begin(f))
}

func (b *bench) onLoop(f func()) {
	b.Helper()
	done := make(chan struct{})
	b.loop.Post(func() {
		defer close(done)
		f()
	})
	await(b, "a posted function", done)
}

// eventually waits until a condition holds on the loop.
func (b *bench) eventually(what string, holds func() bool) {
	b.Helper()
	deadline := time.Now().Add(patience)
	for ok := false; !ok; {
		b.onLoop(func() { ok = holds() })
		if time.Now().After(deadline) {
			b.Fatalf("%s: never", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// sockets gives a connection of the loop and the blocking socket at its other end.
func (b *bench) sockets() (*loop.Conn, *net.TCPConn) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	var c *loop.Conn
	b.onTask(func(t *loop.Task) {
		var err error
		if c, err = b.loop.Dial(t, loop.Address{IP: ln.Addr().(*net.TCPAddr).AddrPort()}, 0); err != nil {
			b.Errorf("dial: %v", err)
		}
	})
	if c == nil {
		b.FailNow()
	}
	peer, err := ln.(*net.TCPListener).AcceptTCP()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { peer.Close() })
	if err := peer.SetDeadline(time.Now().Add(patience)); err != nil {
		b.Fatal(err)
	}
	return c, peer
}

// A side is which side of TLS the loop has.
type side struct {
	name     string
	isClient bool
	version  uint16
}

var sides = []side{
	{"server, TLS 1.2", false, tls.VersionTLS12}, {"server, TLS 1.3", false, tls.VersionTLS13},
	{"client, TLS 1.2", true, tls.VersionTLS12}, {"client, TLS 1.3", true, tls.VersionTLS13},
}

// eachSide runs f for both versions on both sides, with a connected pair.
func eachSide(t *testing.T, f func(b *bench, c *Conn, peer *peer)) {
	t.Helper()
	for _, s := range sides {
		t.Run(s.name, func(t *testing.T) {
			b := newBench(t)
			c, peer := b.connect(s)
			f(b, c, peer)
		})
	}
}

// A peer is crypto/tls over a blocking socket.
type peer struct {
	*tls.Conn
	socket *net.TCPConn
}

// connect makes a pair whose handshake is done.
func (b *bench) connect(s side) (*Conn, *peer) {
	b.Helper()
	under, socket := b.sockets()
	var c *Conn
	p := &peer{socket: socket}
	b.onLoop(func() {
		if s.isClient {
			c = b.worker.Client(under, b.client)
		} else {
			c = b.worker.Server(under, b.server, nil)
		}
	})
	if s.isClient {
		config := b.server.Clone()
		config.MaxVersion = s.version
		p.Conn = tls.Server(socket, config)
	} else {
		config := b.client.Clone()
		config.MaxVersion = s.version
		p.Conn = tls.Client(socket, config)
	}
	b.handshake(c, p)
	return c, p
}

func (b *bench) handshake(c *Conn, p *peer) {
	b.Helper()
	done := b.begin(func(t *loop.Task) {
		if err := c.Handshake(t, b.in(patience)); err != nil {
			b.Errorf("handshake: %v", err)
		}
	})
	if err := p.Handshake(); err != nil {
		b.Fatalf("the peer's handshake: %v", err)
	}
	await(b, "the handshake", done)
}

func (b *bench) in(d time.Duration) int64 { return b.loop.Now() + int64(d) }

// taskReader lets package io work on a Conn.
type taskReader struct {
	c *Conn
	t *loop.Task
}

func (r taskReader) Read(p []byte) (int, error) { return r.c.Read(r.t, p) }

func (b *bench) expect(t *loop.Task, c *Conn, want string) {
	b.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(taskReader{c, t}, got); err != nil || string(got) != want {
		b.Errorf("read %q, %v; want %q", got, err, want)
	}
}

func (b *bench) write(t *loop.Task, c *Conn, s string) {
	b.Helper()
	if n, err := c.Write(t, []byte(s)); err != nil || n != len(s) {
		b.Errorf("wrote %d of %q, %v", n, s, err)
	}
}

func (p *peer) expect(t testing.TB, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(p, got); err != nil || string(got) != want {
		t.Errorf("the peer read %q, %v; want %q", got, err, want)
	}
}

func (p *peer) send(t testing.TB, s string) {
	t.Helper()
	if _, err := io.WriteString(p, s); err != nil {
		t.Errorf("peer: %v", err)
	}
}

func pattern(n int) []byte { return bytes.Repeat([]byte("0123456789abcdefg"), n/17+1)[:n] }
