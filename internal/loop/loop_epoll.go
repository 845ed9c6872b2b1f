//go:build linux && !portable

package loop

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An engine is a goroutine around an epoll instance, edge-triggered.
type engine struct {
	kernel
	poll       int
	wake       int // an eventfd that ends the wait when work is posted
	asleep     atomic.Bool
	lastYield  int64
	lastEvent  int64
	dozes      bool // a processor is left for goroutines while all loops keep theirs
	paces      bool // new sockets do, unless told otherwise
	events     [256]syscall.EpollEvent
	event, got int
	sockets    []socket
	freeSlots  []int32
	ready      taskList
	tasks      taskPool
	pipes      pipePool
	iovecs     [maxIovecs]unix.Iovec
	small      [maxGathered]byte
}

// A socket is a slot that epoll's events refer to by index and generation, so
// that an event of a closed descriptor never reaches the next owner of its slot.
type socket struct {
	owner      eventer
	generation int32
}

type eventer interface{ onEvent(mask uint32) }

const (
	// wakeful is how long after the last event a loop waits without letting the
	// scheduler know. To give the processor away and get it back costs more than
	// all else in a turn, and wakes the scheduler's monitor, which then looks around
	// dozens of times: 2 ms of processor time for an event. While the loop keeps
	// the processor the monitor interrupts it every 10 ms, for about a twentieth of that.
	wakeful = int64(200 * time.Millisecond)
	// busyTurn is how many events a turn has at least for more to be likely by its
	// end: where a loop may not doze, a call that can not block is cheaper then.
	busyTurn = 4
	// yieldEvery is how long a busy loop keeps its processor.
	yieldEvery = int64(5 * time.Millisecond)
	// yieldSoon is the same while tasks wait for goroutines, and where no processor
	// is left for these.
	yieldSoon = int64(time.Millisecond)
)

