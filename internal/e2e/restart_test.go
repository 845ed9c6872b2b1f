package e2e

import (
	"net/http"
	"os/exec"
)

// Restart kills the process, as kill -9 does, and runs another with the same
// configuration and addresses.
func (p *Proxy) Restart() {
	p.t.Helper()
	p.cmd.Process.Kill()
	<-p.exited
	before := p.cmd
	p.cmd = exec.Command(before.Path, before.Args[1:]...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env, p.cmd.WaitDelay = before.Stdout, before.Stderr, before.Env, before.WaitDelay
	dieWithParent(p.cmd)
	exited := make(chan struct{})
	p.exited = exited
	if err := p.cmd.Start(); err != nil {
		close(exited)
		p.t.Fatal(err)
	}
	cmd := p.cmd
	go func() {
		cmd.Wait()
		close(exited)
	}()
	eventually(p.t, "spillway takes traffic again", func() bool {
		if p.HasExited() {
			p.t.Fatal("spillway exited while starting")
		}
		return p.Ready() == http.StatusOK && p.listening() && !p.anyBackend("warming")
	})
}
