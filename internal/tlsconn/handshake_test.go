package tlsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"spillway/internal/loop"
)

func TestHandshakeEndsAtItsDeadline(t *testing.T) {
	for name, say := range map[string]string{"silent": "", "stops in the hello": "\x16\x03\x01\x02\x00\x01"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			under, socket := b.sockets()
			if _, err := io.WriteString(socket, say); err != nil {
				t.Error(err)
			}
			b.onTask(func(task *loop.Task) {
				c := b.worker.Server(under, b.server, nil)
				if err := c.Handshake(task, b.in(30*time.Millisecond)); err != loop.ErrTimeout {
					t.Errorf("handshake: %v", err)
				}
				if _, err := c.Read(task, make([]byte, 1)); err == nil {
					t.Error("read without a handshake")
				}
				if _, err := c.Write(task, make([]byte, 1)); err == nil {
					t.Error("wrote without a handshake")
				}
				c.Close()
				if n := b.worker.Handshakes.Running(); n != 0 {
					t.Errorf("%d handshakes under way", n)
				}
			})
		})
	}
}

func TestHandshakeErrors(t *testing.T) {
	for name, test := range map[string]struct {
		say  string
		want func(error) bool
	}{
		"nothing":   {"", func(err error) bool { return err == io.EOF }},
		"cut":       {"\x16\x03\x01\x02", func(err error) bool { return err == io.ErrUnexpectedEOF }},
		"plain":     {"GET / HTTP/1.1\r\n\r\n", func(err error) bool { var e tls.RecordHeaderError; return errors.As(err, &e) }},
		"malformed": {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", func(err error) bool { return err != nil && err != io.EOF }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			under, socket := b.sockets()
			if _, err := io.WriteString(socket, test.say); err != nil {
				t.Error(err)
			}
			socket.CloseWrite()
			b.onTask(func(task *loop.Task) {
				c := b.worker.Server(under, b.server, nil)
				if err := c.Handshake(task, 0); !test.want(err) {
					t.Errorf("handshake: %v", err)
				}
				c.Close()
			})
		})
	}
}

func TestClosingEndsAHandshake(t *testing.T) {
	b := newBench(t)
	under, socket := b.sockets()
	if _, err := io.WriteString(socket, "\x16\x03\x01\x02\x00\x01"); err != nil {
		t.Error(err)
	}
	var c *Conn
	done := b.begin(func(task *loop.Task) {
		c = b.worker.Server(under, b.server, nil)
		if err := c.Handshake(task, 0); err != loop.ErrClosed {
			t.Errorf("handshake: %v", err)
		}
	})
	b.eventually("the handshake waits", func() bool { return c != nil && c.step != nil && c.taken > 0 })
	b.onLoop(c.Close)
	await(b, "its end", done)
}

func TestServerTakesWhatWasReadBefore(t *testing.T) {
	b := newBench(t)
	under, socket := b.sockets()
	p := tls.Client(socket, b.client)
	done := b.begin(func(task *loop.Task) {
		var read []byte
		for {
			hello, state, err := ParseClientHello(read)
			if err != nil || state == NotTLS {
				t.Errorf("hello: %v, %v", state, err)
				return
			}
			if state == Complete {
				if hello.ServerName != "localhost" || !slices.Equal(hello.Protocols, []string{HTTP1}) {
					t.Errorf("hello: %+v", hello)
				}
				break
			}
			var p [100]byte
			n, err := under.Read(task, p[:])
			if err != nil {
				t.Error(err)
				return
			}
			read = append(read, p[:n]...)
		}
		c := b.worker.Server(under, b.server, read)
		if err := c.Handshake(task, 0); err != nil {
			t.Errorf("handshake: %v", err)
		}
		if s := c.State(); s.NegotiatedProtocol != HTTP1 || s.ServerName != "localhost" {
			t.Errorf("agreed on %q for %q", s.NegotiatedProtocol, s.ServerName)
		}
		b.expect(task, c, "ping")
		b.write(task, c, "pong")
	})
	peer := &peer{Conn: p, socket: socket}
	peer.send(t, "ping")
	peer.expect(t, "pong")
	await(b, "the exchange", done)
}