func newLoop(g *Group, index int) (*Loop, error) {
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	wake, err := eventfd()
	if err != nil {
		_ = syscall.Close(poll)
		return nil, err
	}
	l := &Loop{index: index, group: g, engine: engine{poll: poll, wake: wake, paces: systemPaces()}, now: Nanotime()}
	l.dozes = runtime.GOMAXPROCS(0) > g.options.Loops && preemptible()
	l.wheel.tick = l.now >> tickShift
	l.tasks.loop = l
	if _, err := l.register(wake, wakeups{l}); err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

func (l *Loop) run() {
	defer l.release()
	for !l.finished() {
		l.wait()
		for !l.dispatch() {
		}
	}
}

// wait fills the events and refreshes the clock. It blocks only when nothing
// is ready to run.
func (l *Loop) wait() {
	l.giveWay()
	n := 0
	if !l.ready.empty() {
		n = l.epollDoze(l.poll, l.events[:], 0)
		l.now = Nanotime()
	} else {
		n = l.sleep()
	}
	l.turnBegan.Store(l.now)
	l.event, l.got = 0, n
}

// giveWay lets goroutines have the processor that the loop has kept for long.
func (l *Loop) giveWay() {
	kept := l.now - l.lastYield
	if kept > yieldEvery || kept > yieldSoon && (!l.dozes || l.group.awaited.Load() > 0) {
		runtime.Gosched()
		l.lastYield = l.now
	}
}

// sleep waits for events, a timer or mail.
func (l *Loop) sleep() (n int) {
	began := l.now
	l.turnBegan.Store(0)
	l.asleep.Store(true)
	if l.mailbox.empty() {
		n = l.waitForEvents()
	}
	l.asleep.Store(false)
	l.now = Nanotime()
	if n > 0 {
		l.lastEvent = l.now
	}
	if l.now-began > yieldSoon {
		l.lastYield = l.now // goroutines have had all processors meanwhile
	}
	return n
}

func (l *Loop) waitForEvents() (n int) {
	until := l.untilNextTimer()
	if patience := l.patience(); patience >= 0 && until != 0 {
		if until > 0 {
			patience = min(patience, until)
		}
		if n = l.epollDoze(l.poll, l.events[:], patience); n > 0 || patience > 0 {
			return n
		}
	}
	return l.epollWait(l.poll, l.events[:], until)
}

// patience is for how many milliseconds to wait behind the scheduler's back;
// below zero: not at all.
func (l *Loop) patience() int {
	quiet := l.now - l.lastEvent
	switch {
	case l.dozes && quiet < wakeful && l.group.awaited.Load() == 0:
		return int((wakeful-quiet)/int64(time.Millisecond)) + 1
	case l.got >= busyTurn:
		return 0
	}
	return -1
}

// dispatch runs a turn. It returns false when a panic cut the turn short; the
// next call goes on behind it.
func (l *Loop) dispatch() (done bool) {
	defer l.recoverPanic()
	for l.event < l.got {
		e := &l.events[l.event]
		l.event++
		if s := &l.sockets[e.Fd]; s.generation == e.Pad && s.owner != nil {
			s.owner.onEvent(e.Events)
		}
	}
	l.wheel.advance(l.now)
	l.takeMail()
	for range l.ready.length {
		t := l.ready.pop()
		t.resume(t.wake)
	}
	l.endTurn()
	return true
}

func (l *Loop) untilNextTimer() (milliseconds int) {
	wait, ok := l.wheel.next(Nanotime())
	if !ok {
		return -1
	}
	return int((wait + int64(time.Millisecond) - 1) / int64(time.Millisecond))
}

func (l *Loop) arm(t *timer, at int64) { l.wheel.add(t, at) }

// rouse ends the loop's wait. The eventfd is not touched once the loop has
// closed it: the number may be another's.
func (l *Loop) rouse() {
	if !l.asleep.Load() {
		return
	}
	l.mailbox.mu.Lock()
	defer l.mailbox.mu.Unlock()
	if !l.mailbox.closed {
		signalEventfd(l.wake)
	}
}

// register adds a descriptor, edge-triggered for everything, and returns its slot.
func (l *Loop) register(fd int, owner eventer) (slot int32, err error) {
	if n := len(l.freeSlots); n > 0 {
		slot = l.freeSlots[n-1]
		l.freeSlots = l.freeSlots[:n-1]
	} else {
		slot = int32(len(l.sockets))
		l.sockets = append(l.sockets, socket{})
	}
	s := &l.sockets[slot]
	s.owner = owner
	event := syscall.EpollEvent{Events: interest, Fd: slot, Pad: s.generation}
	if err := syscall.EpollCtl(l.poll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		l.forget(slot)
		return 0, err
	}
	return slot, nil
}

// forget frees a slot; events that are still under way for it are ignored.
func (l *Loop) forget(slot int32) {
	s := &l.sockets[slot]
	s.owner = nil
	s.generation++
	l.freeSlots = append(l.freeSlots, slot)
}

const interest = syscall.EPOLLIN | syscall.EPOLLPRI | syscall.EPOLLOUT | syscall.EPOLLRDHUP | uint32(1<<31) // and EPOLLET

type wakeups struct{ loop *Loop }

func (w wakeups) onEvent(uint32) { drainEventfd(w.loop.wake) }

// beginStop closes what the loop has, so that its tasks end.
func (l *Loop) beginStop() {
	l.stopping = true
	for _, s := range l.sockets {
		switch owner := s.owner.(type) {
		case *Conn:
			owner.Close()
		case *Listener:
			owner.closeOnLoop()
		}
	}
	l.tasks.stop()
}

func (l *Loop) finished() bool { return l.stopping && l.tasks.ended() }

func (l *Loop) release() {
	l.turnBegan.Store(0)
	l.refuseMail()
	l.pipes.close()
	_ = syscall.Close(l.wake)
	_ = syscall.Close(l.poll)
}
