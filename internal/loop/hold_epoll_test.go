//go:build linux && !portable

package loop

import (
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes the kernel has of a connection and not sent yet (tcp(7)).
func unsent(t *testing.T, c *Conn) int {
	t.Helper()
	n, err := unix.IoctlGetInt(int(c.fd), unix.SIOCOUTQNSD)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestHeldWriteLeavesWithWhatFollows(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	send(t, r.source, "body")
	eventually(t, l, "the body", r.from.inputWaits)
	onTask(t, l, func(task *Task) {
		Hold(r.from, r.to)
		if _, err := r.to.WriteBuffers(task, [][]byte{[]byte("head "), []byte("first ")}); err != nil {
			t.Error(err)
		}
		if n := unsent(t, r.to); n != len("head first ") {
			t.Errorf("%d bytes wait for the splice", n)
		}
		if moved, readErr, writeErr := r.from.SpliceTo(task, r.to, 4, 0, 0); moved != 4 || readErr != nil || writeErr != nil {
			t.Errorf("moved %d, %v, %v", moved, readErr, writeErr)
		}
		if n := unsent(t, r.to); n != 0 {
			t.Errorf("%d bytes are held after the end", n)
		}
	})
	expectFromPeer(t, r.sink, "head first body")
}

func TestNothingIsHeldWhileTheSourceIsSilent(t *testing.T) {
	l := oneLoop(t)
	for name, ready := range map[string]string{"nothing to read": "", "a part to read": "part"} {
		r := newRelay(t, l)
		if ready != "" {
			send(t, r.source, ready)
			eventually(t, l, "the part", r.from.inputWaits)
		}
		splicing := begin(l, func(task *Task) {
			Hold(r.from, r.to)
			_, _ = r.to.WriteBuffers(task, [][]byte{[]byte("head ")})
			if moved, readErr, writeErr := r.from.SpliceTo(task, r.to, 100, 0, 0); moved != 100 || readErr != nil || writeErr != nil {
				t.Errorf("%s: moved %d, %v, %v", name, moved, readErr, writeErr)
			}
		})
		eventually(t, l, "the splice's wait", func() bool { return r.from.reader != nil })
		onLoop(t, l, func() {
			if n := unsent(t, r.to); n != 0 {
				t.Errorf("%s: %d bytes are held while more is waited for", name, n)
			}
		})
		expectFromPeer(t, r.sink, "head "+ready)
		send(t, r.source, strings.Repeat("x", 100-len(ready)))
		await(t, "the splice", splicing)
		expectFromPeer(t, r.sink, strings.Repeat("x", 100-len(ready)))
	}
}

func TestHeldBytesLeaveWhenTheSourceFails(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	send(t, r.source, "part")
	eventually(t, l, "the part", r.from.inputWaits)
	splicing := begin(l, func(task *Task) {
		Hold(r.from, r.to)
		_, _ = r.to.WriteBuffers(task, [][]byte{[]byte("head ")})
		if _, readErr, _ := r.from.SpliceTo(task, r.to, 100, int64(20*time.Millisecond), 0); readErr != ErrTimeout {
			t.Errorf("the silence gave %v", readErr)
		}
		if n := unsent(t, r.to); n != 0 || r.to.flags&held != 0 {
			t.Errorf("%d bytes are held", n)
		}
	})
	await(t, "the splice", splicing)
	expectFromPeer(t, r.sink, "head part")
}

func TestSpliceOfLittleLooksForNoMore(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	for range 3 {
		send(t, r.source, "little")
		onTask(t, l, func(task *Task) {
			if err := r.from.WaitReadable(task); err != nil {
				t.Error(err)
			}
			before := l.Calls().IO
			if moved, readErr, writeErr := SpliceReady(task, r.from, r.to, 0); moved != 6 || readErr != nil || writeErr != nil {
				t.Errorf("moved %d, %v, %v", moved, readErr, writeErr)
			}
			if calls := l.Calls().IO - before; calls != 2 {
				t.Errorf("%d system calls", calls)
			}
		})
		expectFromPeer(t, r.sink, "little")
	}
	r.source.Close()
	onTask(t, l, func(task *Task) {
		if err := r.from.WaitReadable(task); err != nil {
			t.Error(err)
		}
		if _, readErr, _ := SpliceReady(task, r.from, r.to, 0); readErr != io.EOF {
			t.Errorf("the end gave %v", readErr)
		}
	})
}
