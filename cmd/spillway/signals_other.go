//go:build !unix

package main

import (
	"os"
	"syscall"
)

func handledSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func ignorePipeSignal() {}

func kindOf(os.Signal) signalKind { return signalEnd }
