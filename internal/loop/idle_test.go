package loop

import (
	"io"
	"testing"
	"time"
)

// makeIdle hands c to the loop and returns where its wake-up is reported.
func makeIdle(t *testing.T, l *Loop, c *Conn) <-chan Event {
	t.Helper()
	events := make(chan Event, 4)
	onLoop(t, l, func() {
		if !c.Idle(waker(func(e Event) { events <- e })) {
			t.Error("the connection would not idle")
		}
	})
	return events
}

func expectEvent(t *testing.T, events <-chan Event, want Event) {
	t.Helper()
	select {
	case got := <-events:
		if got != want {
			t.Errorf("woken with %d, want %d", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("not woken, want %d", want)
	}
}

func TestIdleConnectionWakesForInput(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	for range 100 {
		events := makeIdle(t, l, c)
		send(t, peer, "request")
		expectEvent(t, events, Readable)
		onTask(t, l, func(task *Task) { readExactly(t, task, c, "request") })
		if len(events) != 0 {
			t.Fatal("woken twice")
		}
	}
}

func TestIdleConnectionWakesForTheEnd(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	events := makeIdle(t, l, c)
	peer.Close()
	expectEvent(t, events, Readable)
	onTask(t, l, func(task *Task) {
		if _, err := c.Read(task, make([]byte, 1)); err != io.EOF {
			t.Errorf("read: %v", err)
		}
	})
}

func TestIdleConnectionExpires(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	onLoop(t, l, func() { c.SetReadDeadline(in(l, 20*time.Millisecond)) })
	expectEvent(t, makeIdle(t, l, c), Expired)
	// It can be used on.
	events := makeIdle(t, l, c)
	send(t, peer, "x")
	expectEvent(t, events, Readable)
	onTask(t, l, func(task *Task) { readExactly(t, task, c, "x") })
}

func TestDeadlineThatPassedBeforeStillExpiresAnIdleConnection(t *testing.T) {
	l := oneLoop(t)
	c, _ := connected(t, l)
	onTask(t, l, func(task *Task) {
		c.SetReadDeadline(in(l, time.Millisecond))
		if err := task.Sleep(20 * time.Millisecond); err != nil {
			t.Error(err)
		}
	})
	expectEvent(t, makeIdle(t, l, c), Expired)
}

func TestClosingAnIdleConnectionTellsItsWaker(t *testing.T) {
	l := oneLoop(t)
	c, _ := connected(t, l)
	events := makeIdle(t, l, c)
	onLoop(t, l, c.Close)
	expectEvent(t, events, Closed)
	if len(events) != 0 {
		t.Error("told twice")
	}
}

func TestBusyTakesAnIdleConnectionBack(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	for range 20 {
		events := makeIdle(t, l, c)
		onTask(t, l, func(task *Task) {
			if !c.Busy() {
				t.Error("a quiet connection is not to be trusted")
			}
			if _, err := c.Write(task, []byte("ping")); err != nil {
				t.Error(err)
			}
		})
		expectFromPeer(t, peer, "ping")
		send(t, peer, "pong")
		onTask(t, l, func(task *Task) { readExactly(t, task, c, "pong") })
		if len(events) != 0 {
			t.Fatal("the waker was told of a connection that was taken back")
		}
	}
}

func TestBusySaysWhenSomethingArrived(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	events := makeIdle(t, l, c)
	send(t, peer, "surplus")
	expectEvent(t, events, Readable)
	onLoop(t, l, func() {
		if c.Busy() {
			t.Error("a connection with surplus input is trusted")
		}
	})
}

func TestWatchedResetInterruptsAnotherWait(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	var watcher *Task
	watching := begin(l, func(task *Task) {
		watcher = task
		c.Watch(task)
		if err := task.Park(0); err != ErrHangup {
			t.Errorf("Park: %v", err)
		}
		c.Watch(nil)
	})
	eventually(t, l, "the task parks", func() bool { return watcher != nil && watcher.state == parked })
	reading := begin(l, func(task *Task) { _, _ = c.Read(task, make([]byte, 1)) })
	resetPeer(t, peer)
	await(t, "the interruption", watching)
	await(t, "the reader's end", reading)
}

func TestWatchedResetIsSeenWithoutAReader(t *testing.T) {
	l := oneLoop(t)
	client, peer := connected(t, l)
	backend, _ := connected(t, l)
	var waits *Task
	watching := begin(l, func(task *Task) {
		waits = task
		client.Watch(task)
		if _, err := backend.Read(task, make([]byte, 1)); err != ErrHangup {
			t.Errorf("read: %v", err)
		}
		if !client.HungUp() {
			t.Error("HungUp does not tell")
		}
	})
	eventually(t, l, "the task waits", func() bool { return waits != nil && waits.state == waiting })
	resetPeer(t, peer)
	await(t, "the interruption", watching)
}

func TestWatchedResetReachesATaskThatAwaits(t *testing.T) {
	l := oneLoop(t)
	client, peer := connected(t, l)
	release := make(chan struct{})
	watching := begin(l, func(task *Task) {
		client.Watch(task)
		task.Await(func() { <-release })
		if err := task.Park(0); err != ErrHangup {
			t.Errorf("Park: %v", err)
		}
	})
	resetPeer(t, peer)
	eventually(t, l, "the reset is seen", client.HungUp)
	close(release)
	await(t, "the interruption", watching)
}

func TestWatchedHalfCloseInterruptsNothing(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	watching := begin(l, func(task *Task) {
		c.Watch(task)
		if err := task.Sleep(50 * time.Millisecond); err != nil {
			t.Errorf("Sleep: %v", err)
		}
	})
	reading := begin(l, func(task *Task) { _, _ = c.Read(task, make([]byte, 1)) })
	if err := peer.CloseWrite(); err != nil {
		t.Error(err)
	}
	await(t, "the reader's end", reading)
	await(t, "the sleeper's end", watching)
}

func TestWatchedConnectionIsReadAsEver(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	onTask(t, l, func(task *Task) {
		c.Watch(task)
		for range 20 {
			send(t, peer, "body")
			readExactly(t, task, c, "body")
		}
		send(t, peer, "next")
		if err := task.Sleep(5 * time.Millisecond); err != nil {
			t.Errorf("Sleep: %v", err)
		}
		c.Watch(nil)
		readExactly(t, task, c, "next")
	})
	events := makeIdle(t, l, c)
	send(t, peer, "again")
	expectEvent(t, events, Readable)
	onTask(t, l, func(task *Task) { readExactly(t, task, c, "again") })
}

func TestWatchSeesAResetAfterTheBody(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	var waits *Task
	watching := begin(l, func(task *Task) {
		c.Watch(task)
		readExactly(t, task, c, "body")
		waits = task
		if err := task.Park(0); err != ErrHangup {
			t.Errorf("Park: %v", err)
		}
	})
	send(t, peer, "body")
	eventually(t, l, "the task parks", func() bool { return waits != nil && waits.state == parked })
	resetPeer(t, peer)
	await(t, "the interruption", watching)
}
