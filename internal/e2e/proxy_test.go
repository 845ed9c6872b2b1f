package e2e

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// Vars are the values of a configuration template, by name.
type Vars map[string]any

// Proxy is one running spillway. Its configuration is a template with
// {{listen "name"}} for an address of its own, {{path "name"}} for a file in its
// directory and {{.name}} for a value of Vars; unless the template has an admin
// section of its own it gets one.
type Proxy struct {
	Dir string

	t         testing.TB
	cmd       *exec.Cmd
	admin     string
	mu        sync.Mutex
	addresses map[string]string
	stderr    lockedBuffer
	stdout    lockedBuffer
	exited    chan struct{}
	leaves    bool // the test ends the process itself
}

// running bounds how many proxies live at once, whatever -parallel says.
var running = make(chan struct{}, 4)

// Start runs spillway with that configuration until the test ends, and returns
// when it takes traffic. A crash, a data race or an early exit fails the test.
func Start(t testing.TB, config string, vars Vars) *Proxy {
	t.Helper()
	return StartWith(t, config, vars, func(*exec.Cmd) {})
}

// StartWith is Start of a command that is made ready by prepare, which may give
// it other outputs or another environment.
func StartWith(t testing.TB, config string, vars Vars, prepare func(*exec.Cmd)) *Proxy {
	t.Helper()
	running <- struct{}{}
	p := &Proxy{Dir: t.TempDir(), t: t, admin: freeAddress(t), addresses: map[string]string{}, exited: make(chan struct{})}
	p.WriteConfig(config, vars)
	p.cmd = exec.Command(binary, "run", "-c", p.ConfigPath())
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = patience
	p.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=0 exitcode=66", "GOTRACEBACK=all")
	dieWithParent(p.cmd)
	prepare(p.cmd)
	t.Cleanup(p.end)
	if err := p.cmd.Start(); err != nil {
		close(p.exited)
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	eventually(t, "spillway takes traffic", func() bool {
		if p.HasExited() {
			t.Fatal("spillway exited while starting")
		}
		return p.Ready() == http.StatusOK && p.listening()
	})
	if strings.Contains(config, "health_check:") {
		eventually(t, "every backend has been checked", func() bool { return !p.anyBackend("warming") })
	}
	return p
}

// end kills the process and reports what it should not have done.
func (p *Proxy) end() {
	defer func() { <-running }()
	if p.HasExited() && !p.leaves {
		p.t.Errorf("spillway is gone: %v", p.cmd.ProcessState)
	}
	if p.cmd.Process != nil {
		p.cmd.Process.Kill()
		<-p.exited
	}
	log := p.stderr.String()
	for _, bad := range []string{"WARNING: DATA RACE", "panic:", "fatal error:"} {
		if strings.Contains(log, bad) {
			p.t.Errorf("spillway wrote %q", bad)
		}
	}
	if p.t.Failed() {
		if len(log) > 8<<10 {
			log = log[:4<<10] + "\n...\n" + log[len(log)-4<<10:]
		}
		p.t.Logf("standard error of spillway:\n%s", log)
	}
}

func (p *Proxy) listening() bool {
	for _, address := range p.addresses {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		conn.Close()
	}
	return true
}

// WriteConfig renders the template to the configuration file. A listener keeps
// its address over all the templates of one proxy.
func (p *Proxy) WriteConfig(config string, vars Vars) {
	p.t.Helper()
	functions := template.FuncMap{
		"listen": p.listen,
		"path":   func(name string) string { return filepath.Join(p.Dir, name) },
	}
	rendered := new(bytes.Buffer)
	if err := template.Must(template.New("").Funcs(functions).Parse(config)).Execute(rendered, vars); err != nil {
		p.t.Fatal(err)
	}
	if !strings.Contains(config, "admin:") {
		rendered.WriteString("\nadmin: {address: " + p.admin + "}\n")
	}
	if err := os.WriteFile(p.ConfigPath(), rendered.Bytes(), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// ConfigPath is the configuration file.
func (p *Proxy) ConfigPath() string { return filepath.Join(p.Dir, "config.yaml") }

func (p *Proxy) listen(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.addresses[name] == "" {
		p.addresses[name] = freeAddress(p.t)
	}
	return p.addresses[name]
}

// Addr is the address of the listener that the configuration calls name.
func (p *Proxy) Addr(name string) string { return p.listen(name) }

// Signal sends a signal.
func (p *Proxy) Signal(signal syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
}

// Terminate sends SIGTERM; from here on the process may end.
func (p *Proxy) Terminate() {
	p.t.Helper()
	p.leaves = true
	p.Signal(syscall.SIGTERM)
}

// HasExited reports whether the process has ended.
func (p *Proxy) HasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// ExitCode waits for the end of the process.
func (p *Proxy) ExitCode() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(2 * patience):
		p.t.Fatal("spillway never exits")
	}
	return p.cmd.ProcessState.ExitCode()
}

// lockedBuffer is written by the process and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
