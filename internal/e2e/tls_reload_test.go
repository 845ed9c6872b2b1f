package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestReloadReadsCertificatesAgain(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a", upgrading("a", echo))
	ca := NewAuthority(t, "authority")
	site := ca.Issue("old.example")
	p := Setup{Listener: secured("", site)}.Start(t, a)
	web := p.Addr("web")
	old := dialTLS(t, web, asking("site.example"))
	socket := dialTLS(t, web, asking("site.example")).upgrade()
	shows := func(want string) {
		t.Helper()
		c := dialTLS(t, web, asking("site.example"))
		if c.Shown() != want {
			t.Errorf("a new connection is shown %s, want %s", c.Shown(), want)
		}
		expect(t, "a new connection", c.Get("/x"), 200, "a GET /x")
	}
	lives := func() {
		t.Helper()
		expect(t, "an old connection", old.Get("/x"), 200, "a GET /x")
		socket.says("still open")
	}
	shows("old.example")
	lives()
	site.Renew(t, ca.Issue("new.example"))
	shows("old.example")
	p.Reload()
	shows("new.example")
	lives()

	// Files that do not stand change nothing, and the error says which and where.
	newer := ca.Issue("newer.example")
	for what, spoil := range map[string]func(){
		"no certificate":                  func() { os.WriteFile(site.CertFile, []byte("nothing of use"), 0o600) },
		"a certificate without its end":   func() { truncate(t, site.CertFile) },
		"a key without its end":           func() { truncate(t, site.KeyFile) },
		"no file":                         func() { os.Remove(site.CertFile) },
		"a key of another certificate":    func() { copyFile(t, newer.KeyFile, site.KeyFile) },
		"a certificate for another key":   func() { copyFile(t, newer.CertFile, site.CertFile) },
		"a key in place of a certificate": func() { copyFile(t, site.KeyFile, site.CertFile) },
	} {
		site.Renew(t, ca.Issue("broken.example"))
		spoil()
		before := p.Status().Config.Generation
		status, answer := p.Admin("POST", "/api/reload", "")
		if status != 400 || !strings.Contains(answer, "config.yaml:") || !strings.Contains(answer, "_file") {
			t.Errorf("%s: %d %s", what, status, answer)
		}
		told := func() int { return strings.Count(p.stderr.String(), "_file") }
		earlier := told()
		p.Signal(syscall.SIGHUP)
		eventually(t, "the log tells the error of SIGHUP", func() bool { return told() > earlier })
		shows("new.example")
		lives()
		if after := p.Status().Config.Generation; after != before {
			t.Errorf("%s: the configuration is a new one", what)
		}
	}
	site.Renew(t, newer)
	p.Reload()
	shows("newer.example")
	lives()
}

func truncate(t testing.TB, path string) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, text[:len(text)/2], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, from, to string) {
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReloadUnderTLSLoad(t *testing.T) {
	t.Parallel()
	ca := NewAuthority(t, "authority")
	site := ca.Issue("site.example")
	backends := []*Backend{NewBackend(t, "a", upgrading("a", echo)), NewBackend(t, "b", upgrading("b", echo))}
	setup := Setup{Listener: secured("", site)}
	p := setup.Start(t, backends[0])
	web := p.Addr("web")
	var sockets []*Client
	for range 4 {
		sockets = append(sockets, dialTLS(t, web, asking("site.example")).upgrade())
	}
	trusting := &tls.Config{ServerName: "site.example", RootCAs: ca.Pool}
	load := StartLoadBy(t, func() (net.Conn, error) { return shakeHands(web, trusting) }, 4, "/load")
	// These come anew each time, so that handshakes meet reloads.
	fresh := StartLoadBy(t, func() (net.Conn, error) {
		conn, err := shakeHands(web, trusting)
		if err != nil {
			return nil, err
		}
		return &oneRequest{Conn: conn}, nil
	}, 2, "/fresh")
	load.Await(t, 50)
	for round := range 6 {
		to := backends[(round+1)%2]
		site.Renew(t, ca.Issue("site.example", fmt.Sprint("round", round, ".example")))
		p.WriteConfig(setup.Config(to), nil)
		p.Reload()
		eventually(t, "all is answered by "+to.Name, func() bool {
			load.ByAnswer()
			load.Await(t, 20)
			answers := load.ByAnswer()
			return len(answers) == 1 && answers[to.Name+" GET /load"] > 0
		})
		fresh.Await(t, 5)
		for i, socket := range sockets {
			socket.says(fmt.Sprintf("socket %d, round %d", i, round))
		}
	}
	for name, l := range map[string]*Load{"kept": load, "fresh": fresh} {
		for _, failure := range l.Stop() {
			t.Error(name, failure)
		}
		if n := l.cut.Load(); n > 0 {
			t.Errorf("%d answers were cut", n)
		}
	}
}

// oneRequest asks for the end of the connection with its request.
type oneRequest struct{ net.Conn }

func (c *oneRequest) Write(p []byte) (int, error) {
	_, err := c.Conn.Write([]byte(strings.Replace(string(p), "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)))
	return len(p), err
}
