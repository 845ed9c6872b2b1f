package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, path string, shards int) *Log {
	t.Helper()
	l, err := Open(path, JSON, shards)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// eventually waits for what another goroutine does soon.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func TestEveryLineArrivesOnce(t *testing.T) {
	const shards, each = 4, 3000
	path := filepath.Join(t.TempDir(), "access.log")
	l := open(t, path, shards)
	var wg sync.WaitGroup
	for i := range shards {
		wg.Go(func() {
			e := full()
			for n := range each {
				e.RequestID = fmt.Appendf(e.RequestID[:0], "%d-%d", i, n)
				l.Shard(i).Append(&e)
				if n%100 == 0 {
					l.Shard(i).Flush()
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, line := range lines(t, path) {
		var e struct {
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if seen[e.RequestID] {
			t.Fatalf("twice: %s", line)
		}
		seen[e.RequestID] = true
	}
	if got := uint64(len(seen)) + l.Dropped(); got != shards*each {
		t.Errorf("%d lines and %d dropped of %d", len(seen), l.Dropped(), shards*each)
	}
}

func TestFlushShowsLittleTraffic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l := open(t, path, 1)
	e := full()
	l.Shard(0).Flush()
	l.Shard(0).Append(&e)
	l.Shard(0).Flush()
	eventually(t, "the line is in the file", func() bool { return len(lines(t, path)) == 1 })
}

func TestCombinedAppendsToTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(path, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(path, Combined, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := full()
	l.Shard(0).Append(&e)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got := lines(t, path)
	if len(got) != 2 || got[0] != "before" || !strings.HasSuffix(got[1], `"GET /v1/users?id=7 HTTP/1.1" 200 1234 "https://example.com/" "curl/8.5.0"`) {
		t.Errorf("the file holds %q", got)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	path, rotated := filepath.Join(dir, "access.log"), filepath.Join(dir, "access.log.1")
	l := open(t, path, 1)
	e := full()
	l.Shard(0).Append(&e)
	l.Shard(0).Flush()
	eventually(t, "the first line is in the file", func() bool { return len(lines(t, path)) == 1 })
	if err := os.Rename(path, rotated); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := l.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the writer has the new file", func() bool { return l.next.Load() == nil })
	for range 2 {
		l.Shard(0).Append(&e)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if a, b := len(lines(t, rotated)), len(lines(t, path)); a != 1 || b != 2 {
		t.Errorf("%d lines in the old file, %d in the new one", a, b)
	}
	if err := l.Reopen(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestFailedReopenKeepsTheOldFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "access.log")
	l := open(t, path, 1)
	moved := dir + ".old"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Reopen says %v", err)
	}
	e := full()
	l.Shard(0).Append(&e)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(lines(t, filepath.Join(moved, "access.log"))); n != 1 {
		t.Errorf("%d lines in the old file", n)
	}
}

func TestOpen(t *testing.T) {
	if l, err := Open(filepath.Join(t.TempDir(), "no", "such", "file"), JSON, 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v, %v", l, err)
	}
	for _, output := range []string{"stdout", "stderr"} {
		l := open(t, output, 1)
		if err := l.Reopen(); err != nil {
			t.Errorf("%s: %v", output, err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("%s: %v", output, err)
		}
	}
	if _, err := fmt.Fprint(os.Stdout); err != nil {
		t.Errorf("stdout is closed: %v", err)
	}
}

func TestLinesAfterCloseAreCounted(t *testing.T) {
	l := open(t, os.DevNull, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	e := full()
	l.Shard(0).Append(&e)
	l.Shard(0).Flush()
	if got := l.Dropped(); got != 1 {
		t.Errorf("%d dropped", got)
	}
}

// A line longer than a buffer is written whole, and its buffer does not stay that large.
func TestLongLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l := open(t, path, 1)
	e := full()
	e.Target = bytes.Repeat([]byte("\x01"), 100<<10)
	l.Shard(0).Append(&e)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, path); len(got) != 1 || len(got[0]) < 600<<10 || !json.Valid([]byte(got[0])) {
		t.Errorf("%d lines", len(got))
	}
	for b := l.empty.pop(); b != nil; b = l.empty.pop() {
		if cap(b.data) > keepUpTo {
			t.Errorf("a buffer of %d bytes is kept", cap(b.data))
		}
	}
}
