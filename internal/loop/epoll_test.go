//go:build linux && !portable

package loop

import (
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestHangupBeforeTheWatchEndsTheNextWait(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	resetPeer(t, peer)
	eventually(t, l, "the reset is seen", c.HungUp)
	onTask(t, l, func(task *Task) {
		c.Watch(task)
		if err := task.Park(0); err != ErrHangup {
			t.Errorf("Park: %v", err)
		}
		c.Watch(task)
		c.Watch(nil)
		if err := task.Sleep(time.Millisecond); err != nil {
			t.Errorf("Sleep after the end of the watch: %v", err)
		}
	})
}

func TestBothDirectionsEndedIsAHangup(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	if err := peer.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	watching := begin(l, func(task *Task) {
		c.Watch(task)
		if err := c.CloseWrite(task); err != nil {
			t.Error(err)
		}
		if err := task.Park(0); err != ErrHangup {
			t.Errorf("Park: %v", err)
		}
	})
	await(t, "the hang-up", watching)
}

// TestEventsOfAClosedSocketDoNotReachItsSuccessor lets the first of two wakers
// of one batch close the other's connection and put a new one into its place.
func TestEventsOfAClosedSocketDoNotReachItsSuccessor(t *testing.T) {
	l := oneLoop(t)
	a, peerA := connected(t, l)
	b, peerB := connected(t, l)
	var successor *Conn
	woken, disturbed := 0, false
	replace := func(victim *Conn) waker {
		return func(e Event) {
			if e != Readable {
				return
			}
			woken++
			fd, slot := victim.fd, victim.slot
			victim.Close()
			pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Error(err)
				return
			}
			if pair[1] == int(fd) {
				pair[0], pair[1] = pair[1], pair[0]
			}
			if pair[0] != int(fd) {
				if err := syscall.Dup3(pair[0], int(fd), syscall.O_CLOEXEC); err != nil {
					t.Error(err)
				}
				syscall.Close(pair[0])
			}
			t.Cleanup(func() { syscall.Close(pair[1]) })
			if successor, err = newConn(l, int(fd), netip.AddrPort{}, 0); err != nil {
				t.Error(err)
				return
			}
			if successor.slot != slot {
				t.Errorf("slot %d instead of %d: this test tests nothing", successor.slot, slot)
			}
			successor.Idle(waker(func(e Event) { disturbed = disturbed || e == Readable }))
		}
	}
	onLoop(t, l, func() {
		a.Idle(replace(b))
		b.Idle(replace(a))
		send(t, peerA, "x")
		send(t, peerB, "x")
	})
	for range 10 {
		onLoop(t, l, func() {})
	}
	onLoop(t, l, func() {
		if woken != 1 || disturbed {
			t.Errorf("%d of the two were woken, the successor disturbed: %v", woken, disturbed)
		}
		if successor != nil {
			if successor.flags&readable != 0 {
				t.Error("an event of the closed socket reached its successor")
			}
			successor.Close()
		}
	})
}

func TestSocketJoinedToItselfIsNoConnection(t *testing.T) {
	l := oneLoop(t)
	fd, _, err := l.socketFor(Address{IP: mustAddrPort("127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	self, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Connect(fd, self); err != nil && err != syscall.EINPROGRESS {
		t.Fatal(err)
	}
	onTask(t, l, func(task *Task) {
		c, err := newConn(l, fd, fromSockaddr(self), 0)
		if err != nil {
			t.Error(err)
			return
		}
		if err := c.finishConnect(task, 0); err != ErrSelfConnect {
			t.Errorf("connect: %v", err)
		}
		c.Close()
	})
}

func TestFastPeerDoesNotStarveOthers(t *testing.T) {
	l := oneLoop(t)
	fast, peer := connected(t, l)
	slow, other := connected(t, l)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				peer.Close()
				return
			default:
				if _, err := peer.Write(tooMuch[:1<<20]); err != nil {
					return
				}
			}
		}
	}()
	reading := begin(l, func(task *Task) {
		buffer := make([]byte, 64<<10)
		for {
			if _, err := fast.Read(task, buffer); err != nil {
				return
			}
		}
	})
	go func() { _, _ = other.Write([]byte("x")) }()
	onTask(t, l, func(task *Task) {
		for range 100 {
			readExactly(t, task, slow, "x")
			if _, err := slow.Write(task, []byte("y")); err != nil {
				t.Error(err)
			}
			_, _ = other.Write([]byte("x"))
		}
	})
	close(stop)
	await(t, "the fast reader's end", reading)
}

func TestSmallReadsEndATurnToo(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	const sent = 8192
	if _, err := peer.Write(tooMuch[:sent]); err != nil {
		t.Fatal(err)
	}
	onTask(t, l, func(task *Task) { _ = task.Sleep(20 * time.Millisecond) })
	reads, before := 0, 0
	others, end := make(chan struct{}), make(chan struct{})
	onLoop(t, l, func() {
		l.Start(runner(func(task *Task) {
			defer close(end)
			var one [1]byte
			for range sent {
				if _, err := c.Read(task, one[:]); err != nil {
					t.Error(err)
					return
				}
				reads++
			}
		}))
		l.Start(runner(func(*Task) { before = reads; close(others) }))
	})
	await(t, "the other task's turn", others)
	await(t, "the reader's end", end)
	if most := turnBudget/callCost + 1; before == 0 || before > most {
		t.Errorf("the other task waited for %d reads, want %d at most", before, most)
	}
}

func TestAcceptedSocketsSendAtOnce(t *testing.T) {
	g := newGroup(t, 1)
	done := make(chan struct{})
	ln, err := g.Listen("127.0.0.1:0", acceptor(func(c *Conn) {
		defer close(done)
		if on, err := syscall.GetsockoptInt(int(c.fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY); on == 0 || err != nil {
			t.Errorf("TCP_NODELAY is %d, %v", on, err)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	const protocol = 38 // SO_PROTOCOL
	if p, err := syscall.GetsockoptInt(ln.fd, syscall.SOL_SOCKET, protocol); p != syscall.IPPROTO_TCP || err != nil {
		t.Errorf("the listener's protocol is %d, %v: multipath TCP was not asked for", p, err)
	}
	dialPeer(t, ln.Addr())
	await(t, "the connection", done)
}

// A loop that waits behind the scheduler's back must not keep the collector waiting.
func TestCollectionsGoOnBesideADozingLoop(t *testing.T) {
	l := oneLoop(t)
	for range 20 {
		eventually(t, l, "a doze", func() bool { return l.patience() > 0 })
		runtime.GC()
	}
}

func TestDozingLoopDoesNotMissItsTimers(t *testing.T) {
	l := oneLoop(t)
	onTask(t, l, func(task *Task) {
		for range 50 {
			before := l.calls.Waits
			if err := task.Park(in(l, time.Millisecond)); err != ErrTimeout {
				t.Errorf("parked until %v", err)
			}
			if waits := l.calls.Waits - before; waits == 0 || waits > 4 {
				t.Errorf("%d waits for one timer", waits)
			}
		}
	})
}

// A loop keeps its processor for longer only while goroutines have one of their own.
func TestLoopWithoutAProcessorToSpareGivesWaySoon(t *testing.T) {
	l := oneLoop(t)
	for _, spare := range []bool{true, false} {
		onLoop(t, l, func() {
			l.dozes = spare
			l.lastYield = l.now - 2*yieldSoon
			l.giveWay()
			if gaveWay := l.lastYield == l.now; gaveWay == spare {
				t.Errorf("a processor to spare: %t, gave way: %t", spare, gaveWay)
			}
		})
	}
}
