//go:build linux && !portable

package loop

import (
	"net"
	"net/netip"
	"os"
	"sync"
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
	paces    bool // accepted sockets pace, also those over loopback
	closed   bool
	once     sync.Once
}

// noSlot is the slot of a listener that does not accept.
const noSlot = -1

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
	fd, err := nonblockingDuplicate(file)
	if err != nil {
		return nil, err
	}
	if path == "" {
		// Accepted sockets inherit it.
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	ln := &Listener{loop: g.loops[0], fd: fd, slot: noSlot, addr: addr, path: path, acceptor: a}
	ln.sparePacing()
	return ln, nil
}

// sparePacing sees to what comes over loopback: by inheritance where nothing
// else can come, else one by one.
func (ln *Listener) sparePacing() {
	at, tcp := ln.addr.(*net.TCPAddr)
	if !tcp || !ln.loop.paces {
		return
	}
	if ln.paces = !at.IP.IsLoopback(); !ln.paces {
		sparePacing(ln.fd)
	}
}

// Start begins to accept. It is called once.
func (ln *Listener) Start() {
	if !ln.loop.post(work{call: ln.start}) {
		ln.release()
	}
}

// Addr is the address that the listener is bound to.
func (ln *Listener) Addr() net.Addr { return ln.addr }

// Close stops listening. Connections that wait in its queue are accepted
// first, unless it never started. done, which may be nil, is called on a loop
// afterwards; it is not called when the group has stopped, which closes what
// has started itself.
func (ln *Listener) Close(done func()) {
	closing := func() {
		ln.closeOnLoop()
		if done != nil {
			done()
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
	ln.retry = ln.loop.NewTimer(func(int64) { ln.accept() })
	slot, err := ln.loop.register(ln.fd, ln)
	if err != nil {
		ln.loop.group.reportPanic(err)
		return
	}
	ln.slot = slot
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
		from := fromSockaddr(from)
		if ln.paces && from.Addr().IsLoopback() {
			sparePacing(fd)
		}
		ln.assign(fd, from)
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
		adopt(to, ln.acceptor, fd, from)
		return
	}
	a := &arrival{acceptor: ln.acceptor, fd: fd, from: from}
	if !to.post(work{arrival: a}) {
		a.refuse(to)
	}
}

// An arrival is an accepted connection on its way to another loop.
type arrival struct {
	acceptor Acceptor
	fd       int
	from     netip.AddrPort
}

func (a *arrival) adopt(l *Loop) { adopt(l, a.acceptor, a.fd, a.from) }

func (a *arrival) refuse(l *Loop) { refuse(l, a.fd) }

func adopt(l *Loop, a Acceptor, fd int, from netip.AddrPort) {
	if l.stopping {
		refuse(l, fd)
		return
	}
	c, err := newConn(l, fd, from, accepted)
	if err != nil {
		refuse(l, fd)
		return
	}
	c.tellAccepted(a)
}

func refuse(l *Loop, fd int) {
	l.connections.Add(-1)
	_ = syscall.Close(fd)
}

func (ln *Listener) closeOnLoop() {
	if ln.closed {
		return
	}
	ln.closed = true
	ln.unlink() // before the queue is served: nobody joins it afterwards
	if ln.slot != noSlot {
		for more := true; more; {
			more, _ = ln.acceptOne()
		}
		ln.retry.Stop()
		ln.loop.forget(ln.slot)
	}
	_ = syscall.Close(ln.fd)
}

// release closes a listener whose loop has ended and did not know of it.
func (ln *Listener) release() {
	ln.once.Do(func() {
		if !ln.closed {
			ln.unlink()
			_ = syscall.Close(ln.fd)
		}
	})
}

func (ln *Listener) unlink() {
	if ln.path != "" {
		_ = os.Remove(ln.path)
	}
}
