package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Streams is the configuration of a tcp listener, db, in front of the pool app.
// Each string is more YAML keys for its place, one a line.
type Streams struct{ Listener, Pool, Top string }

// Config is the configuration's text. Addresses are those of the backends.
func (s Streams) Config(addresses ...string) string {
	lines := func(indent, text string) (b string) {
		for line := range strings.Lines(text) {
			b += indent + strings.TrimRight(line, "\n") + "\n"
		}
		return b
	}
	text := s.Top + "\naccess_log: {output: {{path \"access.log\"}}}\nlisteners:\n  - name: db\n    address: {{listen \"db\"}}\n    protocol: tcp\n    pool: app\n" +
		lines("    ", s.Listener) + "pools:\n  - name: app\n    protocol: tcp\n" + lines("    ", s.Pool) + "    backends:\n"
	for _, address := range addresses {
		text += "      - {address: " + address + "}\n"
	}
	return text
}

// Start runs spillway with it.
func (s Streams) Start(t testing.TB, backends ...*Backend) *Proxy {
	t.Helper()
	return Start(t, s.Config(addressesOf(backends)...), nil)
}

func addressesOf(backends []*Backend) (list []string) {
	for _, b := range backends {
		list = append(list, b.Address)
	}
	return list
}

// speaking is a script that does with each connection what speak does.
func speaking(speak func(*BackendConn)) func(*Backend) {
	return func(b *Backend) {
		b.Accept = func(conn *BackendConn) {
			speak(conn)
			conn.Close()
			conn.reader = newReader("")
		}
	}
}

// greeting says the backend's name and then echoes.
func greeting(name string) func(*Backend) {
	return speaking(func(conn *BackendConn) {
		io.WriteString(conn, name+"\n")
		echo(conn)
	})
}

