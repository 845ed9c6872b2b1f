//go:build linux

package loop

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// useUpFiles leaves the process without descriptors until the returned
// function, which may be called twice, gives them back.
func useUpFiles(t *testing.T) (giveBack func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = min(old.Cur, uint64(openFiles(t)+64))
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	var held []int
	for {
		fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		held = append(held, fd)
	}
	giveBack = func() {
		for _, fd := range held {
			syscall.Close(fd)
		}
		held = nil
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(giveBack)
	return giveBack
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestListenerOutlivesWantOfDescriptors(t *testing.T) {
	g := newGroup(t, 1)
	l := g.Loops()[0]
	ln, err := g.Open("127.0.0.1:0", acceptor(echo))
	if err != nil {
		t.Fatal(err)
	}
	peers := make([]net.Conn, 3)
	for i := range peers {
		peers[i] = dialPeer(t, ln.Addr())
	}
	var turns atomic.Int64
	onLoop(t, l, func() { l.AtEndOfTurn(func() { turns.Add(1) }) })
	giveBack := useUpFiles(t)
	before := turns.Load()
	ln.Start()
	time.Sleep(300 * time.Millisecond)
	if n := turns.Load() - before; n > 100 {
		t.Errorf("the loop took %d turns while it could not accept", n)
	}
	if n := l.Connections(); n != 0 {
		t.Errorf("%d connections without a descriptor", n)
	}
	giveBack()
	for _, peer := range peers {
		send(t, peer, "hello")
		expectFromPeer(t, peer, "hello")
	}
}

func TestStopLeavesNothingBehind(t *testing.T) {
	settle := func() (int, int) { return openFiles(t), countGoroutines() }
	t.Run("first", stopBusyGroup) // what the runtime opens once stays open
	files, goroutines := settle()
	for range 3 {
		t.Run("again", stopBusyGroup)
	}
	deadline := time.Now().Add(patience)
	for {
		f, g := settle()
		if f <= files && g <= goroutines {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d files and %d goroutines before, %d and %d after", files, goroutines, f, g)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// stopBusyGroup stops a group whose loops have a connection and a task in every state.
func stopBusyGroup(t *testing.T) {
	g, err := NewGroup(Options{Loops: 2})
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/socket"
	for _, address := range []string{"127.0.0.1:0", "unix:" + path} {
		ln, err := g.Listen(address, acceptor(echo))
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			peer, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
		}
	}
	inAwait := make(chan struct{}, 2)
	for _, l := range g.Loops() {
		for range 300 { // more than the free list keeps
			begin(l, func(task *Task) { _ = task.Sleep(time.Millisecond) })
		}
		var peers []net.Conn
		for range 4 {
			_, peer := connected(t, l)
			peers = append(peers, peer)
		}
		idle, _ := connected(t, l)
		makeIdle(t, l, idle)
		taken, _ := connected(t, l)
		makeIdle(t, l, taken)
		onLoop(t, l, func() { taken.Busy() })
		panicky, _ := connected(t, l)
		onLoop(t, l, func() { panicky.Idle(waker(func(Event) { panic("at the end") })) })
		a, from := connected(t, l)
		b, _ := connected(t, l)
		send(t, from, "spliced")
		begin(l, func(task *Task) { _, _, _ = a.SpliceTo(task, b, -1, 0, 0) })
		full, _ := connected(t, l)
		begin(l, func(task *Task) { _, _ = full.Write(task, tooMuch) })
		begin(l, func(task *Task) { _ = task.Park(0) })
		begin(l, func(task *Task) {
			if err := task.Sleep(time.Hour); err != ErrStopped {
				t.Errorf("Sleep: %v", err)
			}
			if _, err := l.Dial(task, Address{Path: path}, 0); err == nil {
				t.Error("a loop that ends dials")
			}
		})
		begin(l, func(task *Task) {
			task.Await(func() {
				inAwait <- struct{}{}
				time.Sleep(20 * time.Millisecond)
			})
			if err := task.Park(0); err != ErrStopped {
				t.Errorf("Park: %v", err)
			}
		})
		onTask(t, l, func(task *Task) { _ = task.Sleep(5 * time.Millisecond) })
		for _, peer := range peers {
			peer.Close()
		}
	}
	<-inAwait
	<-inAwait
	g.Stop()
	g.Stop()
	if n := g.Panics(); n != 2 {
		t.Errorf("%d panics, want those of 2 wakers", n)
	}
	g.Loops()[0].Post(func() { t.Error("a posted function ran after Stop") })
	if _, err := g.Listen("127.0.0.1:0", acceptor(echo)); err != nil && err != ErrStopped {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket's file remained")
	}
}

func TestCopyingGoesOnWithoutAPipe(t *testing.T) {
	l := oneLoop(t)
	from, source := connected(t, l)
	to, sink := connected(t, l)
	giveBack := useUpFiles(t)
	onTask(t, l, func(task *Task) {
		if moved, err, writeErr := from.SpliceTo(task, to, 0, 0, 0); canSplice && (moved != 0 || err != nil || writeErr != nil) {
			t.Errorf("splicing nothing: %d, %v, %v", moved, err, writeErr)
		}
	})
	send(t, source, "copied")
	onTask(t, l, func(task *Task) {
		if moved, err, writeErr := from.SpliceTo(task, to, 6, 0, 0); moved != 0 || err != ErrNoSplice || writeErr != nil {
			t.Errorf("splice: %d, %v, %v", moved, err, writeErr)
		}
		buffer := make([]byte, 6)
		if _, err := io.ReadFull(taskReader{from, task}, buffer); err != nil {
			t.Error(err)
		}
		if _, err := to.Write(task, buffer); err != nil {
			t.Error(err)
		}
	})
	expectFromPeer(t, sink, "copied")
	giveBack()
}
