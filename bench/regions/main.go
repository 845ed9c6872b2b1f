//go:build linux

// Command regions measures, over sockets of the loopback, what spillway, nginx
// and HAProxy do when backends and regions fail, fill up and are drained.
//
//	go run ./bench/regions                     everything, in about ten minutes
//	go run ./bench/regions -quick -rows surge -proxies spillway
//
// The load is open-loop: latencies count from the moment at which a request was
// due. The table is Markdown. All processes listen on loopback only and end
// with the command.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"spillway/bench/internal/rig"
)

func main() {
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "regions:", err)
		os.Exit(1)
	}
}

// role runs the part of the measurement that the arguments name.
func role(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "backends":
			return backendsMain(os.Stdin, os.Stdout)
		case "load":
			return loadMain(os.Stdin, os.Stdout)
		case "guard":
			return rig.Guard(args[1])
		}
	}
	return measure(args)
}

func measure(args []string) (err error) {
	flags := flag.NewFlagSet("regions", flag.ExitOnError)
	var (
		rowNames = flags.String("rows", "all", "situations, comma separated: "+strings.Join(situationNames(), ", "))
		proxies  = flags.String("proxies", "spillway,nginx,haproxy", "proxies to measure")
		quick    = flags.Bool("quick", false, "shorter situations")
		even     = flags.Bool("even", false, "even gaps between requests instead of exponential ones")
		seed     = flags.Uint64("seed", 1, "of the arrivals and of the keys")
		tries    = flags.Int("tries", 3, "a situation in which the load itself was late is played again, so often in all")
		proxyCPU = flags.String("proxy-cpu", "0", "processors of the proxy (a taskset list)")
		loadCPUs = flags.String("load-cpus", "1", "processors of the load and of the backends (a taskset list)")
		keep     = flags.String("keep", "", "directory for the configurations and access logs, to look into afterwards")
		spillway = flags.String("spillway", "", "spillway binary; empty: this checkout's")
		nginx    = flags.String("nginx", "nginx", "nginx binary")
		haproxy  = flags.String("haproxy", "haproxy", "HAProxy binary")
	)
	flags.Parse(args)
	chosen, err := chooseSituations(*rowNames)
	if err != nil {
		return err
	}
	if err := rig.RaiseFileLimit(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := rig.WithParent(ctx)
	defer cancel()

	b := &bench{
		ctx: ctx, proxyCPU: *proxyCPU, loadCPUs: *loadCPUs, ports: rig.FirstPort(24000),
		quick: *quick, even: *even, seed: *seed, tries: max(1, *tries), keep: *keep,
	}
	if b.sup, err = rig.NewSupervisor(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.sup.Close()) }()
	if b.contenders, err = b.resolve(strings.Split(*proxies, ","), *spillway, *nginx, *haproxy); err != nil {
		return err
	}
	return b.run(chosen)
}
