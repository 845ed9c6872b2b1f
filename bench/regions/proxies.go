//go:build linux

package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"spillway/bench/internal/rig"
)

//go:embed templates
var templates embed.FS

// A contender is a proxy that can be measured.
type contender struct {
	name     string
	template string   // its configuration
	argv     []string // to run it; {config} is filled in
	version  []string // to ask it for its version
}

// A server is one backend as the proxies' configurations name it.
type server struct {
	Name, Address string
	Max           int // requests at once; 0: no limit is configured
}

// A site is what a configuration template is filled with.
type site struct {
	Dir, Address, Admin string
	AccessLog           string // a path; empty: none
	Home, Far           []server
	Hash                bool // by the query's key
	NoEjection          bool
	Budget              string // of retries
	Priorities          bool   // clients may say theirs
	Queue               int
}

// A proxy is a contender that runs.
type proxy struct {
	contender
	proc   *rig.Process
	config string
}

func (b *bench) resolve(names []string, spillway, nginx, haproxy string) ([]contender, error) {
	var chosen []contender
	for _, name := range names {
		c := contender{name: name}
		switch name {
		case "spillway":
			if spillway == "" {
				spillway = filepath.Join(b.sup.Dir, "spillway")
				if out, err := exec.CommandContext(b.ctx, "go", "build", "-o", spillway, "spillway/cmd/spillway").CombinedOutput(); err != nil {
					return nil, fmt.Errorf("building spillway: %w\n%s", err, out)
				}
			}
			c.template, c.argv, c.version = "spillway.yaml", []string{spillway, "run", "-c", "{config}"}, []string{spillway, "version"}
		case "nginx":
			c.template, c.version = "nginx.conf", []string{nginx, "-v"}
			c.argv = []string{nginx, "-p", b.sup.Dir, "-e", filepath.Join(b.sup.Dir, "nginx.error.log"), "-c", "{config}"}
		case "haproxy":
			// As a master, it reloads upon SIGUSR2.
			c.template, c.argv, c.version = "haproxy.cfg", []string{haproxy, "-W", "-db", "-f", "{config}"}, []string{haproxy, "-v"}
		default:
			return nil, fmt.Errorf("no proxy %q: spillway, nginx and haproxy are known", name)
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

// startProxy returns once the proxy serves and has had time to check its backends.
func (st *stage) startProxy(c contender) (*proxy, error) {
	p := &proxy{contender: c}
	if st.keep != "" {
		if err := os.MkdirAll(st.keep, 0o755); err != nil {
			return nil, err
		}
		st.site.AccessLog = filepath.Join(st.keep, fmt.Sprintf("%s.%d.log", c.name, monotonic()))
	}
	if err := st.writeConfig(p); err != nil {
		return nil, err
	}
	if err := st.launch(p); err != nil {
		return nil, err
	}
	return p, nil
}

func (st *stage) writeConfig(p *proxy) (err error) {
	t, err := template.ParseFS(templates, "templates/"+p.template)
	if err != nil {
		return err
	}
	p.config = filepath.Join(st.sup.Dir, p.template)
	file, err := os.Create(p.config)
	if err != nil {
		return err
	}
	return errors.Join(t.Execute(file, st.site), file.Close())
}

// launch starts the process, anew where it was killed.
func (st *stage) launch(p *proxy) (err error) {
	argv := make([]string, len(p.argv))
	for i, a := range p.argv {
		argv[i] = strings.ReplaceAll(a, "{config}", p.config)
	}
	if p.proc, err = st.sup.Start(p.name, rig.Prepare(st.ctx, st.proxyCPU, argv...)); err != nil {
		return err
	}
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get("http://" + st.site.Address + "/ready")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(response.Status)
		}
		select {
		case <-p.proc.Done:
			return p.proc.Failure("ended")
		default:
		}
		if time.Now().After(deadline) {
			p.proc.Stop()
			return p.proc.Failure("does not answer: " + err.Error())
		}
	}
}

// reload brings the site, as it is now, into force.
func (st *stage) reload() error {
	p := st.proxy
	if err := st.writeConfig(p); err != nil {
		return err
	}
	switch p.name {
	case "spillway":
		_, err := st.admin("/api/reload", nil)
		return err
	case "nginx":
		return syscall.Kill(p.proc.Group(), syscall.SIGHUP)
	}
	return syscall.Kill(p.proc.Group(), syscall.SIGUSR2)
}

// admin gives spillway an order; nil only asks.
func (st *stage) admin(path string, order any) ([]byte, error) {
	method, body := http.MethodGet, []byte(nil)
	if order != nil || path == "/api/reload" {
		method = http.MethodPost
		if order != nil {
			body, _ = json.Marshal(order)
		}
	}
	request, err := http.NewRequestWithContext(st.ctx, method, "http://"+st.site.Admin+path, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, response.Status, said)
	}
	return said, err
}
