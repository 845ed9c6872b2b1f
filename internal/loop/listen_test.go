package loop

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
)

func dialPeer(t *testing.T, a net.Addr) net.Conn {
	t.Helper()
	peer, err := net.Dial(a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	return peer
}

// echo answers with what it reads, until the end.
func echo(c *Conn) {
	c.Loop().Start(runner(func(task *Task) {
		defer c.Close()
		buffer := make([]byte, 4096)
		for {
			n, err := c.Read(task, buffer)
			if err != nil {
				return
			}
			if _, err := c.Write(task, buffer[:n]); err != nil {
				return
			}
		}
	}))
}

func TestListenersServe(t *testing.T) {
	g := newGroup(t, 2)
	path := filepath.Join(t.TempDir(), "socket")
	for _, address := range []string{"127.0.0.1:0", "localhost:0", ":0", "unix:" + path} {
		ln, err := g.Listen(address, acceptor(echo))
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			peer := dialPeer(t, ln.Addr())
			send(t, peer, "hello")
			expectFromPeer(t, peer, "hello")
			peer.Close()
		}
		closed := make(chan struct{})
		ln.Close(func() { close(closed) })
		await(t, "the listener's end", closed)
		if peer, err := net.Dial(ln.Addr().Network(), ln.Addr().String()); err == nil {
			t.Errorf("%s: a closed listener accepts", address)
			peer.Close()
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's file remained: %v", err)
	}
}

func TestConnectionsAreSpreadAndCounted(t *testing.T) {
	g := newGroup(t, 4)
	arrived := make(chan *Conn, 64)
	ln, err := g.Listen("127.0.0.1:0", acceptor(func(c *Conn) { arrived <- c }))
	if err != nil {
		t.Fatal(err)
	}
	const connections = 41
	conns := make([]*Conn, 0, connections)
	for range connections {
		dialPeer(t, ln.Addr())
		conns = append(conns, <-arrived)
	}
	fewest, most, total := connections, 0, 0
	for _, l := range g.Loops() {
		n := l.Connections()
		fewest, most, total = min(fewest, n), max(most, n), total+n
	}
	if total != connections || most-fewest > max(1, fewest/10) {
		t.Errorf("%d connections, from %d to %d a loop", total, fewest, most)
	}
	for _, c := range conns {
		onLoop(t, c.Loop(), c.Close)
	}
	for _, l := range g.Loops() {
		if n := l.Connections(); n != 0 {
			t.Errorf("loop %d still counts %d", l.Index(), n)
		}
	}
}

func TestClosingServesWhoWaitsInTheQueue(t *testing.T) {
	g := newGroup(t, 2)
	var served atomic.Int32
	ln, err := g.Listen("127.0.0.1:0", acceptor(func(c *Conn) { served.Add(1); echo(c) }))
	if err != nil {
		t.Fatal(err)
	}
	const waiting = 200
	peers := make([]net.Conn, waiting)
	closed := make(chan struct{})
	g.Loops()[0].Post(func() { // while it runs, the queue fills
		for i := range peers {
			peers[i] = dialPeer(t, ln.Addr())
		}
		ln.Close(func() { close(closed) })
	})
	await(t, "the listener's end", closed)
	for _, peer := range peers {
		send(t, peer, "hello")
		expectFromPeer(t, peer, "hello")
	}
	if n := served.Load(); n != waiting {
		t.Errorf("%d of %d were served", n, waiting)
	}
}

func TestOpenedListenerAcceptsAfterStart(t *testing.T) {
	g := newGroup(t, 1)
	var early atomic.Bool
	early.Store(true)
	ln, err := g.Open("127.0.0.1:0", acceptor(func(c *Conn) {
		if early.Load() {
			t.Error("accepted before Start")
		}
		echo(c)
	}))
	if err != nil {
		t.Fatal(err)
	}
	peer := dialPeer(t, ln.Addr())
	send(t, peer, "waits")
	onLoop(t, g.Loops()[0], func() {})
	early.Store(false)
	ln.Start()
	expectFromPeer(t, peer, "waits")
}

func TestOneEventMayAnnounceMoreThanABatch(t *testing.T) {
	g := newGroup(t, 2)
	ln, err := g.Open("127.0.0.1:0", acceptor(echo))
	if err != nil {
		t.Fatal(err)
	}
	peers := make([]net.Conn, 300)
	for i := range peers {
		peers[i] = dialPeer(t, ln.Addr())
	}
	ln.Start()
	for _, peer := range peers {
		send(t, peer, "hello")
		expectFromPeer(t, peer, "hello")
	}
}

func TestOpenedListenerMayBeClosedWithoutStart(t *testing.T) {
	g := newGroup(t, 1)
	path := filepath.Join(t.TempDir(), "socket")
	for _, address := range []string{"127.0.0.1:0", "unix:" + path} {
		ln, err := g.Open(address, acceptor(func(*Conn) { t.Error("accepted") }))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		ln.Close(func() { close(done) })
		await(t, "the listener's end", done)
		if peer, err := net.Dial(ln.Addr().Network(), ln.Addr().String()); err == nil {
			t.Errorf("%s: still open", address)
			peer.Close()
		}
	}
}

func TestSecondListenerIsRefused(t *testing.T) {
	g, other := newGroup(t, 1), newGroup(t, 1)
	path := filepath.Join(t.TempDir(), "socket")
	for _, address := range []string{"127.0.0.1:0", "unix:" + path} {
		ln, err := g.Listen(address, acceptor(echo))
		if err != nil {
			t.Fatal(err)
		}
		again := address
		if ln.Addr().Network() == "tcp" {
			again = ln.Addr().String()
		}
		for _, by := range []*Group{g, other} {
			if _, err := by.Listen(again, acceptor(echo)); !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("second listener on %s: %v", again, err)
			}
		}
		peer := dialPeer(t, ln.Addr()) // the first one is none the worse for it
		send(t, peer, "hello")
		expectFromPeer(t, peer, "hello")
	}
}

