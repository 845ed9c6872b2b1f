package accesslog

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// waitingPerShard is how many buffers of each shard may wait for the writer: 2 MiB, some 5,000 lines.
const waitingPerShard = 64

// patience is how long Close waits for an output that takes nothing.
const patience = 2 * time.Second

// Log is an access log with one output.
type Log struct {
	path   string // empty: stdout or stderr, which are not reopened nor closed
	shards []*Shard
	empty  stack
	full   chan *buffer // has room for all buffers, so handing one over never blocks

	next atomic.Pointer[os.File] // what Reopen opened; the writer takes it before its next write
	wake chan struct{}
	quit chan struct{}
	done chan struct{}

	pending atomic.Int64  // lines handed over and not yet written
	lost    atomic.Uint64 // lines that the output refused
	err     atomic.Pointer[error]

	mu       sync.Mutex // guards closed
	closed   bool
	patience time.Duration
}

// Open opens a log with a number of shards. The output is "stdout", "stderr" or the path of a file, which is made if need be, readable by
// its group, and appended to. Close it.
func Open(output string, f Format, shards int) (*Log, error) {
	switch output {
	case "stdout":
		return start(os.Stdout, "", f, shards), nil
	case "stderr":
		return start(os.Stderr, "", f, shards), nil
	}
	file, err := openFile(output)
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	return start(file, output, f, shards), nil
}

func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
}

func start(file *os.File, path string, f Format, shards int) *Log {
	buffers := shards * (1 + waitingPerShard)
	l := &Log{
		path:     path,
		full:     make(chan *buffer, buffers),
		wake:     make(chan struct{}, 1),
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
		patience: patience,
	}
	for range buffers {
		l.empty.push(new(buffer))
	}
	for range shards {
		l.shards = append(l.shards, &Shard{log: l, format: f, stamp: newStamp(f), buffer: l.empty.pop()})
	}
	go l.write(file)
	return l
}

// Shard returns the i-th shard, for the loop that owns it.
func (l *Log) Shard(i int) *Shard { return l.shards[i] }

// Dropped returns how many lines were lost since Open, because the output was behind or refused them. Call it from anywhere.
func (l *Log) Dropped() uint64 {
	dropped := l.lost.Load()
	for _, s := range l.shards {
		dropped += s.dropped.Load()
	}
	return dropped
}

// Err returns why the last write failed, or nil if it went well. Call it from anywhere.
func (l *Log) Err() error {
	if err := l.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Reopen opens the path anew, after a rotation moved the file away. If that fails, the old file stays in use. It does nothing to
// stdout and stderr.
func (l *Log) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" {
		return nil
	}
	if l.closed {
		return fmt.Errorf("access log: %w", os.ErrClosed)
	}
	file, err := openFile(l.path)
	if err != nil {
		return fmt.Errorf("access log: %w", err)
	}
	if unused := l.next.Swap(file); unused != nil {
		unused.Close()
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// Close writes what was appended and closes the file. The loops must not use their shards any more. If the output takes nothing for two
// seconds, what is left counts as dropped and the error says so.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	for _, s := range l.shards {
		s.close()
	}
	close(l.quit)
	for left := l.pending.Load(); ; {
		select {
		case <-l.done:
			return l.Err()
		case <-time.After(l.patience):
		}
		now := l.pending.Load()
		if now == left {
			l.lost.Add(uint64(now))
			return fmt.Errorf("access log: %d lines not written: the output takes nothing", now)
		}
		left = now
	}
}

// hand gives a buffer to the writer.
func (l *Log) hand(b *buffer) {
	l.pending.Add(int64(b.lines))
	l.full <- b
}
