package tlsconn

import (
	"crypto/tls"
	"io"
	"testing"
	"time"

	"spillway/internal/loop"
)

// rest hands c to the loop and returns where its wake-up is reported.
func (b *bench) rest(c *Conn) <-chan loop.Event {
	b.Helper()
	events := make(chan loop.Event, 4)
	b.onLoop(func() {
		if !c.Idle(waker(func(e loop.Event) { events <- e })) {
			b.Error("the connection would not idle")
		}
	})
	return events
}

func (b *bench) expectEvent(events <-chan loop.Event, want loop.Event) {
	b.Helper()
	if got := await(b, "a wake-up", events); got != want {
		b.Errorf("woken with %d, want %d", got, want)
	}
}

func TestIdleConnectionWakesForInput(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		for range 20 {
			events := b.rest(c)
			p.send(b, "request")
			b.expectEvent(events, loop.Readable)
			b.onTask(func(t *loop.Task) {
				b.expect(t, c, "request")
				b.write(t, c, "answer")
			})
			p.expect(b, "answer")
			if len(events) != 0 {
				b.Fatal("woken twice")
			}
		}
		events := b.rest(c)
		p.Close()
		b.expectEvent(events, loop.Readable)
		b.onTask(func(t *loop.Task) {
			if _, err := c.Read(t, make([]byte, 1)); err != io.EOF {
				b.Errorf("read: %v", err)
			}
		})
	})
}

func TestIdleConnectionExpiresAndCloses(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		b.onLoop(func() { c.SetReadDeadline(b.in(20 * time.Millisecond)) })
		b.expectEvent(b.rest(c), loop.Expired)
		events := b.rest(c)
		b.onLoop(c.Close)
		b.expectEvent(events, loop.Closed)
	})
}

func TestAConnectionWithPlaintextLeftIsNotIdle(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		if _, err := p.Write([]byte("abcdef")); err != nil {
			b.Error(err)
		}
		b.onTask(func(t *loop.Task) {
			b.expect(t, c, "abc")
			if c.Idle(waker(func(loop.Event) {})) || c.Quiet() || c.Busy() {
				b.Error("idle with half a record unread")
			}
			if err := c.WaitReadable(t); err != nil {
				b.Error(err)
			}
			b.expect(t, c, "def")
			if !c.Quiet() {
				b.Error("not quiet when all is read")
			}
			if !c.Idle(waker(func(loop.Event) {})) {
				b.Error("not idle when all is read")
			}
			if !c.Busy() {
				b.Error("not to be trusted when all is read")
			}
		})
	})
}

func TestRecordsInOneSegmentAreAllSeenBeforeRest(t *testing.T) {
	b := newBench(t)
	c, _, raw := b.rawConnect()
	raw.send(raw.seal(applicationData, []byte("one")), raw.seal(applicationData, []byte("two")))
	b.onTask(func(t *loop.Task) {
		buffer := make([]byte, 100)
		if n, err := c.Read(t, buffer); string(buffer[:n]) != "one" || err != nil {
			b.Errorf("read %q, %v", buffer[:n], err)
		}
		if c.Idle(waker(func(loop.Event) {})) {
			b.Error("idle with a record unread")
		}
		b.expect(t, c, "two")
		if !c.Idle(waker(func(loop.Event) {})) {
			b.Error("not idle when all is read")
		}
	})
}

func TestWhatIsNoPlaintextWakesNobody(t *testing.T) {
	b := newBench(t)
	c, _, raw := b.rawConnect()
	b.onLoop(func() { c.SetReadDeadline(b.in(patience)) })
	events := b.rest(c)
	raw.send(raw.keyUpdate())
	whole := raw.seal(applicationData, []byte("request"))
	raw.send(whole[:9])
	b.eventually("both are taken in", func() bool { return c.records.complete > 0 && c.records.header > 0 || c.records.left > 0 })
	if len(events) != 0 {
		b.Error("woken for less than a record")
	}
	raw.send(whole[9:])
	b.expectEvent(events, loop.Readable)
	b.onTask(func(t *loop.Task) { b.expect(t, c, "request") })
}

func TestTicketsLeaveABackendsConnectionQuiet(t *testing.T) {
	for name, late := range map[string]bool{"with the handshake": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if late { // crypto/tls sends the ticket when it has seen the client's certificate
				b.server = ServerConfig(ServerOptions{Certificates: b.authority.store(t, b.authority.issue(t, newECDSA(t), "localhost")), ClientCAs: b.authority.pool})
				own := b.authority.issue(t, newECDSA(t), "client")
				b.client = ClientConfig(ClientOptions{ServerName: "localhost", RootCAs: b.authority.pool, Certificate: &own})
			}
			c, p := b.connect(side{isClient: true, version: tls.VersionTLS13})
			events := b.rest(c)
			cache := b.client.ClientSessionCache
			b.eventually("the ticket is here", func() bool { _, ok := cache.Get("localhost"); return ok })
			b.onTask(func(t *loop.Task) {
				if !c.Busy() || !c.Quiet() {
					b.Error("a ticket made the connection suspect")
				}
				b.write(t, c, "request")
			})
			p.expect(b, "request")
			p.send(b, "answer")
			b.onTask(func(t *loop.Task) { b.expect(t, c, "answer") })
			if len(events) != 0 {
				b.Error("woken by a ticket")
			}
			events = b.rest(c)
			p.send(b, "surplus")
			b.expectEvent(events, loop.Readable)
			b.onLoop(func() {
				if c.Busy() || c.Quiet() {
					b.Error("a connection with surplus input is trusted")
				}
			})
		})
	}
}

func TestWatchedResetInterrupts(t *testing.T) {
	b := newBench(t)
	c, p := b.connect(sides[1])
	var watcher *loop.Task
	watching := b.begin(func(t *loop.Task) {
		c.Watch(t)
		watcher = t
		if err := t.Park(0); err != loop.ErrHangup {
			b.Errorf("Park: %v", err)
		}
		if !c.HungUp() {
			b.Error("HungUp does not tell")
		}
	})
	b.eventually("the task runs", func() bool { return watcher != nil })
	_ = p.socket.SetLinger(0)
	p.socket.Close()
	await(b, "the interruption", watching)
}
