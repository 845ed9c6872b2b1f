//go:build linux && !portable

package loop

import (
	"errors"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// sendUrgent sends a byte out of band (tcp(7)).
func sendUrgent(t *testing.T, peer *net.TCPConn) {
	t.Helper()
	raw, err := peer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		if err := unix.Sendto(int(fd), []byte("!"), unix.MSG_OOB, nil); err != nil {
			t.Error(err)
		}
	})
}

// A splice ends at an urgent mark, whatever is behind it. The loop hears of the
// mark before, with or after what is in front of it.
func TestUrgentMarkStopsNobody(t *testing.T) {
	l := oneLoop(t)
	large := strings.Repeat("x", 100<<10)
	for name, parts := range map[string][2]string{
		"little": {"front", "behind"}, "much": {large, large}, "nothing in front": {"", "behind"},
	} {
		for _, early := range []bool{true, false} {
			r := newRelay(t, l)
			n := len(parts[0]) + len(parts[1])
			sending := func() {
				send(t, r.source, parts[0])
				sendUrgent(t, r.source)
				send(t, r.source, parts[1])
			}
			if early {
				onLoop(t, l, sending)
			}
			moving := begin(l, func(task *Task) {
				moved, readErr, writeErr := r.from.SpliceTo(task, r.to, int64(n), 0, 0)
				if readErr != nil && !errors.Is(readErr, ErrNoSplice) || writeErr != nil {
					t.Errorf("%s: spliced %d, %v, %v", name, moved, readErr, writeErr)
				}
				buffer := make([]byte, 32<<10)
				for int(moved) < n {
					got, err := r.from.Read(task, buffer)
					if err != nil {
						t.Errorf("%s: %v at %d", name, err, moved)
						return
					}
					_, _ = r.to.Write(task, buffer[:got])
					moved += int64(got)
				}
			})
			if !early {
				sending()
			}
			expectFromPeer(t, r.sink, parts[0]+parts[1])
			await(t, name, moving)
		}
	}
}

func TestReadsGoOnBehindAnUrgentMark(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	reading := begin(l, func(task *Task) { readExactly(t, task, r.from, "front behind") })
	onLoop(t, l, func() {
		send(t, r.source, "front ")
		sendUrgent(t, r.source)
		send(t, r.source, "behind")
	})
	await(t, "the reading", reading)
}
