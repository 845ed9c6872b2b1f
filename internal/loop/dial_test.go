package loop

import (
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"
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

func TestDialInterrupted(t *testing.T) {
	l := oneLoop(t)
	to := deaf(t, "127.0.0.1:0")
	errStop := errors.New("enough")
	var task *Task
	dialling := begin(l, func(self *Task) {
		task = self
		for {
			if _, err := l.Dial(self, to, 0); err != nil {
				if err != errStop {
					t.Errorf("dial: %v", err)
				}
				return
			}
		}
	})
	for ended := false; !ended; {
		l.Post(func() {
			if task != nil {
				task.Interrupt(errStop)
			}
		})
		select {
		case <-dialling:
			ended = true
		case <-time.After(time.Millisecond):
		}
	}
}

func TestDialTimeout(t *testing.T) {
	for name, to := range map[string]Address{
		"tcp":  deaf(t, "127.0.0.1:0"),
		"unix": deaf(t, "unix:"+filepath.Join(t.TempDir(), "deaf")),
	} {
		l := oneLoop(t)
		onTask(t, l, func(task *Task) {
			// What fits into the backlog connects.
			for range 100 {
				deadline := in(l, 30*time.Millisecond)
				_, err := l.Dial(task, to, deadline)
				if err == nil {
					continue
				}
				if err != ErrTimeout || l.Now() < deadline {
					t.Errorf("%s: dial: %v, %v before the deadline", name, err, time.Duration(deadline-l.Now()))
				}
				return
			}
			t.Errorf("%s: a listener with no backlog took 100 connections", name)
		})
	}
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
