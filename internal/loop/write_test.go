package loop

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

func TestWriteBuffersKeepsOrderAndSlices(t *testing.T) {
	l := oneLoop(t)
	dice := rand.New(rand.NewPCG(1, 2))
	for name, sizes := range map[string][]int{
		"none":            {},
		"empty ones only": make([]int, 200),
		"one":             {5},
		"empty between":   {0, 3, 0, 0, 4, 0},
		"just 64":         repeat(64, 1),
		"65":              repeat(65, 2),
		"many":            repeat(1000, 7),
		"full socket":     repeat(100, 300<<10),
		"mixed":           randomSizes(dice, 300),
	} {
		c, peer := connected(t, l)
		var want []byte
		buffers := make([][]byte, len(sizes))
		for i, n := range sizes {
			buffers[i] = bytes.Repeat([]byte{byte(i)}, n)
			want = append(want, buffers[i]...)
		}
		lengths := make([]int, len(sizes))
		writing := begin(l, func(task *Task) {
			n, err := c.WriteBuffers(task, buffers)
			if err != nil || n != int64(len(want)) {
				t.Errorf("%s: wrote %d of %d, %v", name, n, len(want), err)
			}
			for i, b := range buffers {
				lengths[i] = len(b)
			}
			c.Close()
		})
		if len(want) > 1<<20 { // partial writes
			onTask(t, l, func(task *Task) { _ = task.Sleep(20 * time.Millisecond) })
		}
		got, err := io.ReadAll(peer)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the peer got %d bytes, %v; want %d", name, len(got), err, len(want))
		}
		await(t, "the writer's end", writing)
		for i, n := range sizes {
			if lengths[i] != n {
				t.Errorf("%s: slice %d was changed", name, i)
			}
		}
	}
}

func repeat(n, size int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = size
	}
	return sizes
}

func randomSizes(dice *rand.Rand, n int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = dice.IntN(1 << dice.IntN(16))
	}
	return sizes
}

func TestWriteBuffersTimesOutWithTheCount(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	var taken int64
	onTask(t, l, func(task *Task) {
		c.SetWriteDeadline(in(l, 50*time.Millisecond))
		buffers := make([][]byte, 640)
		for i := range buffers {
			buffers[i] = make([]byte, 100_000)
		}
		n, err := c.WriteBuffers(task, buffers)
		if err != ErrTimeout || n == 0 || n == 64_000_000 {
			t.Errorf("wrote %d, %v", n, err)
		}
		taken = n
		c.Close()
	})
	if n, err := io.Copy(io.Discard, peer); err != nil || n != taken {
		t.Errorf("the peer got %d bytes, %v; the writer was told %d", n, err, taken)
	}
}

// An interruption that came outside of a wait ends a write or a wait after it, and
// the loop goes on in any case.
func TestAWriteAfterAnInterruptionEnds(t *testing.T) {
	l := oneLoop(t)
	c, peer := connected(t, l)
	onTask(t, l, func(task *Task) {
		task.missed = ErrHangup
		if n, err := c.Write(task, []byte("a")); err != ErrHangup && (n != 1 || err != nil) {
			t.Errorf("the first write: %d, %v", n, err)
		}
		task.Forget(ErrHangup)
		if n, err := c.Write(task, []byte("b")); n != 1 || err != nil {
			t.Errorf("the second write: %d, %v", n, err)
		}
		c.Close()
	})
	if got, err := io.ReadAll(peer); err != nil || !bytes.HasSuffix(got, []byte("b")) {
		t.Errorf("the peer got %q, %v", got, err)
	}
}
