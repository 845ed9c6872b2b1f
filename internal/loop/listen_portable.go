//go:build !linux || portable

package loop

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// A Listener accepts connections and spreads them over the group's loops. Its
// methods may be called from any goroutine.
type Listener struct {
	loop     *Loop
	net      net.Listener
	path     string // of a unix socket
	acceptor Acceptor
	started  bool
	closed   bool
	ended    bool          // its queue is served and its socket closed
	done     []func()      // to call then
	closing  chan struct{} // closed with the listener
	once     sync.Once
}

const (
	// acceptRetry is how long to wait after accept failed for want of descriptors or memory.
	acceptRetry = 50 * time.Millisecond
	// queueQuiet is how long nobody comes out of the queue of a listener that closes before it counts as empty.
	queueQuiet = 5 * time.Millisecond
	// queueRounds bounds how often somebody does.
	queueRounds = 100
)

// Listen opens "host:port" or "unix:/path" and gives each accepted connection
// to a, on the loop that has the fewest. A second process can not bind the same
// address. A unix socket's file that no process listens on is replaced.
func (g *Group) Listen(address string, a Acceptor) (*Listener, error) {
	ln, err := g.Open(address, a)
	if err != nil {
		return nil, err
	}
	ln.Start()
	return ln, nil
}

// Open is Listen without the accepting: until Start, connections wait in the
// listener's queue.
func (g *Group) Open(address string, a Acceptor) (*Listener, error) {
	ln, path, err := listenNet(address)
	if err != nil {
		return nil, err
	}
	return &Listener{loop: g.loops[0], net: ln, path: path, acceptor: a, closing: make(chan struct{})}, nil
}

// Start begins to accept. It is called once.
func (ln *Listener) Start() {
	if !ln.loop.post(work{call: ln.start}) {
		ln.release()
	}
}

// Addr is the address that the listener is bound to.
func (ln *Listener) Addr() net.Addr { return ln.net.Addr() }

// Close stops listening. Connections that wait in its queue are accepted
// first, unless it never started. done, which may be nil, is called on a loop
// afterwards; it is not called when the group has stopped, which closes what
// has started itself.
func (ln *Listener) Close(done func()) {
	closing := func() {
		ln.closeOnLoop()
		switch {
		case done == nil:
		case ln.ended:
			done()
		default:
			ln.done = append(ln.done, done)
		}
	}
	if !ln.loop.post(work{call: closing}) {
		ln.release()
	}
}

func (ln *Listener) start() {
	if ln.loop.stopping {
		ln.closeOnLoop()
	}
	if ln.closed {
		return
	}
	ln.started = true
	ln.loop.listeners[ln] = struct{}{}
	ln.loop.begin(ln.accept)
}

// accept runs on a goroutine until the listener closes.
func (ln *Listener) accept() {
	defer ln.loop.Post(ln.end)
	defer ln.net.Close()
	for rounds, taken := 0, 0; ; {
		conn, err := ln.net.Accept()
		if err == nil {
			ln.assign(conn)
			taken++
			continue
		}
		select {
		case <-ln.closing:
			if taken == 0 || rounds == queueRounds || !errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			taken = 0
			rounds++
			ln.limitAccept()
		default:
			ln.pause()
		}
	}
}

// pause lets time pass in which descriptors may become free.
func (ln *Listener) pause() {
	retry := time.NewTimer(acceptRetry)
	defer retry.Stop()
	select {
	case <-ln.closing:
	case <-retry.C:
	}
}

// limitAccept has accept fail when nobody waits in the queue.
func (ln *Listener) limitAccept() {
	if s, ok := ln.net.(interface{ SetDeadline(time.Time) error }); ok {
		_ = s.SetDeadline(time.Now().Add(queueQuiet))
	}
}

func (ln *Listener) assign(conn net.Conn) {
	to := ln.loop.group.emptiest()
	to.connections.Add(1)
	a := &arrival{acceptor: ln.acceptor, conn: conn}
	if !to.post(work{arrival: a}) {
		a.refuse(to)
	}
}

// An arrival is an accepted connection on its way to its loop.
type arrival struct {
	acceptor Acceptor
	conn     net.Conn
}

func (a *arrival) adopt(l *Loop) {
	if l.stopping {
		a.refuse(l)
		return
	}
	c, err := newConn(l, a.conn, addrPort(a.conn.RemoteAddr()), accepted)
	if err != nil {
		a.refuse(l)
		return
	}
	c.tellAccepted(a.acceptor)
}

func (a *arrival) refuse(l *Loop) {
	l.connections.Add(-1)
	_ = a.conn.Close()
}

func (ln *Listener) closeOnLoop() {
	if ln.closed {
		return
	}
	ln.closed = true
	ln.unlink() // before the queue is served: nobody joins it afterwards
	if !ln.started {
		ln.end()
		return
	}
	close(ln.closing)
	ln.limitAccept()
}

// end closes the socket of a listener whose queue is served.
func (ln *Listener) end() {
	_ = ln.net.Close()
	ln.ended = true
	delete(ln.loop.listeners, ln)
	for _, done := range ln.done {
		ln.loop.call(done)
	}
	ln.done = nil
}

// release closes a listener whose loop has ended and did not know of it.
func (ln *Listener) release() {
	ln.once.Do(func() {
		if !ln.closed {
			ln.unlink()
			_ = ln.net.Close()
		}
	})
}

func (ln *Listener) unlink() {
	if ln.path != "" {
		_ = os.Remove(ln.path)
	}
}
