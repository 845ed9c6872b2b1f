package loop

import (
	"bytes"
	"runtime"
	"testing"
	"time"
	"unsafe"
)

func countGoroutines() int { return runtime.NumGoroutine() }

func TestStalledLoopIsReportedWithStacks(t *testing.T) {
	type stall struct {
		loop   int
		since  time.Duration
		stacks []byte
	}
	stalls := make(chan stall, 16)
	const limit = 20 * time.Millisecond
	g := newGroupWith(t, Options{Loops: 2, StallAfter: limit, OnStall: func(i int, since time.Duration, stacks []byte) {
		stalls <- stall{i, since, stacks}
	}})
	l := g.Loops()[1]
	release := make(chan struct{})
	stalled := begin(l, func(task *Task) {
		_ = task.Sleep(time.Millisecond)
		blockHere(release)
	})
	for {
		got := <-stalls
		if got.loop != 1 { // a machine that stood still
			continue
		}
		if got.since < limit || !bytes.Contains(got.stacks, []byte("blockHere")) {
			t.Errorf("stalled for %v with stacks\n%s", got.since, got.stacks)
		}
		break
	}
	close(release)
	await(t, "the end of the stall", stalled)
	if g.Stalls() == 0 {
		t.Error("the stall was not counted")
	}
}

func blockHere(release <-chan struct{}) { <-release }

func TestQuietLoopDoesNotStall(t *testing.T) {
	g := newGroupWith(t, Options{Loops: 1, StallAfter: 50 * time.Millisecond})
	l := g.Loops()[0]
	onLoop(t, l, func() {
		if l.turnBegan.Load() == 0 {
			t.Error("a turn that runs is not seen from outside")
		}
	})
	deadline := time.Now().Add(patience)
	for l.turnBegan.Load() != 0 {
		if time.Now().After(deadline) {
			t.Fatal("a loop with nothing to do still counts as busy")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPostsFromManyGoroutinesAllRun(t *testing.T) {
	l := oneLoop(t)
	const posters, each = 8, 2000
	count := 0 // the loop's
	done := make(chan struct{})
	for range posters {
		go func() {
			for range each {
				l.Post(func() {
					if count++; count == posters*each {
						close(done)
					}
				})
			}
		}()
	}
	await(t, "the last posted function", done)
}

// An idle connection is its Conn and nothing else; see the package comment.
func TestIdleConnectionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > maxConnSize {
		t.Errorf("a Conn has %d bytes, want %d at most", size, maxConnSize)
	}
}
