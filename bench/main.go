//go:build linux

// Command bench compares spillway with nginx and HAProxy on one machine: the
// CPU time that each needs for a request, its rate, its latency and its
// memory. Proxies take turns round by round, and what is reported is the
// median of the ratios within the rounds, because a machine's speed drifts.
//
//	go run ./bench                  everything, in less than 25 minutes
//	go run ./bench -quick -rows 125 one row, in half a minute
//
// A load that has not ended 20 seconds after its time is killed, and its row
// has failed, so that a run ends in any case.
//
// The table is Markdown. All processes listen on loopback only and end with
// the command.
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
	"time"

	"spillway/bench/internal/rig"
)

// A bench is one run of the command.
type bench struct {
	sup      *rig.Supervisor
	proxyCPU string
	loadCPUs string
	rounds   int
	duration time.Duration
	backends []string
	ports    *rig.Ports

	certificate, key string // paths

	contenders []contender
}

func main() {
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const usageText = `Compares spillway with nginx and HAProxy on this machine and prints a Markdown table.
All rows with the defaults take less than 25 minutes. A load that has not ended %s
after its time is killed and its row reported as failed, so that a run ends in any case.

`

// role runs the part of the bench that the arguments name.
func role(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "backend":
			return backendMain(args[1:])
		case "idle":
			return idleMain(args[1], args[2])
		case "handshake":
			return obey[handshakeOrder](args[1])
		case "probe":
			return obey[probeOrder](args[1])
		case "guard":
			return rig.Guard(args[1])
		}
	}
	return compare(args)
}

func compare(args []string) (err error) {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	var (
		rowNames = flags.String("rows", "all", "rows to measure, comma separated: "+strings.Join(rowNames(), ", "))
		proxies  = flags.String("proxies", "spillway,nginx,haproxy", "proxies to measure; the first is compared with the others")
		rounds   = flags.Int("rounds", 10, "rounds for each row; in each, every proxy is measured once")
		quick    = flags.Bool("quick", false, "three rounds")
		duration = flags.Duration("duration", 2*time.Second, "length of one measurement, whole seconds")
		proxyCPU = flags.String("proxy-cpu", "0", "processor of the proxy (a taskset list)")
		loadCPUs = flags.String("load-cpus", "1", "processors of the load and the backends (a taskset list)")
		install  = flags.Bool("install", false, "apt-get update, and apt-get install what is missing")
		command  = flags.String("spillway-cmd", "", "command line instead of this checkout's; {config}, {address} and {backends} are filled in")
		nginx    = flags.String("nginx", "nginx", "nginx binary")
		haproxy  = flags.String("haproxy", "haproxy", "HAProxy binary")
	)
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), usageText, overtime)
		flags.PrintDefaults()
	}
	flags.Parse(args)
	if *quick {
		*rounds = 3
	}
	if *duration < time.Second || *rounds < 1 {
		return errors.New("-duration is at least 1s and -rounds at least 1")
	}
	rows, err := chooseRows(*rowNames)
	if err != nil {
		return err
	}
	names := strings.Split(*proxies, ",")
	if err := rig.RaiseFileLimit(); err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := rig.WithParent(ctx)
	defer cancel()

	if err := requireTools(ctx, *install, rows, names, *nginx, *haproxy); err != nil {
		return err
	}
	b := &bench{proxyCPU: *proxyCPU, loadCPUs: *loadCPUs, rounds: *rounds, duration: *duration, ports: rig.FirstPort(21000)}
	if b.sup, err = rig.NewSupervisor(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.sup.Close()) }()
	if b.certificate, b.key, err = makeCertificate(b.sup.Dir); err != nil {
		return err
	}
	// What OpenSSL does alike in proxies and loads, which is left to the children too.
	choices, err := b.render("openssl.cnf", nil)
	if err != nil {
		return err
	}
	if err := os.Setenv("OPENSSL_CONF", choices); err != nil {
		return err
	}
	if b.contenders, err = b.resolve(ctx, names, *command, *nginx, *haproxy); err != nil {
		return err
	}
	return b.run(ctx, rows)
}
