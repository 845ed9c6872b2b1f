//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// resolve finds what the names stand for; it builds spillway from the checkout unless
// a command line is given.
func (b *bench) resolve(ctx context.Context, names []string, command, nginx, haproxy string) ([]contender, error) {
	var chosen []contender
	for _, name := range names {
		c := contender{name: name}
		switch name {
		case "nginx":
			c.template = "nginx.conf"
			c.argv = []string{nginx, "-p", b.sup.Dir, "-e", filepath.Join(b.sup.Dir, "nginx.error.log"), "-c", "{config}"}
			c.version = []string{nginx, "-v"}
			c.streamModule = streamModule(ctx, nginx)
		case "haproxy":
			c.template = "haproxy.cfg"
			c.argv = []string{haproxy, "-db", "-f", "{config}"}
			c.version = []string{haproxy, "-v"}
			c.logsToStdout = true
		case "spillway":
			c.template = "spillway.yaml"
			c.argv = strings.Fields(command)
			if command == "" {
				binary := filepath.Join(b.sup.Dir, "spillway")
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

var (
	modulesPath   = regexp.MustCompile(`--modules-path=(\S+)`)
	dynamicStream = regexp.MustCompile(`--with-stream=dynamic(\s|$)`)
)

// streamModule returns the path where an nginx looks for its stream module.
// It is empty if the module is built in, or is none that this nginx knows of.
func streamModule(ctx context.Context, nginx string) string {
	said, err := exec.CommandContext(ctx, nginx, "-V").CombinedOutput()
	if err != nil {
		return ""
	}
	return parseStreamModule(string(said))
}

// parseStreamModule reads the answer of nginx -V.
func parseStreamModule(said string) string {
	path := modulesPath.FindStringSubmatch(said)
	if path == nil || !dynamicStream.MatchString(said) {
		return ""
	}
	return filepath.Join(path[1], "ngx_stream_module.so")
}

// missing lists the Debian packages of what the rows and the proxies need and
// this machine lacks.
func missing(ctx context.Context, rows []row, names []string, nginx, haproxy string) (packages []string) {
	lacks := func(program, from string) bool {
		_, err := exec.LookPath(program)
		if err != nil {
			packages = append(packages, from)
		}
		return err != nil
	}
	over := func(l listener) bool { return slices.ContainsFunc(rows, func(r row) bool { return r.listener == l }) }
	lacks("wrk", "wrk")
	lacks("taskset", "util-linux")
	if over(http2Listener) {
		lacks("h2load", "nghttp2-client")
	}
	if slices.Contains(names, "haproxy") {
		lacks(haproxy, "haproxy")
	}
	if slices.Contains(names, "nginx") {
		module := lacks(nginx, "nginx") // then nothing can be asked yet: Debian's has the module apart
		if path := streamModule(ctx, nginx); path != "" {
			_, err := os.Stat(path)
			module = err != nil
		}
		if module && over(tcpListener) {
			packages = append(packages, "libnginx-mod-stream")
		}
	}
	return packages
}

// requireTools checks for every program of the run and installs what Debian
// has when asked to.
func requireTools(ctx context.Context, install bool, rows []row, names []string, nginx, haproxy string) error {
	lacking := func() []string { return missing(ctx, rows, names, nginx, haproxy) }
	packages := lacking()
	if len(packages) == 0 {
		return nil
	}
	if !install {
		return fmt.Errorf("missing: %s; -install runs apt-get for them", strings.Join(packages, " "))
	}
	for _, arguments := range [][]string{
		{"update", "-q"}, // or a list that is out of date names versions that are gone
		append([]string{"install", "-q", "-y", "--no-install-recommends"}, packages...),
	} {
		apt := exec.CommandContext(ctx, "apt-get", arguments...)
		apt.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		apt.Stdout, apt.Stderr = os.Stderr, os.Stderr
		if err := apt.Run(); err != nil {
			return fmt.Errorf("apt-get %s: %w", arguments[0], err)
		}
	}
	if still := lacking(); len(still) > 0 {
		return errors.New("installed, and still missing: " + strings.Join(still, " "))
	}
	return nil
}