// Line reads the next line, without its end.
func (c *Client) Line() string {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	line, err := c.reader.ReadString('\n')
	if err != nil {
		c.t.Fatalf("reading a line: %q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

// loggedIf waits for a line of the JSON log that fits.
func (p *Proxy) loggedIf(file, what string, fits func(line map[string]any) bool) (line map[string]any) {
	p.t.Helper()
	eventually(p.t, what+" in "+file, func() bool {
		for _, text := range p.logLines(file) {
			var entry map[string]any
			if json.Unmarshal([]byte(text), &entry) == nil && fits(entry) {
				line = entry
				return true
			}
		}
		return false
	})
	return line
}

// loggedOf waits for the line of a connection by its client's address.
func (p *Proxy) loggedOf(c *Client) map[string]any {
	p.t.Helper()
	own := c.LocalAddr().String()
	return p.loggedIf("access.log", "a line of "+own, func(line map[string]any) bool { return line["client"] == own })
}

func TestStreamCarriesBothDirections(t *testing.T) {
	t.Parallel()
	p := Streams{}.Start(t, NewBackend(t, "a", speaking(echo)))
	c := dial(t, p.Addr("db"))
	for size := 1; size <= 4<<20; size *= 8 {
		c.returns(pattern(size))
	}
	for _, text := range []string{"x", head("GET", "/"), "\x16\x03\x01\x00\x05hello", "PROXY TCP4 6.6.6.6 6.6.6.6 1 1\r\n"} {
		dial(t, p.Addr("db")).says(text)
	}
}

func TestTheServerMaySpeakFirst(t *testing.T) {
	t.Parallel()
	p := Streams{Listener: "timeouts: {head: 1h}"}.Start(t, NewBackend(t, "a", greeting("a")))
	c := dial(t, p.Addr("db"))
	if line := c.Line(); line != "a" {
		t.Errorf("the server's greeting came as %q", line)
	}
	c.says("hello")
}

func TestStreamHalfCloses(t *testing.T) {
	t.Parallel()
	t.Run("the client ends first", func(t *testing.T) {
		t.Parallel()
		p := Streams{}.Start(t, NewBackend(t, "a", speaking(func(conn *BackendConn) {
			all, _ := io.ReadAll(conn.reader)
			io.WriteString(conn, "got "+string(all))
		})))
		for _, text := range []string{"all of it", ""} {
			c := dial(t, p.Addr("db"))
			c.Send(text)
			c.CloseWrite()
			if answer := c.AwaitEnd(); answer != "got "+text {
				t.Errorf("after the client's end came %q", answer)
			}
		}
	})
	t.Run("the backend ends first", func(t *testing.T) {
		t.Parallel()
		got := make(chan string, 10)
		p := Streams{}.Start(t, NewBackend(t, "a", speaking(func(conn *BackendConn) {
			io.WriteString(conn, "bye")
			halfClose(conn)
			all, _ := io.ReadAll(conn.reader)
			got <- string(all)
		})))
		c := dial(t, p.Addr("db"))
		if answer := c.AwaitEnd(); answer != "bye" {
			t.Errorf("the stream said %q", answer)
		}
		c.Send("still here")
		c.CloseWrite()
		for all := ""; all != "still here"; { // the readiness probe's connection said nothing
			if all = receive(t, "the backend reads on", got); all != "" && all != "still here" {
				t.Fatalf("after the backend's end came %q", all)
			}
		}
	})
}

func TestResetStreamEndsBothSides(t *testing.T) {
	t.Parallel()
	t.Run("by the client", func(t *testing.T) {
		t.Parallel()
		ended := make(chan string, 10)
		p := Streams{}.Start(t, NewBackend(t, "a", speaking(func(conn *BackendConn) {
			first, _ := conn.reader.ReadByte()
			conn.Write([]byte{first})
			echo(conn)
			ended <- string(first)
		})))
		c := dial(t, p.Addr("db"))
		c.says("x")
		c.Reset()
		for receive(t, "the backend's side ends", ended) != "x" {
		}
		if end := p.loggedOf(c)["end"]; end != "tunnel_reset" {
			t.Errorf("the log says %v", end)
		}
	})
	t.Run("by the backend", func(t *testing.T) {
		t.Parallel()
		p := Streams{}.Start(t, NewBackend(t, "a", speaking(func(conn *BackendConn) {
			if line, _ := conn.reader.ReadString('\n'); line != "" {
				io.WriteString(conn, line)
				conn.reader.ReadString('\n')
				conn.Reset()
			}
		})))
		c := dial(t, p.Addr("db"))
		c.says("x\n")
		c.Send("y\n")
		if rest := c.AwaitEnd(); rest != "" {
			t.Errorf("%q came of a reset", rest)
		}
		if end := p.loggedOf(c)["end"]; end != "tunnel_reset" {
			t.Errorf("the log says %v", end)
		}
	})
}

func TestDeadBackendIsPassedOverBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a", greeting("a"))
	p := Start(t, Streams{Pool: "policy: round_robin\nejection: off\nretries: {budget: 100%}"}.Config(freeAddress(t), a.Address), nil)
	retried := 0
	// One that has failed lately is picked less often: it may take a while.
	for n := 0; n < 6 || retried == 0 && n < 500; n++ {
		c := dial(t, p.Addr("db"))
		if line := c.Line(); line != "a" {
			t.Errorf("the greeting came as %q", line)
		}
		c.says("eager")
		c.Close()
		if p.loggedOf(c)["attempts"].(float64) > 1 {
			retried++
		}
	}
	if retried == 0 {
		t.Errorf("the dead backend was never tried")
	}
}

func TestStreamToNobodyIsClosed(t *testing.T) {
	t.Parallel()
	p := Start(t, Streams{}.Config(freeAddress(t)), nil)
	c := dial(t, p.Addr("db"))
	c.Write([]byte("hello"))
	if answer := c.AwaitEnd(); answer != "" {
		t.Errorf("it got %q", answer)
	}
	line := p.loggedOf(c)
	if line["end"] != "connect_failed" || line["pool"] != "app" {
		t.Errorf("the log says %v", line)
	}
}

func TestConsistentHashOfClientsAddress(t *testing.T) {
	t.Parallel()
	backends := []*Backend{NewBackend(t, "a", greeting("a")), NewBackend(t, "b", greeting("b")), NewBackend(t, "c", greeting("c"))}
	p := Streams{Pool: "policy: consistent_hash\nhash_on: [client_ip]"}.Start(t, backends...)
	used := map[string]bool{}
	// One at a time: a backend with more than its part of what is open is passed over.
	ask := func(source string) string {
		c := dialFrom(t, source, p.Addr("db"))
		defer c.AwaitEnd()
		defer c.CloseWrite()
		return c.Line()
	}
	for i := range 20 {
		source := fmt.Sprint("127.0.0.", 10+i)
		first := ask(source)
		used[first] = true
		for range 3 {
			if again := ask(source); again != first {
				t.Errorf("%s went to %s, then to %s", source, first, again)
			}
		}
	}
	if len(used) != len(backends) {
		t.Errorf("20 clients went to %v only", used)
	}
}

func TestLeastConnSpreadsStreams(t *testing.T) {
	t.Parallel()
	p := Streams{Pool: "policy: least_conn"}.Start(t,
		NewBackend(t, "a", greeting("a")), NewBackend(t, "b", greeting("b")), NewBackend(t, "c", greeting("c")))
	eventually(t, "what asked for readiness is gone", func() bool { return p.inflight() == 0 })
	counts := map[string]int{}
	for range 9 {
		counts[dial(t, p.Addr("db")).Line()]++
	}
	if counts["a"] != 3 || counts["b"] != 3 || counts["c"] != 3 {
		t.Errorf("9 open connections went %v", counts)
	}
}

func TestSilentStreamIsClosed(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]Streams{
		"by the listener's timeouts.idle": {Listener: "timeouts: {idle: 300ms}"},
		"by the pool's timeouts.tunnel":   {Listener: "timeouts: {idle: 1h}", Pool: "timeouts: {tunnel: 300ms}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.Start(t, NewBackend(t, "a", greeting("a")))
			c := dial(t, p.Addr("db"))
			c.Line()
			c.says("x")
			c.AwaitEnd()
			if end := p.loggedOf(c)["end"]; end != "tunnel_timeout" {
				t.Errorf("the log says %v", end)
			}
		})
	}
	t.Run("but not while one direction moves", func(t *testing.T) {
		t.Parallel()
		p := Streams{Listener: "timeouts: {idle: 500ms}"}.Start(t, NewBackend(t, "a", speaking(func(conn *BackendConn) {
			for range 15 {
				time.Sleep(100 * time.Millisecond)
				if _, err := io.WriteString(conn, "."); err != nil {
					return
				}
			}
		})))
		c := dial(t, p.Addr("db"))
		if all := c.AwaitEnd(); all != strings.Repeat(".", 15) {
			t.Errorf("a stream that was never silent ended after %d of 15 bytes", len(all))
		}
	})
}

