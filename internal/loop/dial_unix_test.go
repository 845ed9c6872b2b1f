//go:build unix

package loop

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestFullBacklogOfAUnixSocketIsWaitedFor(t *testing.T) {
	l := oneLoop(t)
	fd, to := deafSocket(t, "unix:"+filepath.Join(t.TempDir(), "busy"))
	defer syscall.Close(fd)
	const dials = 8
	dialled := begin(l, func(task *Task) {
		for range dials {
			if _, err := l.Dial(task, to, in(l, patience)); err != nil {
				t.Errorf("dial: %v", err)
				return
			}
		}
	})
	for range dials {
		onTask(t, l, func(task *Task) { _ = task.Sleep(2 * time.Millisecond) })
		accepted, _, err := syscall.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(accepted)
	}
	await(t, "the last dial", dialled)
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
