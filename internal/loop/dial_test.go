package loop

import (
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
)

func TestDialRefused(t *testing.T) {
	l := oneLoop(t)
	ln := listenTCP(t)
	to := addressOf(ln.Addr())
	ln.Close()
	onTask(t, l, func(task *Task) {
		if c, err := l.Dial(task, to, 0); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial: %v, %v", c, err)
		}
		missing := Address{Path: filepath.Join(t.TempDir(), "nobody")}
		if c, err := l.Dial(task, missing, 0); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("dial %s: %v, %v", missing, c, err)
		}
	})
}

func TestDialIPv6(t *testing.T) {
	l := oneLoop(t)
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		ln = listenTCP(t) // a machine without IPv6
	}
	defer ln.Close()
	onTask(t, l, func(task *Task) {
		c, err := l.Dial(task, addressOf(ln.Addr()), 0)
		if err != nil {
			t.Errorf("dial: %v", err)
			return
		}
		c.Close()
	})
}

func TestSelfConnectIsRecognised(t *testing.T) {
	for _, c := range []struct {
		local, remote string
		want          bool
	}{
		{"127.0.0.1:4000", "127.0.0.1:4000", true},
		{"127.0.0.1:4000", "0.0.0.0:4000", true},
		{"[::1]:4000", "[::1]:4000", true},
		{"192.0.2.1:4000", "192.0.2.1:4000", true},
		{"127.0.0.1:4001", "127.0.0.1:4000", false},
		{"127.0.0.2:4000", "127.0.0.1:4000", false},
	} {
		if got := selfConnected(mustAddrPort(c.local), mustAddrPort(c.remote)); got != c.want {
			t.Errorf("%s to %s: %v", c.local, c.remote, got)
		}
	}
	if selfConnected(Address{}.IP, Address{}.IP) {
		t.Error("a unix socket counts as joined to itself")
	}
}
