//go:build linux && !portable

package loop

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// A Listener accepts connections and spreads them over the group's loops. Its
// methods may be called from any goroutine.
type Listener struct {
	loop     *Loop
	fd       int
	slot     int32
	addr     net.Addr
	path     string // of a unix socket
	acceptor Acceptor
	retry    *Timer
	started  bool // it has a slot and accepts
	closed   bool
}

// acceptBatch is how many connections are accepted before others have their turn.
const acceptBatch = 128

// acceptRetry is how long to wait after accept failed for want of descriptors or memory.
const acceptRetry = int64(50 * time.Millisecond)

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
	file, addr, path, err := listenFile(address)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fd, err := duplicate(file)
	if err != nil {
		return nil, err
	}
	if path == "" {
		// Accepted sockets inherit it.
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	return &Listener{loop: g.loops[0], fd: fd, addr: addr, path: path, acceptor: a}, nil
}

// Start begins to accept. It is called once.
func (ln *Listener) Start() { ln.loop.Post(ln.start) }

// Addr is the address that the listener is bound to.
func (ln *Listener) Addr() net.Addr { return ln.addr }

// Close stops listening. Connections that wait in its queue are accepted
// first. done, which may be nil, is called on a loop afterwards.
func (ln *Listener) Close(done func()) {
	ln.loop.Post(func() {
		ln.closeOnLoop()
		if done != nil {
			done()
		}
	})
}

func (ln *Listener) start() {
	ln.retry = ln.loop.NewTimer(func(int64) { ln.accept() })
	if ln.closed {
		return
	}
	slot, err := ln.loop.register(ln.fd, ln)
	if err != nil {
		ln.loop.group.reportPanic(err)
		return
	}
	ln.slot, ln.started = slot, true
}

func (ln *Listener) onEvent(uint32) { ln.accept() }

// accept takes what is there, a batch at a time. It never spins: where accept
// fails for want of something, it tries again a little later.
func (ln *Listener) accept() {
	for range acceptBatch {
		if ln.closed {
			return
		}
		switch more, errno := ln.acceptOne(); {
		case more:
		case errno == syscall.EAGAIN:
			return
		default:
			ln.retry.Set(ln.loop.now + acceptRetry)
			return
		}
	}
	ln.loop.Post(ln.accept)
}

func (ln *Listener) acceptOne() (more bool, errno syscall.Errno) {
	fd, from, err := syscall.Accept4(ln.fd, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
	switch err {
	case nil:
		ln.assign(fd, fromSockaddr(from))
		return true, 0
	case syscall.EINTR, syscall.ECONNABORTED, syscall.EPROTO:
		return true, 0
	}
	errno, _ = err.(syscall.Errno)
	return false, errno
}

func (ln *Listener) assign(fd int, from netip.AddrPort) {
	to := ln.loop.group.emptiest()
	to.connections.Add(1)
	if to == ln.loop {
		ln.adopt(to, fd, from)
		return
	}
	to.Post(func() { ln.adopt(to, fd, from) })
}

func (ln *Listener) adopt(l *Loop, fd int, from netip.AddrPort) {
	if !l.stopping {
		c, err := newConn(l, fd, from, accepted)
		if err == nil {
			ln.acceptor.Accepted(c)
			return
		}
	}
	l.connections.Add(-1)
	_ = syscall.Close(fd)
}

func (ln *Listener) closeOnLoop() {
	if ln.closed {
		return
	}
	if ln.started {
		for more := true; more; {
			more, _ = ln.acceptOne()
		}
		ln.retry.Stop()
		ln.loop.forget(ln.slot)
	}
	ln.closed = true
	_ = syscall.Close(ln.fd)
	if ln.path != "" {
		_ = os.Remove(ln.path)
	}
}

func duplicate(file *os.File) (int, error) {
	fd, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		return -1, err
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}
