//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A supervisor owns the temporary directory and every process of a run.
// Each process leads a group of its own, and a guard process that outlives
// the bench kills the groups and removes the directory, so that nothing
// survives even a bench that was killed.
type supervisor struct {
	dir   string
	self  string // this executable, for the roles that it plays itself
	guard *exec.Cmd
	tell  io.WriteCloser
}

// newSupervisor makes the directory and starts the guard.
func newSupervisor() (*supervisor, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "spillway-bench-")
	if err != nil {
		return nil, err
	}
	// nginx workers may run as another user.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	guard := exec.Command(self, "guard", dir)
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	guard.Stderr = os.Stderr
	tell, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &supervisor{dir: dir, self: self, guard: guard, tell: tell}, nil
}

// close kills what still runs and removes the directory.
func (s *supervisor) close() error {
	return errors.Join(s.tell.Close(), s.guard.Wait())
}

// guardMain is the guard process: it reads "+pgid" and "-pgid" lines and at
// the end of its input kills the groups that are left.
func guardMain(dir string) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	running := map[int]bool{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		line := lines.Text()
		group, err := strconv.Atoi(line[1:])
		if err != nil {
			return err
		}
		running[group] = line[0] == '+'
	}
	for group, left := range running {
		if left {
			syscall.Kill(-group, syscall.SIGKILL)
		}
	}
	// Only the bench's own directories: the argument comes from a command line.
	if !strings.HasPrefix(filepath.Base(dir), "spillway-bench-") {
		return fmt.Errorf("guard: %s is no directory of the bench", dir)
	}
	return os.RemoveAll(dir)
}

// A process is a running command. Its output is kept for error messages.
type process struct {
	name string
	cmd  *exec.Cmd
	said *tail
	done chan struct{} // closed when it has ended
	by   *supervisor
}

// prepare builds a command that is pinned to cpus (a taskset list).
func prepare(ctx context.Context, cpus string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", cpus}, argv...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// start runs a prepared command until stop or the end of the bench.
func (s *supervisor) start(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, said: &tail{}, done: make(chan struct{}), by: s}
	cmd.Dir = s.dir
	cmd.Stderr = p.said
	if cmd.Stdout == nil {
		cmd.Stdout = p.said
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(s.tell, "+%d\n", cmd.Process.Pid)
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop ends the process and its children and waits for it. It may take a
// moment to reap its children; then all are killed.
func (p *process) stop() {
	syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(500 * time.Millisecond):
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	fmt.Fprintf(p.by.tell, "-%d\n", p.cmd.Process.Pid)
}

// failure describes a process that ended or never came up.
func (p *process) failure(reason string) error {
	return fmt.Errorf("%s: %s; it said: %s", p.name, reason, p.said)
}

// output runs a command to its end and returns what it printed.
func (s *supervisor) output(ctx context.Context, cpus string, argv ...string) ([]byte, error) {
	cmd := prepare(ctx, cpus, argv...)
	var out bytes.Buffer
	cmd.Stdout = &out
	p, err := s.start(filepath.Base(argv[0]), cmd)
	if err != nil {
		return nil, err
	}
	<-p.done
	fmt.Fprintf(s.tell, "-%d\n", cmd.Process.Pid)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", p.name, ctx.Err())
	}
	if !cmd.ProcessState.Success() {
		return nil, p.failure(cmd.ProcessState.String() + "; printed " + out.String())
	}
	return out.Bytes(), nil
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailSize = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	if over := len(t.last) - tailSize; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.last))
}

// withParent returns a context that ends when `go run`, which does not pass
// a termination on, is gone.
func withParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err != nil || strings.TrimSpace(string(name)) != "go" {
		return ctx, cancel
	}
	go func() {
		for ctx.Err() == nil {
			if os.Getppid() != parent {
				cancel()
			}
			time.Sleep(500 * time.Millisecond)
		}
	}()
	return ctx, cancel
}
