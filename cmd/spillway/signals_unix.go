//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

func handledSignals() []os.Signal {
	return []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT}
}

// ignorePipeSignal keeps the process alive when whoever reads its output goes away.
func ignorePipeSignal() { signal.Ignore(syscall.SIGPIPE) }

func kindOf(s os.Signal) signalKind {
	switch s {
	case syscall.SIGHUP:
		return signalReload
	case syscall.SIGUSR1:
		return signalReopen
	}
	return signalEnd
}
