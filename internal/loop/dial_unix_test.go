//go:build unix

package loop

import (
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
