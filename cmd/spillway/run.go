package main

import (
	"context"
	"os"
	"os/signal"
	"sync"

	"spillway/internal/config"
	"spillway/internal/loop"
	"spillway/proxy"
)

const runHelp = `
Usage: spillway run [-c config.yaml] [--watch]

Runs the load balancer. SIGHUP reads the configuration again (a bad one changes
nothing), SIGUSR1 reopens the access log, SIGTERM and SIGINT drain and exit; a
second one exits at once.

Example: spillway run -c /etc/spillway/config.yaml --watch
`

func runCommand(c *console, args []string) error {
	f := newFlags(c, "run", runHelp)
	path := f.String("c", "config.yaml", "the configuration `file`")
	watch := f.Bool("watch", false, "reload when the file, or a certificate or key that it names, changes")
	if err := parse(c, f, args); err != nil {
		return err
	}
	settings, err := load(c, *path)
	if err != nil {
		return err
	}
	r := &runner{console: c, path: *path}
	return r.run(settings, *watch)
}

// A runner is one running instance: the proxy, its admin address, and what
// changes them.
type runner struct {
	console *console
	path    string // of the configuration; empty: there is no file
	log     *processLog
	proxy   *proxy.Server
	started func() // called when everything listens; nil: the log tells what does

	changing sync.Mutex // one reload at a time, whoever asks
	admin    *adminAddress
}

func (r *runner) run(settings *config.Config, watch bool) error {
	ignorePipeSignal()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, handledSignals()...)
	defer signal.Stop(signals)
	r.log = newProcessLog(r.console.err, settings.Log)
	defer r.log.finish()
	files, err := loop.RaiseFileLimit()
	if err != nil {
		r.log.Warn("the limit of open files stays as it is", "error", err)
	}
	if r.proxy, err = proxy.New(settings, proxy.Options{Log: r.log.Logger}); err != nil {
		return err
	}
	defer r.proxy.Stop()
	if r.admin, err = r.openAdmin(settings); err != nil {
		return err
	}
	defer r.closeAdmin()
	if watch && r.path != "" {
		stop, err := watchFiles(r.path, settings, r.log.Logger, func() *config.Config {
			_ = r.reload()
			return r.proxy.Config()
		})
		if err != nil {
			return err
		}
		defer stop()
	}
	r.warn(settings)
	if r.started == nil {
		r.announce(settings, files)
	} else {
		r.started()
	}
	return r.serve(signals)
}

// announce logs what runs, and where.
func (r *runner) announce(settings *config.Config, files uint64) {
	r.log.Info("spillway runs", "version", version(), "config", r.path, "pid", os.Getpid(), "runtime", loop.Runtime, "files", files)
	for _, ln := range settings.Listeners {
		r.log.Info("listening", "listener", ln.Name, "address", string(ln.Address))
	}
	if settings.Admin.Address != "" {
		r.log.Info("listening", "admin", string(settings.Admin.Address))
	}
}

// warn logs what will go wrong later.
func (r *runner) warn(settings *config.Config) {
	for _, w := range settings.Warnings {
		r.log.Warn(w.String())
	}
}

// serve handles signals until one of them ends the process.
func (r *runner) serve(signals <-chan os.Signal) error {
	for s := range signals {
		switch kindOf(s) {
		case signalReload:
			_ = r.reload()
		case signalReopen:
			if err := r.proxy.ReopenLogs(); err != nil {
				r.log.Error("the access log was not reopened", "error", err)
			}
		default:
			return r.drain(s, signals)
		}
	}
	return nil
}

// drain lets running exchanges end, unless a second signal does not want to wait.
func (r *runner) drain(first os.Signal, signals <-chan os.Signal) error {
	r.log.Info("draining", "signal", first.String())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	go func() {
		r.proxy.Drain(ctx)
		close(done)
	}()
	for {
		select {
		case <-done:
			r.log.Info("drained")
			return nil
		case s := <-signals:
			if kindOf(s) == signalEnd {
				r.log.Warn("a second signal: not waiting", "signal", s.String())
				r.log.finish()
				os.Exit(1)
			}
		}
	}
}

// reload reads the file again. What is wrong with it is logged, noted for the
// status, and returned; what runs goes on as it was.
func (r *runner) reload() error {
	r.changing.Lock()
	defer r.changing.Unlock()
	if r.path == "" {
		r.log.Warn("nothing to reload: there is no configuration file")
		return nil
	}
	settings, err := config.Load(r.path, r.console.env)
	if err == nil {
		err = r.change(settings)
	} else {
		r.proxy.ReloadFailed(err)
	}
	if err != nil {
		r.log.Error("the configuration was not reloaded: the one before goes on", "error", err)
		return err
	}
	r.log.Info("reloaded", "config", r.path, "digest", settings.Digest)
	r.warn(settings)
	return nil
}

// change puts settings into force, whole or not at all: a new admin address is
// open before anything else changes, and the old one closes at last.
func (r *runner) change(settings *config.Config) error {
	next, err := r.openAdmin(settings)
	if err != nil {
		r.proxy.ReloadFailed(err)
		return err
	}
	unused := next
	if err = r.proxy.Reload(settings); err == nil {
		unused, r.admin = r.admin, next
		r.log.configure(settings.Log)
	}
	if unused != r.admin {
		unused.close()
	}
	return err
}
