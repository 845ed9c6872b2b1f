package loop

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func expectEOF(t *testing.T, peer net.Conn) {
	t.Helper()
	if err := peer.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Error(err)
	}
	if n, err := peer.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("peer read %d bytes, %v; want the end", n, err)
	}
}

func TestBytesGoBothWays(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	go func() {
		if _, err := io.Copy(peer, peer); err != nil {
			t.Errorf("echo: %v", err)
		}
		if err := peer.CloseWrite(); err != nil {
			t.Errorf("echo: %v", err)
		}
	}()
	const total = 8 << 20
	writer := begin(l, func(task *Task) {
		chunk := pattern(64<<10 + 1)
		for sent := 0; sent < total; {
			n, err := c.Write(task, chunk[:min(len(chunk), total-sent)])
			if err != nil {
				t.Errorf("write: %v", err)
				return
			}
			sent += n
			chunk = pattern(len(chunk)) // a written slice may be reused
		}
		if err := c.CloseWrite(task); err != nil {
			t.Error(err)
		}
	})
	onTask(t, l, func(task *Task) {
		want := pattern(64<<10 + 1)
		got, err := io.ReadAll(taskReader{c, task})
		if err != nil || len(got) != total {
			t.Errorf("read %d bytes, %v; want %d", len(got), err, total)
		}
		for at := 0; at < len(got); at++ {
			if got[at] != want[at%len(want)] {
				t.Errorf("byte %d differs", at)
				return
			}
		}
	})
	await(t, "the writer's end", writer)
}

// pattern is n bytes with a period that no buffer size divides.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7 % 251)
	}
	return p
}

func TestAddresses(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	onLoop(t, l, func() {
		if got, want := c.RemoteAddr().String(), peer.LocalAddr().String(); got != want {
			t.Errorf("remote %s, want %s", got, want)
		}
		if got, want := c.LocalAddr().String(), peer.RemoteAddr().String(); got != want {
			t.Errorf("local %s, want %s", got, want)
		}
	})
}

func TestInputBeforeTheEndIsRead(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	send(t, peer, "last words")
	peer.Close()
	onTask(t, l, func(task *Task) {
		readExactly(t, task, c, "last words")
		for range 2 {
			if n, err := c.Read(task, make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("at the end: %d, %v", n, err)
			}
		}
		if c.LastRead() == 0 {
			t.Error("LastRead was never set")
		}
	})
}

func TestHalfCloseLeavesTheOtherDirection(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	if err := peer.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	onTask(t, l, func(task *Task) {
		if _, err := c.Read(task, make([]byte, 1)); err != io.EOF {
			t.Errorf("read: %v", err)
		}
		if c.HungUp() {
			t.Error("a half-close counts as a hang-up")
		}
		if _, err := c.Write(task, []byte("still here")); err != nil {
			t.Errorf("write: %v", err)
		}
	})
	expectFromPeer(t, peer, "still here")
	onLoop(t, l, c.Close)
	expectEOF(t, peer)
}

func TestResetByThePeer(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	reading := begin(l, func(task *Task) {
		if _, err := c.Read(task, make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read: %v", err)
		}
		if !c.HungUp() {
			t.Error("a reset is not seen as a hang-up")
		}
	})
	resetPeer(t, peer)
	await(t, "the reader's end", reading)
}

func TestResetReachesThePeer(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	onLoop(t, l, func() { c.Reset(); c.Reset() })
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("peer: %v", err)
	}
}

func TestCloseEndsTheWaitsOfOtherTasks(t *testing.T) {
	l := oneLoop(t)
	c, _ := connected(t, l)
	var reader, writer *Task
	reading := begin(l, func(task *Task) {
		reader = task
		if _, err := c.Read(task, make([]byte, 1)); err != ErrClosed {
			t.Errorf("read: %v", err)
		}
	})
	writing := begin(l, func(task *Task) {
		writer = task
		if n, err := c.Write(task, tooMuch); err != ErrClosed || n == len(tooMuch) {
			t.Errorf("write: %d, %v", n, err)
		}
	})
	eventually(t, l, "both wait", func() bool {
		return reader != nil && reader.state == waiting && writer != nil && writer.state == waiting
	})
	onLoop(t, l, func() { c.Close(); c.Close() })
	await(t, "the reader's end", reading)
	await(t, "the writer's end", writing)
}

