//go:build linux && !portable

package loop

import (
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func congestion(t *testing.T, fd int) string {
	t.Helper()
	name, err := unix.GetsockoptString(fd, syscall.IPPROTO_TCP, unix.TCP_CONGESTION)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(name, "\x00")
}

// systemsCongestion is what a new socket uses.
func systemsCongestion(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	return congestion(t, fd)
}

func TestConnectionsOverLoopbackDoNotPace(t *testing.T) {
	want := map[bool]string{true: "reno", false: systemsCongestion(t)}
	for _, paces := range []bool{true, false} {
		for name, address := range map[string]string{"a loopback listener": "127.0.0.1:0", "a listener for all": "0.0.0.0:0"} {
			g := newGroup(t, 1)
			l := g.Loops()[0]
			onLoop(t, l, func() { l.paces = paces })
			accepted := make(chan *Conn, 1)
			ln, err := g.Listen(address, acceptor(func(c *Conn) { accepted <- c }))
			if err != nil {
				t.Fatal(err)
			}
			port := ln.Addr().(*net.TCPAddr).Port
			to := Address{IP: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))}
			onTask(t, l, func(task *Task) {
				c, err := l.Dial(task, to, 0)
				if err != nil {
					t.Error(err)
					return
				}
				if got := congestion(t, int(c.fd)); got != want[paces] {
					t.Errorf("%s: what was dialled uses %s", name, got)
				}
			})
			c := <-accepted
			onLoop(t, l, func() {
				if got := congestion(t, int(c.fd)); got != want[paces] {
					t.Errorf("%s: what was accepted uses %s", name, got)
				}
			})
		}
	}
}

func TestConnectionsOverANetworkKeepTheSystemsCongestionControl(t *testing.T) {
	l := oneLoop(t)
	onLoop(t, l, func() { l.paces = true })
	fd, _, err := l.socketFor(Address{IP: mustAddrPort("192.0.2.1:80")})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if got, want := congestion(t, fd), systemsCongestion(t); got != want {
		t.Errorf("%s instead of %s", got, want)
	}
}
