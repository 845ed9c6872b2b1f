//go:build linux

package rig

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// Machine says on what is measured: the processors and the kernel.
func Machine() string {
	return cpuModel() + ", Linux " + setting("kernel/osrelease") + ", TCP by " + setting("net/ipv4/tcp_congestion_control")
}

func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(info)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				return fmt.Sprintf("%s, %d processors", strings.TrimSpace(strings.TrimLeft(name, " \t:")), runtime.NumCPU())
			}
		}
	}
	return fmt.Sprintf("%s, %d processors", runtime.GOARCH, runtime.NumCPU())
}

// setting reads one of the kernel's (sysctl(8)).
func setting(name string) string {
	value, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(value))
}

// Ports hands out addresses to listen on.
type Ports struct{ last int }

// FirstPort begins below the ports that the kernel gives to outgoing connections.
func FirstPort(port int) *Ports { return &Ports{last: port} }

// FreeAddress returns a loopback address that nobody listens on.
func (p *Ports) FreeAddress() string {
	for {
		p.last++
		address := fmt.Sprintf("127.0.0.1:%d", p.last)
		listener, err := net.Listen("tcp", address)
		if err == nil {
			listener.Close()
			return address
		}
	}
}

var versionNumber = regexp.MustCompile(`\d+\.\d+[\w.+~-]*`)

// Version asks a proxy for its version; without arguments to ask by, it is the name alone.
func Version(ctx context.Context, name string, argv []string) string {
	if len(argv) == 0 {
		return name
	}
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return name + " of unknown version"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	if words := strings.Fields(line); len(words) > 1 && words[0] == "spillway" {
		return words[0] + " " + words[1] // "spillway dev go1.26 linux/amd64"
	}
	return name + " " + versionNumber.FindString(line) // "nginx version: nginx/1.22.1"
}

// RaiseFileLimit does so here and not by the runtime, so that the children have it too.
func RaiseFileLimit() error {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	files.Cur = files.Max
	return os.NewSyscallError("setrlimit", syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files))
}
