package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"spillway/internal/config"
)

// settle is how long files must be quiet before they are read: editors write in steps.
const settle = 100 * time.Millisecond

// watchFiles calls changed when the content of the configuration's file, or of
// another that it names, is not what was loaded, and from then on whenever one changes.
// changed returns the configuration in force. The directories of the files are
// watched, since editors and configuration maps put a new file in an old one's
// place, and those of what symbolic links lead to.
func watchFiles(path string, loaded *config.Config, log *slog.Logger, changed func() *config.Config) (stop func(), err error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", path, err)
	}
	if err := w.Add(filepath.Dir(path)); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("watching %s: %w", path, err)
	}
	f := &follower{watcher: w, path: path, files: loaded.Files(), last: loaded.Digest, log: log, changed: changed}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.follow()
	}()
	return func() {
		_ = w.Close()
		<-done
	}, nil
}

// A follower is the watching of one configuration.
type follower struct {
	watcher *fsnotify.Watcher
	path    string
	files   []string // that the configuration in force names
	last    string   // the digest that was looked at last
	watched []string // directories
	log     *slog.Logger
	changed func() *config.Config
}

func (f *follower) follow() {
	quiet := time.NewTimer(settle) // a file may have changed before it was watched
	defer quiet.Stop()
	for {
		f.watchDirectories()
		select {
		case _, ok := <-f.watcher.Events:
			if !ok {
				return
			}
			quiet.Reset(settle)
		case err, ok := <-f.watcher.Errors:
			if !ok {
				return
			}
			f.log.Warn("watching the configuration", "error", err)
		case <-quiet.C:
			f.look()
		}
	}
}

// look reloads when the digest is another one. A file that can not be read is
// being replaced: its event is yet to come.
func (f *follower) look() {
	now, err := config.Digest(f.path, f.files)
	if err != nil || now == f.last {
		return
	}
	f.last = now
	f.files = f.changed().Files()
	if now, err = config.Digest(f.path, f.files); err == nil {
		f.last = now // the configuration may name other files now
	}
}

// watchDirectories adds those of the files, and of what links lead to.
func (f *follower) watchDirectories() {
	for _, file := range append([]string{f.path}, f.files...) {
		directories := []string{filepath.Dir(file)}
		if real, err := filepath.EvalSymlinks(file); err == nil {
			directories = append(directories, filepath.Dir(real))
		}
		for _, each := range directories {
			if !slices.Contains(f.watched, each) && f.watcher.Add(each) == nil {
				f.watched = append(f.watched, each)
			}
		}
	}
}
