package accesslog

import (
	"bytes"
	"errors"
	"os"
)

// write is the writer's goroutine. It owns file until it returns.
func (l *Log) write(file *os.File) {
	defer close(l.done)
	w := writer{log: l, file: file}
	for {
		select {
		case b := <-l.full:
			w.write(b)
		case <-l.wake:
			w.reopen()
		case <-l.quit:
			for len(l.full) > 0 {
				w.write(<-l.full)
			}
			w.reopen()
			w.close()
			return
		}
	}
}

type writer struct {
	log  *Log
	file *os.File
	torn bool // the output ends within a line
}

func (w *writer) write(b *buffer) {
	w.reopen()
	err := w.mend()
	n := 0
	if err == nil {
		n, err = w.file.Write(b.data)
	}
	if err != nil {
		w.log.lost.Add(uint64(bytes.Count(b.data[n:], newline)))
		w.torn = w.torn || n > 0 && b.data[n-1] != '\n'
		w.log.failed(err)
	} else if w.log.err.Load() != nil {
		w.log.err.Store(nil)
	}
	w.log.pending.Add(-int64(b.lines))
	if b.lines, b.data = 0, b.data[:0]; cap(b.data) > keepUpTo {
		b.data = nil
	}
	w.log.empty.push(b)
}

var newline = []byte("\n")

// mend ends a line of which only a part could be written, so that it spoils no other.
func (w *writer) mend() error {
	if !w.torn {
		return nil
	}
	_, err := w.file.Write(newline)
	w.torn = err != nil
	return err
}

// reopen changes to the file that Reopen opened, if it did.
func (w *writer) reopen() {
	if next := w.log.next.Swap(nil); next != nil {
		w.close()
		w.file, w.torn = next, false
	}
}

func (w *writer) close() {
	if w.log.path == "" {
		return
	}
	if err := w.file.Close(); err != nil {
		w.log.failed(errors.Join(w.log.Err(), err))
	}
}

func (l *Log) failed(err error) { l.err.Store(&err) }
