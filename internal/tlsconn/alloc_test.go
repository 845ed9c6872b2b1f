//go:build linux && !portable && !race

package tlsconn

import (
	"testing"

	"spillway/internal/loop"
)

const exchanges = 1000

// A pingPong is one side of exchanges, each a read and a write.
type pingPong struct {
	c       *Conn
	buffer  []byte
	vectors [][]byte
	answers bool
	done    chan error
}

func (p *pingPong) Run(t *loop.Task) {
	var err error
	for i := 0; i < exchanges && err == nil; i++ {
		if !p.answers {
			_, err = p.c.WriteBuffers(t, p.vectors)
		}
		if err == nil {
			_, err = p.c.Read(t, p.buffer)
		}
		if p.answers && err == nil {
			_, err = p.c.WriteBuffers(t, p.vectors)
		}
	}
	p.done <- err
}

func TestExchangesAllocateNothingBesideCryptoTLS(t *testing.T) {
	b := newBench(t)
	accepted := make(chan *loop.Conn, 1)
	ln, err := b.group.Listen("127.0.0.1:0", acceptor(func(c *loop.Conn) { accepted <- c }))
	if err != nil {
		t.Fatal(err)
	}
	address, err := loop.ParseAddress(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var client, server *Conn
	dialled := b.begin(func(task *loop.Task) {
		under, err := b.loop.Dial(task, address, 0)
		if err != nil {
			t.Error(err)
			return
		}
		client = b.worker.Client(under, b.client)
		if err := client.Handshake(task, 0); err != nil {
			t.Error(err)
		}
	})
	under := await(t, "a connection", accepted)
	b.onTask(func(task *loop.Task) {
		server = b.worker.Server(under, b.server, nil)
		if err := server.Handshake(task, 0); err != nil {
			t.Error(err)
		}
	})
	await(t, "the handshake", dialled)
	done := make(chan error, 2)
	side := func(c *Conn, answers bool) *pingPong {
		return &pingPong{c, make([]byte, 64), [][]byte{[]byte("head"), []byte("body")}, answers, done}
	}
	ping, pong := side(client, false), side(server, true)
	begin := func() { b.loop.Start(pong); b.loop.Start(ping) }
	round := func() {
		b.loop.Post(begin)
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	round()
	fewest := testing.AllocsPerRun(1, round)
	for range 9 {
		fewest = min(fewest, testing.AllocsPerRun(1, round))
	}
	// crypto/tls makes one for each record that it waits for.
	if perRead := fewest / (2 * exchanges); perRead > 1 {
		t.Errorf("%v allocations for each record read", perRead)
	} else {
		t.Logf("%v allocations for each record read", perRead)
	}
}
