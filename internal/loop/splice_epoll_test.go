//go:build linux && !portable

package loop

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A relay is two connections of a loop with a peer each.
type relay struct {
	from, to     *Conn
	source, sink *net.TCPConn
}

func newRelay(t *testing.T, l *Loop) relay {
	t.Helper()
	from, source := connected(t, l)
	to, sink := connected(t, l)
	return relay{from, to, source, sink}
}

func TestSpliceMovesExactlyWhatWasAsked(t *testing.T) {
	l := oneLoop(t)
	for _, n := range []int{1, 5, 4096, 65537, 1 << 20, 9<<20 + 1} {
		r := newRelay(t, l)
		body := pattern(n)
		go func() {
			_, _ = r.source.Write(body)
			_, _ = r.source.Write([]byte("next"))
		}()
		splicing := begin(l, func(task *Task) {
			moved, readErr, writeErr := r.from.SpliceTo(task, r.to, int64(n), 0, 0)
			if moved != int64(n) || readErr != nil || writeErr != nil {
				t.Errorf("%d bytes: moved %d, %v, %v", n, moved, readErr, writeErr)
			}
			readExactly(t, task, r.from, "next")
			r.to.Close()
		})
		got, err := io.ReadAll(r.sink)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: the sink got %d, %v", n, len(got), err)
		}
		await(t, "the splice", splicing)
	}
}

func TestSpliceUntilTheEnd(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	body := pattern(3<<20 + 3)
	go func() {
		_, _ = r.source.Write(body)
		_ = r.source.CloseWrite()
	}()
	splicing := begin(l, func(task *Task) {
		moved, readErr, writeErr := r.from.SpliceTo(task, r.to, -1, 0, 0)
		if moved != int64(len(body)) || readErr != nil || writeErr != nil {
			t.Errorf("moved %d, %v, %v", moved, readErr, writeErr)
		}
		r.to.Close()
	})
	got, err := io.ReadAll(r.sink)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("the sink got %d bytes, %v", len(got), err)
	}
	await(t, "the splice", splicing)
}

func TestSpliceBothWaysAtOnce(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	const total = 16 << 20
	one := begin(l, func(task *Task) {
		if moved, err, writeErr := r.from.SpliceTo(task, r.to, total, 0, 0); moved != total {
			t.Errorf("moved %d, %v, %v", moved, err, writeErr)
		}
	})
	other := begin(l, func(task *Task) {
		if moved, err, writeErr := r.to.SpliceTo(task, r.from, total, 0, 0); moved != total {
			t.Errorf("moved %d back, %v, %v", moved, err, writeErr)
		}
	})
	chunk := pattern(total)
	for _, peer := range []*net.TCPConn{r.source, r.sink} {
		go func() { _, _ = peer.Write(chunk) }()
	}
	for _, peer := range []*net.TCPConn{r.source, r.sink} {
		read := make(chan struct{})
		go func() {
			defer close(read)
			got := make([]byte, total)
			if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, chunk) {
				t.Errorf("a peer got something else, %v", err)
			}
		}()
		defer await(t, "the peer's reading", read)
	}
	await(t, "one direction", one)
	await(t, "the other direction", other)
}

func TestSpliceSaysWhenInputEndsEarly(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	send(t, r.source, "half of ")
	r.source.Close()
	onTask(t, l, func(task *Task) {
		moved, readErr, writeErr := r.from.SpliceTo(task, r.to, 100, 0, 0)
		if moved != 8 || readErr != io.EOF || writeErr != nil {
			t.Errorf("moved %d, %v, %v", moved, readErr, writeErr)
		}
	})
	expectFromPeer(t, r.sink, "half of ")
}

func TestSpliceTellsTheSidesApart(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	resetPeer(t, r.source)
	onTask(t, l, func(task *Task) {
		if _, readErr, writeErr := r.from.SpliceTo(task, r.to, 100, 0, 0); !errors.Is(readErr, syscall.ECONNRESET) || writeErr != nil {
			t.Errorf("reset source: %v, %v", readErr, writeErr)
		}
	})
	r = newRelay(t, l)
	resetPeer(t, r.sink)
	go func() {
		for {
			if _, err := r.source.Write(pattern(1000)); err != nil {
				return
			}
		}
	}()
	onTask(t, l, func(task *Task) {
		if _, readErr, writeErr := r.from.SpliceTo(task, r.to, -1, 0, 0); readErr != nil || writeErr == nil {
			t.Errorf("reset sink: %v, %v", readErr, writeErr)
		}
		r.from.Close()
	})
}

func TestSpliceTimesOutOnEitherSide(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	const timeout = 20 * time.Millisecond
	onTask(t, l, func(task *Task) {
		before := l.Now()
		moved, readErr, writeErr := r.from.SpliceTo(task, r.to, 10, int64(timeout), 0)
		if moved != 0 || readErr != ErrTimeout || writeErr != nil || l.Now()-before < int64(timeout) {
			t.Errorf("quiet source: %d, %v, %v after %v", moved, readErr, writeErr, time.Duration(l.Now()-before))
		}
	})
	go func() { _, _ = r.source.Write(tooMuch) }()
	onTask(t, l, func(task *Task) {
		moved, readErr, writeErr := r.from.SpliceTo(task, r.to, -1, 0, int64(timeout))
		if moved == 0 || readErr != nil || writeErr != ErrTimeout {
			t.Errorf("slow sink: %d, %v, %v", moved, readErr, writeErr)
		}
		r.from.Close()
	})
	if n := len(l.pipes.free); n != 0 {
		t.Errorf("%d pipes in the pool; the one that was used holds bytes", n)
	}
}

func TestSlowSinkHoldsTheSourceBack(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	splicing := begin(l, func(task *Task) { _, _, _ = r.from.SpliceTo(task, r.to, -1, 0, 0) })
	var sent atomic.Int64
	stuck := make(chan struct{})
	go func() {
		defer close(stuck)
		for sent.Load() < 256<<20 {
			if err := r.source.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
				return
			}
			n, err := r.source.Write(tooMuch[:1<<20])
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	await(t, "the source's end", stuck)
	if n := sent.Load(); n >= 256<<20 {
		t.Errorf("the source sent %d bytes to a sink that reads nothing", n)
	}
	onLoop(t, l, r.from.Close)
	onLoop(t, l, r.to.Close)
	await(t, "the splice's end", splicing)
}

func TestCloseEndsASplice(t *testing.T) {
	l := oneLoop(t)
	r := newRelay(t, l)
	var task *Task
	splicing := begin(l, func(self *Task) {
		task = self
		if _, readErr, writeErr := r.from.SpliceTo(self, r.to, -1, 0, 0); readErr != ErrClosed || writeErr != nil {
			t.Errorf("%v, %v", readErr, writeErr)
		}
	})
	eventually(t, l, "the splice waits", func() bool { return task != nil && task.state == waiting })
	onLoop(t, l, r.from.Close)
	await(t, "the splice's end", splicing)
}

func TestPipesAreKeptAndCapped(t *testing.T) {
	var pool pipePool
	var taken []*pipe
	for range maxFreePipes + 10 {
		p, err := pool.take()
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, p)
	}
	for _, p := range taken {
		pool.put(p)
	}
	if len(pool.free) != maxFreePipes {
		t.Errorf("%d pipes kept, want %d", len(pool.free), maxFreePipes)
	}
	p, _ := pool.take()
	p.held = 1
	pool.put(p)
	if len(pool.free) != maxFreePipes-1 {
		t.Error("a pipe with bytes in it was kept")
	}
	pool.close()
}
