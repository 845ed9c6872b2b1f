package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long what must come may take; it is never what a test asserts.
const patience = 30 * time.Second

// A process is spillway, run by the test binary.
type process struct {
	*exec.Cmd
	t      *testing.T
	output output
	exited chan struct{}
}

// start runs spillway until the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), t: t, exited: make(chan struct{})}
	p.Env = append(os.Environ(), asCommand+"=1")
	p.Stdout, p.Stderr = &p.output, &p.output
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("spillway %s printed:\n%s", strings.Join(args, " "), p.output.String())
		}
	})
	return p
}

// exitStatus waits for the end of the process.
func (p *process) exitStatus() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatal("spillway never ends")
	}
	return p.ProcessState.ExitCode()
}

// prints waits until the process has printed a text.
func (p *process) prints(text string) {
	p.t.Helper()
	eventually(p.t, "it prints "+text, func() bool { return strings.Contains(p.output.String(), text) })
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// output is written by a process and read by a test.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// freeAddress is one of the loopback that nobody listens on. It is below the range
// from which the kernel takes ports for others, so it stays free.
func freeAddress(t *testing.T) string {
	t.Helper()
	freePort.Lock()
	defer freePort.Unlock()
	syscall.ForkLock.RLock() // a process that starts just now would hold the port for a moment
	defer syscall.ForkLock.RUnlock()
	if freePort.next == 0 {
		freePort.next = 20000 + os.Getpid()%5000
	}
	for range 1000 {
		freePort.next++
		address := fmt.Sprintf("127.0.0.1:%d", freePort.next)
		if ln, err := net.Listen("tcp", address); err == nil {
			ln.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

var freePort struct {
	sync.Mutex
	next int
}

// ask is the answer to a GET, or empty where there was none.
func ask(address string) string {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address + "/")
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// call runs a command in this process; admin commands find the instance there.
func call(admin string, args ...string) (status int, printed string) {
	var all bytes.Buffer
	env := func(name string) (string, bool) { return admin, name == adminEnv }
	status = execute(&console{out: &all, err: &all, env: env}, args)
	return status, all.String()
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// settingsThatSay is a configuration whose every answer is a word.
func settingsThatSay(word, listen, admin string) string {
	text := fmt.Sprintf("listeners: [{name: web, address: %q}]\nroutes: [{match: {path: /}, respond: {status: 200, body: %s}}]\n", listen, word)
	if admin != "" {
		text += fmt.Sprintf("admin: {address: %q}\n", admin)
	}
	return text
}

// An instance runs with a file of its own.
type instance struct {
	*process
	file, listen, admin string
}

// runInstance starts `spillway run` and waits until it says "first".
func runInstance(t *testing.T, flags ...string) *instance {
	t.Helper()
	i := &instance{file: filepath.Join(t.TempDir(), "config.yaml"), listen: freeAddress(t), admin: freeAddress(t)}
	writeFile(t, i.file, settingsThatSay("first", i.listen, i.admin))
	i.process = start(t, append([]string{"run", "-c", i.file}, flags...)...)
	i.says("first")
	i.prints("listening admin=")
	return i
}

func (i *instance) says(word string) {
	i.t.Helper()
	eventually(i.t, "it answers "+word, func() bool { return ask(i.listen) == word })
}
