package loop

import (
	"bytes"
	"io"
	"testing"
)

func TestTryReadNeverWaits(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	onTask(t, l, func(task *Task) {
		p := make([]byte, 8)
		for range 3 {
			if !c.Quiet() {
				t.Error("something has arrived")
			}
			if n, err := c.TryRead(p); n != 0 || err != ErrWouldBlock {
				t.Errorf("with nothing there: %d, %v", n, err)
			}
			send(t, peer, "input")
			if err := c.WaitReadable(task); err != nil {
				t.Error(err)
			}
			if n, err := c.TryRead(p); err != nil || string(p[:n]) != "input" {
				t.Errorf("read %q, %v", p[:n], err)
			}
		}
		peer.Close()
		if err := c.WaitReadable(task); err != nil {
			t.Error(err)
		}
		for range 2 {
			if n, err := c.TryRead(p); n != 0 || err != io.EOF {
				t.Errorf("at the end: %d, %v", n, err)
			}
		}
		c.Close()
		if _, err := c.TryRead(p); err != ErrClosed {
			t.Errorf("after Close: %v", err)
		}
		if _, err := c.TryWrite(p); err != ErrClosed {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestTryWriteStopsWhereTheSocketIsFull(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	var sent []byte
	onTask(t, l, func(task *Task) {
		p := bytes.Repeat([]byte("0123456789"), 10_000)
		for {
			n, err := c.TryWrite(p)
			sent = append(sent, p[:n]...)
			if err == ErrWouldBlock {
				break
			}
			if err != nil || n == 0 || len(sent) > len(tooMuch) {
				t.Errorf("wrote %d after %d, %v", n, len(sent), err)
				break
			}
			p = p[n:]
			if len(p) == 0 {
				p = bytes.Repeat([]byte("0123456789"), 10_000)
			}
		}
	})
	writing := begin(l, func(task *Task) {
		if n, err := c.Write(task, []byte("rest")); n != 4 || err != nil {
			t.Errorf("a write that waits: %d, %v", n, err)
		}
		c.Close()
	})
	got, err := io.ReadAll(peer)
	if err != nil || !bytes.Equal(got, append(sent, "rest"...)) {
		t.Errorf("the peer got %d bytes, %v; want %d and the rest", len(got), err, len(sent))
	}
	await(t, "the writer's end", writing)
}

func TestSpendingLetsOthersRun(t *testing.T) {
	l := oneLoop(t)
	stop := false
	spending := begin(l, func(task *Task) {
		for !stop {
			task.Yield()
			task.Spend(64 << 10)
		}
	})
	onTask(t, l, func(*Task) { stop = true })
	await(t, "the end", spending)
}
