//go:build linux

package rig

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

// A Supervisor owns the temporary directory and every process of a run.
// Each process leads a group of its own, and a guard process that outlives
// the bench kills the groups and removes the directory, so that nothing
// survives even a bench that was killed.
type Supervisor struct {
	Dir   string
	Self  string // this executable, for the roles that it plays itself
	guard *exec.Cmd
	tell  io.WriteCloser
}

// NewSupervisor makes the directory and starts the guard: this executable with
// the arguments "guard" and the directory, which has to call Guard.
func NewSupervisor() (*Supervisor, error) {
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
	return &Supervisor{Dir: dir, Self: self, guard: guard, tell: tell}, nil
}

// Close kills what still runs and removes the directory.
func (s *Supervisor) Close() error {
	return errors.Join(s.tell.Close(), s.guard.Wait())
}

// Guard is the guard process: it reads "+pgid" and "-pgid" lines and at
// the end of its input kills the groups that are left.
func Guard(dir string) error {
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

// A Process is a running command. Its output is kept for error messages.
type Process struct {
	Name string
	Done chan struct{} // closed when it has ended
	cmd  *exec.Cmd
	said *tail
	by   *Supervisor
}

// Prepare builds a command that is pinned to cpus (a taskset list).
func Prepare(ctx context.Context, cpus string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", cpus}, argv...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// Start runs a prepared command until Stop or the end of the bench.
func (s *Supervisor) Start(name string, cmd *exec.Cmd) (*Process, error) {
	p := &Process{Name: name, cmd: cmd, said: &tail{}, Done: make(chan struct{}), by: s}
	cmd.Dir = s.Dir
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
		close(p.Done)
	}()
	return p, nil
}

// Group is the process group that it leads.
func (p *Process) Group() int { return p.cmd.Process.Pid }

// Kill ends the process and its children without a chance to clean up.
func (p *Process) Kill() {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.Done
	fmt.Fprintf(p.by.tell, "-%d\n", p.cmd.Process.Pid)
}

// Stop ends the process and its children and waits for it. It may take a
// moment to reap its children; then all are killed.
func (p *Process) Stop() {
	syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.Done:
	case <-time.After(500 * time.Millisecond):
	}
	p.Kill()
}

// Failure describes a process that ended or never came up.
func (p *Process) Failure(reason string) error {
	return fmt.Errorf("%s: %s; it said: %s", p.Name, reason, p.said)
}

// Output runs a command to its end and returns what it printed.
func (s *Supervisor) Output(ctx context.Context, cpus string, argv ...string) ([]byte, error) {
	cmd := Prepare(ctx, cpus, argv...)
	var out bytes.Buffer
	cmd.Stdout = &out
	p, err := s.Start(filepath.Base(argv[0]), cmd)
	if err != nil {
		return nil, err
	}
	<-p.Done
	fmt.Fprintf(s.tell, "-%d\n", cmd.Process.Pid)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, ctx.Err())
	}
	if !cmd.ProcessState.Success() {
		return nil, p.Failure(cmd.ProcessState.String() + "; printed " + out.String())
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

// WithParent returns a context that ends when `go run`, which does not pass
// a termination on, is gone.
func WithParent(ctx context.Context) (context.Context, context.CancelFunc) {
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
