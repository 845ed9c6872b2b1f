//go:build linux

package main

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"time"
)

//go:embed templates
var templates embed.FS

// A contender is a proxy that can be measured.
type contender struct {
	name     string
	template string   // its configuration
	argv     []string // to run it; {config}, {address} and {backends} are filled in
	version  []string // to ask it for its version
	// logsToStdout says that its access log comes out there and not in a file.
	logsToStdout bool
}

// A site is what a configuration template is filled with.
type site struct {
	Dir       string
	Address   string
	Admin     string
	Backends  []string
	AccessLog string // a path; empty: no log
}

// A proxy is a contender that runs.
type proxy struct {
	contender
	site
	proc *process
}

// startProxy renders the configuration, starts the proxy on its processor and
// waits until it answers.
func (b *bench) startProxy(ctx context.Context, c contender, logs bool) (*proxy, error) {
	at := site{Dir: b.sup.dir, Address: b.freeAddress(), Admin: b.freeAddress(), Backends: b.backends}
	if logs {
		at.AccessLog = filepath.Join(b.sup.dir, c.name+".access.log")
	}
	config, err := b.render(c.template, at)
	if err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{config}", config, "{address}", at.Address, "{backends}", strings.Join(at.Backends, ","))
	argv := make([]string, len(c.argv))
	for i, a := range c.argv {
		argv[i] = fill.Replace(a)
	}
	cmd := prepare(ctx, b.proxyCPU, argv...)
	if logs && c.logsToStdout {
		file, err := os.OpenFile(at.AccessLog, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		cmd.Stdout = file
	}
	p := &proxy{contender: c, site: at}
	if p.proc, err = b.sup.start(c.name, cmd); err != nil {
		return nil, err
	}
	if err = p.await(ctx); err == nil {
		err = p.checkFields(ctx)
	}
	if err != nil {
		p.proc.stop()
		return nil, err
	}
	return p, nil
}

// forwarded are the header fields that every contender sets for the backend,
// so that all do the same work.
var forwarded = []string{
	"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "X-Request-Id", "Via",
}

// checkFields holds that the backend gets the fields: its /echo answers with
// the head that it was sent.
func (p *proxy) checkFields(ctx context.Context) error {
	head, err := get(ctx, "http://"+p.Address+"/echo")
	if err != nil {
		return err
	}
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n\r\n")))
	if err != nil {
		return fmt.Errorf("%s: the head that it forwards: %w", p.name, err)
	}
	for _, name := range forwarded {
		if request.Header.Get(name) == "" {
			return fmt.Errorf("%s: forwards no %s in %q", p.name, name, head)
		}
	}
	return nil
}

// await returns once the proxy has answered a number of requests in a row.
func (p *proxy) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var last error
	for good := 0; good < 20; {
		if _, last = get(ctx, "http://"+p.Address+"/125"); last == nil {
			good++
			continue
		}
		good = 0
		select {
		case <-ctx.Done():
			return p.proc.failure("does not answer: " + last.Error())
		case <-p.proc.done:
			return p.proc.failure("ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// get returns the body of a 200 answer.
func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// render fills a template into a file of the run's directory.
func (b *bench) render(name string, data any) (path string, err error) {
	t, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.sup.dir, name)
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	return path, errors.Join(t.Execute(file, data), file.Close())
}

// freeAddress returns a loopback address that nobody listens on, below the
// ports that the kernel gives to outgoing connections.
func (b *bench) freeAddress() string {
	for {
		b.nextPort++
		address := fmt.Sprintf("127.0.0.1:%d", b.nextPort)
		listener, err := net.Listen("tcp", address)
		if err == nil {
			listener.Close()
			return address
		}
	}
}

var versionNumber = regexp.MustCompile(`\d+\.\d+[\w.+~-]*`)

// versionOf asks a contender for its version.
func versionOf(ctx context.Context, c contender) string {
	if len(c.version) == 0 {
		return c.name
	}
	out, err := exec.CommandContext(ctx, c.version[0], c.version[1:]...).CombinedOutput()
	if err != nil {
		return c.name + " of unknown version"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	if words := strings.Fields(line); len(words) > 1 && words[0] == "spillway" {
		return words[0] + " " + words[1] // "spillway dev go1.26 linux/amd64"
	}
	return c.name + " " + versionNumber.FindString(line) // "nginx version: nginx/1.22.1"
}