func TestClosedConnSaysSo(t *testing.T) {
	l := oneLoop(t)
	c, _ := connected(t, l)
	other, _ := connected(t, l)
	onTask(t, l, func(task *Task) {
		c.Close()
		_, read := c.Read(task, make([]byte, 1))
		_, write := c.Write(task, []byte("x"))
		_, buffers := c.WriteBuffers(task, [][]byte{[]byte("x")})
		for name, err := range map[string]error{
			"read": read, "wait": c.WaitReadable(task), "write": write, "buffers": buffers, "close write": c.CloseWrite(task),
		} {
			if err != ErrClosed {
				t.Errorf("%s: %v", name, err)
			}
		}
		if canSplice {
			if _, err, _ := c.SpliceTo(task, other, 1, 0, 0); err != ErrClosed {
				t.Errorf("splice from: %v", err)
			}
		}
		if c.Idle(waker(nil)) || c.Busy() || c.LocalAddr().IsValid() {
			t.Error("a closed connection pretends to be open")
		}
		c.SetReadDeadline(in(l, time.Millisecond))
		c.SetWriteDeadline(in(l, time.Millisecond))
		if err := task.Sleep(10 * time.Millisecond); err != nil {
			t.Error(err)
		}
	})
}

func TestReadDeadline(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	onTask(t, l, func(task *Task) {
		deadline := in(l, 20*time.Millisecond)
		c.SetReadDeadline(deadline)
		if _, err := c.Read(task, make([]byte, 1)); err != ErrTimeout || l.Now() < deadline {
			t.Errorf("read: %v, %v before the deadline", err, time.Duration(deadline-l.Now()))
		}
		if err := c.WaitReadable(task); err != ErrTimeout {
			t.Errorf("wait after the deadline: %v", err)
		}
		c.SetReadDeadline(0)
	})
	onTask(t, l, func(task *Task) {
		c.SetReadDeadline(in(l, 10*time.Millisecond))
		c.SetReadDeadline(in(l, 40*time.Millisecond))
		before := l.Now()
		if _, err := c.Read(task, make([]byte, 1)); err != ErrTimeout || l.Now()-before < int64(40*time.Millisecond) {
			t.Errorf("read with the deadline put off: %v after %v", err, time.Duration(l.Now()-before))
		}
		c.SetReadDeadline(0)
	})
	reading := begin(l, func(task *Task) { readExactly(t, task, c, "late") })
	onTask(t, l, func(task *Task) { _ = task.Sleep(30 * time.Millisecond) })
	send(t, peer, "late")
	await(t, "a read without a deadline", reading)
}

func TestDeadlineMayBeMovedDuringTheWait(t *testing.T) {
	l := oneLoop(t)
	c, _ := connected(t, l)
	reading := begin(l, func(task *Task) {
		c.SetReadDeadline(in(l, time.Hour))
		if _, err := c.Read(task, make([]byte, 1)); err != ErrTimeout {
			t.Errorf("read: %v", err)
		}
	})
	eventually(t, l, "the read waits", func() bool { return c.reader != nil })
	onLoop(t, l, func() { c.SetReadDeadline(in(l, time.Millisecond)) })
	await(t, "the timeout", reading)
}

func TestWriteDeadlineCountsWhatWasTaken(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	var taken int
	onTask(t, l, func(task *Task) {
		c.SetWriteDeadline(in(l, 50*time.Millisecond))
		n, err := c.Write(task, tooMuch)
		if err != ErrTimeout || n == 0 || n == len(tooMuch) {
			t.Errorf("write: %d, %v", n, err)
		}
		taken = n
		c.Close()
	})
	if n, err := io.Copy(io.Discard, peer); err != nil || n != int64(taken) {
		t.Errorf("the peer got %d bytes, %v; the writer was told %d", n, err, taken)
	}
}

func TestReadDeadlineDoesNotStopAWrite(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	writing := begin(l, func(task *Task) {
		if n, err := c.Write(task, make([]byte, 32<<20)); err != nil {
			t.Errorf("write: %d, %v", n, err)
		}
		c.Close()
	})
	onTask(t, l, func(task *Task) {
		c.SetReadDeadline(in(l, 10*time.Millisecond))
		if _, err := c.Read(task, make([]byte, 1)); err != ErrTimeout {
			t.Errorf("read: %v", err)
		}
	})
	if n, err := io.Copy(io.Discard, peer); err != nil || n != 32<<20 {
		t.Errorf("the peer got %d bytes, %v", n, err)
	}
	await(t, "the writer's end", writing)
}

func TestWaitReadableTakesNothing(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	waited := begin(l, func(task *Task) {
		for range 3 {
			if err := c.WaitReadable(task); err != nil {
				t.Error(err)
			}
		}
		readExactly(t, task, c, "abc")
	})
	send(t, peer, "abc")
	await(t, "the input", waited)
	peer.Close()
	onTask(t, l, func(task *Task) {
		if err := c.WaitReadable(task); err != nil {
			t.Errorf("the end of input is readable: %v", err)
		}
		if _, err := c.Read(task, make([]byte, 1)); err != io.EOF {
			t.Errorf("read: %v", err)
		}
	})
}
