package main

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file must be quiet before it is read: editors write in steps.
const settle = 100 * time.Millisecond

// watchFile calls changed when the content of the file is another. It watches the
// file's directory, since editors and configuration maps put a new file in its
// place, and that of what a symbolic link leads to.
func watchFile(path string, log *slog.Logger, changed func()) (stop func(), err error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", path, err)
	}
	if err := w.Add(filepath.Dir(path)); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("watching %s: %w", path, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		followChanges(w, path, log, changed)
	}()
	return func() {
		_ = w.Close()
		<-done
	}, nil
}

func followChanges(w *fsnotify.Watcher, path string, log *slog.Logger, changed func()) {
	last := digest(path)
	quiet := time.NewTimer(time.Hour)
	defer quiet.Stop()
	target := ""
	for {
		if real, err := filepath.EvalSymlinks(path); err == nil && filepath.Dir(real) != target {
			target = filepath.Dir(real)
			_ = w.Add(target)
		}
		select {
		case _, ok := <-w.Events:
			if !ok {
				return
			}
			quiet.Reset(settle)
		case err, ok := <-w.Errors:
			if !ok {
				return
			}
			log.Warn("watching the configuration", "error", err)
		case <-quiet.C:
			if now := digest(path); now != last && now != ([32]byte{}) {
				last = now
				changed()
			}
		}
	}
}

// digest is zero while the file can not be read.
func digest(path string) [32]byte {
	content, err := os.ReadFile(path)
	if err != nil {
		return [32]byte{}
	}
	return sha256.Sum256(content)
}
