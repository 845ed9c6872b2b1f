package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"spillway/internal/config"
)

// newLogger writes what the process says of itself. Saying never waits for the
// reader: an event loop may be the one that speaks. finish writes what is left.
func newLogger(w io.Writer, c config.Log) (log *slog.Logger, finish func()) {
	lines := newLineWriter(w)
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == config.LogJSON {
		return slog.New(slog.NewJSONHandler(lines, options)), lines.finish
	}
	return slog.New(slog.NewTextHandler(lines, options)), lines.finish
}

// A lineWriter hands lines to a goroutine that writes them. When that is too far
// behind, lines are dropped and counted.
type lineWriter struct {
	to      io.Writer
	lines   chan []byte
	dropped atomic.Uint64
	ended   chan struct{}
	last    chan struct{}
}

const (
	maxLines   = 1024
	finishTime = time.Second
)

func newLineWriter(to io.Writer) *lineWriter {
	w := &lineWriter{to: to, lines: make(chan []byte, maxLines), ended: make(chan struct{}), last: make(chan struct{}, 1)}
	go w.run()
	return w
}

// Write takes one line; slog writes each with one call.
func (w *lineWriter) Write(p []byte) (int, error) {
	select {
	case w.lines <- append([]byte(nil), p...):
	default:
		w.dropped.Add(1)
	}
	return len(p), nil
}

func (w *lineWriter) run() {
	defer close(w.ended)
	for {
		select {
		case line := <-w.lines:
			w.write(line)
		case <-w.last:
			for len(w.lines) > 0 {
				w.write(<-w.lines)
			}
			return
		}
	}
}

func (w *lineWriter) write(line []byte) {
	_, _ = w.to.Write(line)
	if n := w.dropped.Swap(0); n > 0 {
		fmt.Fprintf(w.to, "%d log lines were dropped: nobody read them in time\n", n)
	}
}

// finish waits, but not for long, until everything has been written.
func (w *lineWriter) finish() {
	select {
	case w.last <- struct{}{}:
	default:
	}
	select {
	case <-w.ended:
	case <-time.After(finishTime):
	}
}
