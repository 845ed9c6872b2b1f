//go:build linux

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// monotonic is the system's clock in nanoseconds, the same in every process of a run.
func monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // there is no Linux without it
	}
	return t.Nano()
}

// A timer sleeps to the microsecond, where the runtime's own timers round up to
// the millisecond that epoll_wait takes. One goroutine may use it.
type timer struct {
	fd   int
	file *os.File
}

func newTimer() (*timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	return &timer{fd: fd, file: os.NewFile(uintptr(fd), "timer")}, nil
}

// sleepUntil returns at a moment of the monotonic clock, or at once if it has passed.
func (t *timer) sleepUntil(moment int64) error {
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(max(moment, 1))}
	if err := unix.TimerfdSettime(t.fd, unix.TFD_TIMER_ABSTIME, &at, nil); err != nil {
		return os.NewSyscallError("timerfd_settime", err)
	}
	var expired [8]byte
	_, err := t.file.Read(expired[:])
	return err
}

func (t *timer) close() { t.file.Close() }