func TestDrainedBackendKeepsItsStreams(t *testing.T) {
	t.Parallel()
	a, b := NewBackend(t, "a", greeting("a")), NewBackend(t, "b", greeting("b"))
	p := Streams{Pool: "policy: round_robin"}.Start(t, a, b)
	open := map[string]*Client{}
	for len(open) < 2 {
		c := dial(t, p.Addr("db"))
		open[c.Line()] = c
	}
	if status, answer := p.Admin("POST", "/api/drain", `{"pool":"app","backend":"`+a.Address+`"}`); status != 200 {
		t.Fatalf("POST /api/drain: %d %s", status, answer)
	}
	for range 6 {
		if line := dial(t, p.Addr("db")).Line(); line != "b" {
			t.Errorf("a new connection went to %s", line)
		}
	}
	open["a"].says("still here")
	open["b"].says("still here")
}

func TestReloadKeepsStreams(t *testing.T) {
	t.Parallel()
	a, b := NewBackend(t, "a", greeting("a")), NewBackend(t, "b", greeting("b"))
	p := Streams{}.Start(t, a)
	old := dial(t, p.Addr("db"))
	old.Line()
	p.WriteConfig(Streams{}.Config(b.Address), nil)
	p.Reload()
	if line := dial(t, p.Addr("db")).Line(); line != "b" {
		t.Errorf("a new connection went to %s", line)
	}
	old.says("still here")
}

