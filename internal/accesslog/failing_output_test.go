package accesslog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Nobody reads: no Append waits, what does not fit is counted, and what was counted as kept arrives when someone reads again.
func TestStuckOutputDropsAndCounts(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := start(w, "pipe", JSON, 2)
	e := full()
	appended := uint64(0)
	for l.Dropped() < 1000 {
		l.Shard(0).Append(&e)
		l.Shard(1).Append(&e)
		appended += 2
		if appended > 1e6 {
			t.Fatal("the pipe takes everything")
		}
	}
	arrived := make(chan uint64)
	go func() {
		n := uint64(0)
		for s := bufio.NewScanner(r); s.Scan(); n++ {
			if !json.Valid(s.Bytes()) {
				t.Errorf("not a line: %s", s.Bytes())
			}
		}
		arrived <- n
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := <-arrived; n+l.Dropped() != appended {
		t.Errorf("%d lines arrived and %d dropped of %d", n, l.Dropped(), appended)
	}
}

func TestCloseGivesUpOnAStuckOutput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := start(w, "pipe", JSON, 1)
	l.patience = 50 * time.Millisecond
	e := full()
	for l.Dropped() == 0 {
		l.Shard(0).Append(&e)
	}
	before := l.Dropped()
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "not written") {
		t.Errorf("Close says %v", err)
	}
	if l.Dropped() <= before {
		t.Error("the lines left behind are not counted")
	}
	if err := l.Close(); err != nil {
		t.Errorf("the second Close says %v", err)
	}
	r.Close() // the writer's write fails, and it ends
	<-l.done
}

func TestRefusedLinesAreCounted(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	l := start(w, "pipe", JSON, 1)
	e := full()
	for range 7 {
		l.Shard(0).Append(&e)
	}
	if err := l.Close(); !errors.Is(err, syscall.EPIPE) || !errors.Is(l.Err(), syscall.EPIPE) {
		t.Errorf("Close says %v, Err says %v", err, l.Err())
	}
	if got := l.Dropped(); got != 7 {
		t.Errorf("%d of 7 lines count as dropped", got)
	}
}

// An output that takes half a line and then recovers: the torn line spoils no other.
func TestTornLineIsEnded(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{path: "pipe"}
	out := writer{log: l, file: w}
	write := func(data []byte) {
		b := &buffer{data: data, lines: bytes.Count(data, newline)}
		l.pending.Add(int64(b.lines))
		out.write(b)
	}
	if err := w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 999)
	write([]byte(strings.Repeat(long+"\n", 1000)))
	if !errors.Is(l.Err(), os.ErrDeadlineExceeded) {
		t.Fatalf("the pipe took a megabyte: %v", l.Err())
	}
	got := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(r)
		got <- all
	}()
	if err := w.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	write([]byte("after\n"))
	if l.Err() != nil || l.pending.Load() != 0 {
		t.Errorf("after recovery: %v, %d pending", l.Err(), l.pending.Load())
	}
	w.Close()
	whole := 0
	arrived := strings.Split(strings.TrimSuffix(string(<-got), "\n"), "\n")
	for _, line := range arrived {
		if line == long {
			whole++
		}
	}
	if last := arrived[len(arrived)-1]; last != "after" || uint64(whole)+l.Dropped() != 1000 {
		t.Errorf("%d whole lines and %d dropped of 1000, then %q", whole, l.Dropped(), last)
	}
}