func TestClientCertificates(t *testing.T) {
	b := newBench(t)
	known := b.authority.issue(t, newECDSA(t), "client")
	stranger := newAuthority(t).issue(t, newECDSA(t), "client")
	for name, test := range map[string]struct {
		mayOmit bool
		own     *tls.Certificate
		ok      bool
	}{
		"required, known": {false, &known, true}, "required, none": {false, nil, false}, "required, strange": {false, &stranger, false},
		"if given, known": {true, &known, true}, "if given, none": {true, nil, true}, "if given, strange": {true, &stranger, false},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" "+tls.VersionName(version), func(t *testing.T) {
				server := ServerConfig(ServerOptions{Certificates: b.authority.store(t, b.authority.issue(t, newECDSA(t), "localhost")),
					ClientCAs: b.authority.pool, ClientMayOmit: test.mayOmit})
				client := ClientConfig(ClientOptions{ServerName: "localhost", RootCAs: b.authority.pool})
				client.MaxVersion = version
				if test.own != nil {
					// Sent whatever the server names as acceptable.
					client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return test.own, nil }
				}
				under, socket := b.sockets()
				go func() { _ = tls.Client(socket, client).Handshake() }()
				b.onTask(func(task *loop.Task) {
					c := b.worker.Server(under, server, nil)
					defer c.Close()
					err := c.Handshake(task, 0)
					if (err == nil) != test.ok {
						t.Errorf("handshake: %v", err)
					}
					if n := len(c.State().PeerCertificates); err == nil && n > 0 != (test.own != nil) {
						t.Errorf("%d client certificates", n)
					}
				})
			})
		}
	}
}

func TestBackendsAreVerified(t *testing.T) {
	b := newBench(t)
	for name, test := range map[string]struct {
		options ClientOptions
		ok      bool
	}{
		"its name":       {ClientOptions{ServerName: "localhost", RootCAs: b.authority.pool}, true},
		"its address":    {ClientOptions{ServerName: "127.0.0.1", RootCAs: b.authority.pool}, true},
		"another name":   {ClientOptions{ServerName: "example.com", RootCAs: b.authority.pool}, false},
		"another issuer": {ClientOptions{ServerName: "localhost", RootCAs: x509.NewCertPool()}, false},
		"too old":        {ClientOptions{ServerName: "localhost", RootCAs: b.authority.pool, MinVersion: tls.VersionTLS13}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := b.server.Clone()
			server.MaxVersion = tls.VersionTLS12
			under, socket := b.sockets()
			go func() { _ = tls.Server(socket, server).Handshake() }()
			b.onTask(func(task *loop.Task) {
				c := b.worker.Client(under, ClientConfig(test.options))
				defer c.Close()
				if err := c.Handshake(task, 0); (err == nil) != test.ok {
					t.Errorf("handshake: %v", err)
				}
			})
		})
	}
}

// resumes makes two connections, the second to another config, and tells whether it resumed the first.
func (b *bench) resumes(first, second *tls.Config, version uint16) (resumed bool) {
	b.Helper()
	client := ClientConfig(ClientOptions{ServerName: "localhost", RootCAs: b.authority.pool})
	own := b.authority.issue(b, newECDSA(b), "client")
	client.Certificates = []tls.Certificate{own}
	for _, config := range []*tls.Config{first, second} {
		b.server, b.client = config, client
		c, p := b.connect(side{version: version})
		b.onTask(func(t *loop.Task) {
			b.write(t, c, "x")
			resumed = c.State().DidResume
			c.Close()
		})
		p.expect(b, "x")
	}
	return resumed
}

func TestSessionsAreResumed(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			b := newBench(t)
			keys := NewTicketKeys(0)
			config := func(scope string) *tls.Config {
				c := ServerConfig(ServerOptions{Certificates: b.authority.store(t, b.authority.issue(t, newECDSA(t), "localhost")), ClientCAs: b.authority.pool})
				if err := keys.Apply(c, scope); err != nil {
					t.Fatal(err)
				}
				return c
			}
			if !b.resumes(config("web"), config("web"), version) {
				t.Error("no resumption after a reload")
			}
			if b.resumes(config("web"), config("other"), version) {
				t.Error("resumed in another scope")
			}
			old := config("web")
			hours := func(n int64) int64 { return n * int64(time.Hour) }
			if keys.Rotate(hours(11)) || !keys.Rotate(hours(12)) || keys.Rotate(hours(23)) || !keys.Rotate(hours(24)) {
				t.Error("rotated at other times")
			}
			if !b.resumes(old, config("web"), version) {
				t.Error("no resumption with the third key")
			}
			keys.Rotate(hours(36))
			if b.resumes(old, config("web"), version) {
				t.Error("resumed with a key that is gone")
			}
		})
	}
}

