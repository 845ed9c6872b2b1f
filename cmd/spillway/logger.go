package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"spillway/internal/config"
)

// A processLog is what the process says of itself. Saying never waits for the
// reader: an event loop may be the one that speaks.
type processLog struct {
	*slog.Logger
	lines  *lineWriter
	level  slog.LevelVar
	asJSON atomic.Bool
}

func newProcessLog(w io.Writer, c config.Log) *processLog {
	l := &processLog{lines: newLineWriter(w)}
	options := &slog.HandlerOptions{Level: &l.level}
	l.Logger = slog.New(&eitherHandler{&l.asJSON, slog.NewTextHandler(l.lines, options), slog.NewJSONHandler(l.lines, options)})
	l.configure(c)
	return l
}

// configure sets level and format, also of the loggers that were made from this one.
func (l *processLog) configure(c config.Log) {
	l.level.Set(c.Level)
	l.asJSON.Store(c.Format == config.LogJSON)
}

// finish writes what is left; what is said after it may be lost.
func (l *processLog) finish() { l.lines.finish() }

// An eitherHandler writes one of two formats, which may change.
type eitherHandler struct {
	asJSON     *atomic.Bool
	text, json slog.Handler
}

func (h *eitherHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

func (h *eitherHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.asJSON.Load() {
		return h.json.Handle(ctx, r)
	}
	return h.text.Handle(ctx, r)
}

func (h *eitherHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &eitherHandler{h.asJSON, h.text.WithAttrs(attrs), h.json.WithAttrs(attrs)}
}

func (h *eitherHandler) WithGroup(name string) slog.Handler {
	return &eitherHandler{h.asJSON, h.text.WithGroup(name), h.json.WithGroup(name)}
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
