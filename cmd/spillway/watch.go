package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file must be quiet before it is read: editors write in steps.
const settle = 100 * time.Millisecond

// watchFile calls changed when the content of the file is another than the one
// with the digest that was loaded, and from then on whenever it changes. It watches the
// file's directory, since editors and configuration maps put a new file in its
// place, and that of what a symbolic link leads to.
func watchFile(path, loaded string, log *slog.Logger, changed func()) (stop func(), err error) {
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
		followChanges(w, path, loaded, log, changed)
	}()
	return func() {
		_ = w.Close()
		<-done
	}, nil
}

func followChanges(w *fsnotify.Watcher, path, last string, log *slog.Logger, changed func()) {
	quiet := time.NewTimer(settle) // the file may have changed before it was watched
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
			if now := digest(path); now != last && now != "" {
				last = now
				changed()
			}
		}
	}
}

// digest is what config.Config.Digest is; empty while the file can not be read.
func digest(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}
