package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"spillway/internal/config"
	"spillway/proxy"
)

func main() {
	c, err := config.Load(os.Args[len(os.Args)-1], os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := proxy.New(c, proxy.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGTERM, os.Interrupt)
	<-ch
	s.Stop()
}
