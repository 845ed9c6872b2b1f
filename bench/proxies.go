//go:build linux

package main

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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
	argv     []string // to run it; {config}, {address} and {backends} are filled in
	version  []string // to ask it for its version
	// logsToStdout says that its access log comes out there and not in a file.
	logsToStdout bool
	streamModule string // nginx: to be loaded for TCP; empty: it is built in
}

// A listener is what a proxy speaks to the clients of a row.
type listener int

const (
	httpListener  listener = iota
	tlsListener            // HTTP/1.1
	http2Listener          // over TLS
	tcpListener            // passes bytes on
)

// A site is what a configuration template is filled with.
type site struct {
	Dir          string
	Address      string
	Admin        string
	Backends     []string
	AccessLog    string // a path; empty: no log
	Certificate  string // a path, and that of its key; empty: no TLS
	Key          string
	StreamModule string
	Large        bool // answers
	listener     listener
}

// TLS says whether clients speak it.
func (s site) TLS() bool { return s.listener == tlsListener || s.HTTP2() }

// HTTP2 says whether clients speak it.
func (s site) HTTP2() bool { return s.listener == http2Listener }

// TCP says whether the proxy passes bytes on without a look at them.
func (s site) TCP() bool { return s.listener == tcpListener }

func (s site) url(path string) string {
	if s.TLS() {
		return "https://" + s.Address + path
	}
	return "http://" + s.Address + path
}

// A proxy is a contender that runs.
type proxy struct {
	contender
	site
	proc *rig.Process
}

// startProxy renders the configuration, starts the proxy on its processor and
// waits until it answers.
func (b *bench) startProxy(ctx context.Context, c contender, r row) (*proxy, error) {
	at := site{
		Dir: b.sup.Dir, Address: b.ports.FreeAddress(), Admin: b.ports.FreeAddress(), Backends: b.backends,
		StreamModule: c.streamModule, Large: r.large, listener: r.listener,
	}
	if r.logs {
		at.AccessLog = filepath.Join(b.sup.Dir, c.name+".access.log")
	}
	if at.TLS() {
		at.Certificate, at.Key = b.certificate, b.key
	}
	client, err := at.client()
	if err != nil {
		return nil, err
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
	cmd := rig.Prepare(ctx, b.proxyCPU, argv...)
	if r.logs && c.logsToStdout {
		file, err := os.OpenFile(at.AccessLog, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		cmd.Stdout = file
	}
	p := &proxy{contender: c, site: at}
	if p.proc, err = b.sup.Start(c.name, cmd); err != nil {
		return nil, err
	}
	if err = p.await(ctx, client); err == nil {
		err = p.check(ctx, client)
	}
	if err != nil {
		p.proc.Stop()
		return nil, err
	}
	return p, nil
}

// forwarded are the header fields that every contender sets for the backend,
// so that all do the same work.
var forwarded = []string{
	"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "X-Request-Id", "Via",
}

// check holds that all contenders do the same work: what the client speaks,
// and what the backend gets. Its /echo answers with the head that it was sent.
func (p *proxy) check(ctx context.Context, client *http.Client) error {
	response, head, err := get(ctx, client, p.url("/echo"))
	if err != nil {
		return err
	}
	if spoken := response.ProtoMajor == 2; spoken != p.HTTP2() {
		return fmt.Errorf("%s: answers in %s", p.name, response.Proto)
	}
	if p.TLS() {
		if err := checkTLS(response.TLS); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if p.TCP() {
		return nil
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
func (p *proxy) await(ctx context.Context, client *http.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var last error
	for good := 0; good < 20; {
		_, _, err := get(ctx, client, p.url("/125"))
		if err == nil {
			good++
			continue
		}
		if good = 0; ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return p.proc.Failure("does not answer: " + last.Error())
		case <-p.proc.Done:
			return p.proc.Failure("ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// get returns a 200 answer and its body.
func get(ctx context.Context, client *http.Client, url string) (*http.Response, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, "", errors.New(response.Status)
	}
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// render fills a template into a file of the run's directory.
func (b *bench) render(name string, data any) (path string, err error) {
	t, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.sup.Dir, name)
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	return path, errors.Join(t.Execute(file, data), file.Close())
}