func TestConnectionsToBackendsResume(t *testing.T) {
	b := newBench(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := ClientConfig(ClientOptions{ServerName: "127.0.0.1", RootCAs: b.authority.pool})
		b.client = client
		for i := range 3 {
			c, p := b.connect(side{isClient: true, version: version})
			p.send(b, "x")
			b.onTask(func(t *loop.Task) {
				b.expect(t, c, "x")
				if c.State().DidResume != (i > 0) {
					b.Errorf("%s: connection %d: resumed %v", tls.VersionName(version), i, c.State().DidResume)
				}
				c.Close()
			})
		}
	}
}

func TestHandshakesWaitForAPlace(t *testing.T) {
	b := newBench(t)
	b.onLoop(func() { b.worker.Handshakes.Max = 2 })
	// Two that stop halfway hold the places.
	var held []<-chan struct{}
	var conns []*Conn
	for range 2 {
		under, socket := b.sockets()
		if _, err := io.WriteString(socket, "\x16\x03\x01\x02\x00\x01"); err != nil {
			t.Error(err)
		}
		held = append(held, b.begin(func(task *loop.Task) {
			c := b.worker.Server(under, b.server, nil)
			conns = append(conns, c)
			_ = c.Handshake(task, 0)
		}))
	}
	// A silent one takes none.
	silent, _ := b.sockets()
	quiet := b.begin(func(task *loop.Task) { _ = b.worker.Server(silent, b.server, nil).Handshake(task, 0) })
	b.eventually("the places are taken", func() bool { return b.worker.Handshakes.Running() == 2 })
	late := func(deadline time.Duration, want error) <-chan struct{} {
		under, socket := b.sockets()
		go func() { _ = tls.Client(socket, b.client).Handshake() }()
		return b.begin(func(task *loop.Task) {
			if err := b.worker.Server(under, b.server, nil).Handshake(task, b.in(deadline)); err != want {
				t.Errorf("handshake: %v, want %v", err, want)
			}
		})
	}
	await(b, "the end of one with no patience", late(20*time.Millisecond, loop.ErrTimeout))
	one, two := late(patience, nil), late(patience, nil)
	b.eventually("both wait", func() bool { return b.worker.Handshakes.Waiting() == 2 })
	b.onLoop(conns[0].Close)
	await(b, "the first", one)
	await(b, "the second", two)
	b.onLoop(func() { conns[1].Close(); silent.Close() })
	await(b, "an end", held[0])
	await(b, "an end", held[1])
	await(b, "an end", quiet)
	if n := b.worker.Handshakes.Running(); n != 0 {
		t.Errorf("%d places were lost", n)
	}
}

func TestManyConnectionsAtOnce(t *testing.T) {
	const clients = 100
	b := newBench(t)
	accepted := acceptor(func(under *loop.Conn) {
		under.Loop().Start(runner(func(task *loop.Task) {
			c := b.worker.Server(under, b.server, nil)
			defer c.Close()
			if err := c.Handshake(task, b.in(patience)); err != nil {
				t.Errorf("handshake: %v", err)
				return
			}
			b.expect(task, c, "ping")
			b.write(task, c, "pong")
		}))
	})
	ln, err := b.group.Listen("127.0.0.1:0", accepted)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			socket, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer socket.Close()
			_ = socket.SetDeadline(time.Now().Add(patience))
			p := &peer{Conn: tls.Client(socket, b.client), socket: socket.(*net.TCPConn)}
			p.send(t, "ping")
			p.expect(t, "pong")
		})
	}
	all.Wait()
}

type acceptor func(*loop.Conn)

func (f acceptor) Accepted(c *loop.Conn) { f(c) }
