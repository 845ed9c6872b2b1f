//go:build linux

// Command bench compares spillway with nginx and HAProxy on one machine: the
// CPU time that each needs for a request, its rate, its latency and its
// memory. Proxies take turns round by round, and what is reported is the
// median of the ratios within the rounds, because a machine's speed drifts.
//
//	go run ./bench                  everything, in less than 15 minutes
//	go run ./bench -quick -rows 125 one row, in half a minute
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
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A bench is one run of the command.
type bench struct {
	sup      *supervisor
	proxyCPU string
	loadCPUs string
	rounds   int
	duration time.Duration
	backends []string
	nextPort int

	contenders []contender
}

func main() {
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// role runs the part of the bench that the arguments name.
func role(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "backend":
			return backendMain(args[1:])
		case "idle":
			return idleMain(args[1])
		case "guard":
			return guardMain(args[1])
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
		install  = flags.Bool("install", false, "apt-get install what is missing")
		command  = flags.String("spillway-cmd", "", "command line instead of this checkout's; {config}, {address} and {backends} are filled in")
		nginx    = flags.String("nginx", "nginx", "nginx binary")
		haproxy  = flags.String("haproxy", "haproxy", "HAProxy binary")
	)
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
	if err := requireTools(*install, names, *nginx, *haproxy); err != nil {
		return err
	}

	// Raised here and not by the runtime, so that the children have it too.
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	files.Cur = files.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := withParent(ctx)
	defer cancel()

	b := &bench{proxyCPU: *proxyCPU, loadCPUs: *loadCPUs, rounds: *rounds, duration: *duration, nextPort: 21000}
	if b.sup, err = newSupervisor(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.sup.close()) }()
	if b.contenders, err = b.resolve(ctx, names, *command, *nginx, *haproxy); err != nil {
		return err
	}
	return b.run(ctx, rows)
}

// resolve finds what the names stand for; it builds spillway from the checkout unless
// a command line is given.
func (b *bench) resolve(ctx context.Context, names []string, command, nginx, haproxy string) ([]contender, error) {
	var chosen []contender
	for _, name := range names {
		c := contender{name: name}
		switch name {
		case "nginx":
			c.template = "nginx.conf"
			c.argv = []string{nginx, "-p", b.sup.dir, "-e", filepath.Join(b.sup.dir, "nginx.error.log"), "-c", "{config}"}
			c.version = []string{nginx, "-v"}
		case "haproxy":
			c.template = "haproxy.cfg"
			c.argv = []string{haproxy, "-db", "-f", "{config}"}
			c.version = []string{haproxy, "-v"}
			c.logsToStdout = true
		case "spillway":
			c.template = "spillway.yaml"
			c.argv = strings.Fields(command)
			if command == "" {
				binary := filepath.Join(b.sup.dir, "spillway")
				if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "spillway/cmd/spillway").CombinedOutput(); err != nil {
					return nil, fmt.Errorf("building spillway: %w\n%s", err, out)
				}
				c.argv = []string{binary, "run", "-c", "{config}"}
				c.version = []string{binary, "version"}
			}
		default:
			return nil, fmt.Errorf("no proxy %q: spillway, nginx and haproxy are known", name)
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

// requireTools checks for every program of the run and installs what Debian
// has when asked to.
func requireTools(install bool, names []string, nginx, haproxy string) error {
	needs := [][2]string{{"wrk", "wrk"}, {"taskset", "util-linux"}}
	if slices.Contains(names, "nginx") {
		needs = append(needs, [2]string{nginx, "nginx"})
	}
	if slices.Contains(names, "haproxy") {
		needs = append(needs, [2]string{haproxy, "haproxy"})
	}
	var missing []string
	for _, need := range needs {
		if _, err := exec.LookPath(need[0]); err != nil {
			missing = append(missing, need[1])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if !install {
		return fmt.Errorf("missing: %s; -install runs apt-get for them", strings.Join(missing, " "))
	}
	apt := exec.Command("apt-get", append([]string{"install", "-y", "--no-install-recommends"}, missing...)...)
	apt.Stdout, apt.Stderr = os.Stderr, os.Stderr
	return apt.Run()
}