func TestRoutesOfAStreamListener(t *testing.T) {
	t.Parallel()
	a, b := NewBackend(t, "a", greeting("a")), NewBackend(t, "b", greeting("b"))
	p := Start(t, Streams{Top: `routes: [{match: {listener: db, client_ip: [127.0.0.64/26]}, pool: other}]`}.Config(a.Address)+
		"  - {name: other, protocol: tcp, backends: [{address: "+b.Address+"}]}\n", nil)
	for source, want := range map[string]string{"127.0.0.1": "a", "127.0.0.63": "a", "127.0.0.64": "b", "127.0.0.100": "b"} {
		if got := dialFrom(t, source, p.Addr("db")).Line(); got != want {
			t.Errorf("%s went to %s, want %s", source, got, want)
		}
	}
}

func TestAccessLogOfAStream(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a", greeting("a"))
	p := Streams{}.Start(t, a)
	c := dial(t, p.Addr("db"))
	c.Line()
	c.says("hello")
	c.Close()
	line := p.loggedOf(c)
	for key, want := range map[string]any{
		"listener": "db", "pool": "app", "backend": a.Address, "attempts": 1.0, "bytes_in": 5.0, "bytes_out": 7.0,
		"status": 0.0, "method": "", "target": "", "end": "tunnel_closed",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	for _, key := range []string{"time", "connect_ms", "total_ms"} {
		if line[key] == nil {
			t.Errorf("%s is missing in %v", key, line)
		}
	}
}

func TestStreamsDoNotCountWhatRequestsAnswered(t *testing.T) {
	t.Parallel()
	failing := NewBackend(t, "failing", Handling(func(x *Exchange) { x.Reply(500, "no") }))
	a := NewBackend(t, "a", greeting("a"))
	p := Start(t, `
listeners:
  - {name: web, address: {{listen "web"}}}
  - {name: db, address: {{listen "db"}}, protocol: tcp, pool: db}
routes: [{match: {path: /}, pool: web}]
pools:
  - {name: web, backends: [{address: {{.failing}}}]}
  - {name: db, protocol: tcp, backends: [{address: {{.a}}}]}
`, Vars{"failing": failing.Address, "a": a.Address})
	for range 20 {
		get(t, p.Addr("web"), "/x")
		c := dial(t, p.Addr("db"))
		c.Line()
		c.Close()
	}
	eventually(t, "all streams have ended", func() bool { return p.inflight() == 0 })
	_, text := p.Admin("GET", "/metrics", "")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "spillway_backend_requests_total{") && strings.Contains(line, `pool="db"`) &&
			strings.Contains(line, `"5xx"`) && !strings.HasSuffix(line, " 0\n") {
			t.Errorf("streams count as failed requests: %s", line)
		}
	}
}

func TestStreamsOverUnixSockets(t *testing.T) {
	t.Parallel()
	socket := unixAddress(t)
	a := NewBackend(t, "a", greeting("a"), at(unixAddress(t)))
	p := Start(t, `
access_log: {output: {{path "access.log"}}}
listeners: [{name: db, address: "{{.socket}}", protocol: tcp, pool: app}]
pools: [{name: app, protocol: tcp, backends: [{address: "{{.a}}"}]}]
`, Vars{"socket": socket, "a": a.Address})
	c := dial(t, socket)
	if line := c.Line(); line != "a" {
		t.Errorf("the greeting came as %q", line)
	}
	c.returns(pattern(1 << 20))
	c.CloseWrite()
	c.AwaitEnd()
	if end := p.loggedIf("access.log", "a line of the socket's client", func(line map[string]any) bool { return line["client"] == "unix:" })["end"]; end != "tunnel_closed" {
		t.Errorf("the log says %v", end)
	}
}

// at is a script that puts a backend at an address.
func at(address string) func(*Backend) { return func(b *Backend) { b.Address = address } }

// unixAddress is the address of a unix socket that is not there yet.
func unixAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // and with it the file
	return "unix:" + ln.Addr().String()
}