func TestAbandonedUnixSocketIsReplaced(t *testing.T) {
	g := newGroup(t, 1)
	path := filepath.Join(t.TempDir(), "socket")
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	ln, err := g.Listen("unix:"+path, acceptor(echo))
	if err != nil {
		t.Fatal(err)
	}
	peer := dialPeer(t, ln.Addr())
	send(t, peer, "hello")
	expectFromPeer(t, peer, "hello")
}

func TestFileThatIsNoSocketIsLeftAlone(t *testing.T) {
	g := newGroup(t, 1)
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Listen("unix:"+path, acceptor(echo)); err == nil {
		t.Error("listening on a plain file succeeded")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "precious" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestPanickingAcceptorLosesOnlyItsConnection(t *testing.T) {
	g := newGroup(t, 2)
	var calls atomic.Int32
	ln, err := g.Open("127.0.0.1:0", acceptor(func(c *Conn) {
		if calls.Add(1)%2 == 1 {
			panic("acceptor")
		}
		echo(c)
	}))
	if err != nil {
		t.Fatal(err)
	}
	const connections = 10
	peers := make([]net.Conn, connections)
	for i := range peers { // all in the queue, so that one event announces them
		peers[i] = dialPeer(t, ln.Addr())
	}
	ln.Start()
	echoed := 0
	for _, peer := range peers {
		_, _ = io.WriteString(peer, "hello")
		if n, _ := io.ReadFull(peer, make([]byte, 5)); n == 5 {
			echoed++
		}
	}
	if echoed != connections/2 || g.Panics() != connections/2 {
		t.Errorf("%d of %d connections were served, %d panics counted", echoed, connections, g.Panics())
	}
	for _, peer := range peers {
		peer.Close()
	}
	for _, l := range g.Loops() {
		eventually(t, l, "no connection left", func() bool { return l.Connections() == 0 })
	}
}
