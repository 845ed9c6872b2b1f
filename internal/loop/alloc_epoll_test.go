//go:build linux && !portable && !race

package loop

import (
	"testing"
	"time"
)

const exchanges = 1000

// pingPong makes exchanges, each a read and a write with deadlines on both sides.
type pingPong struct {
	t       *testing.T
	c       *Conn
	buffer  []byte
	vectors [][]byte
	answers bool
	done    chan struct{}
}

func (p *pingPong) Run(task *Task) {
	l := task.Loop()
	for range exchanges {
		if !p.answers {
			p.write(task)
		}
		p.c.SetReadDeadline(l.Now() + int64(time.Minute))
		if _, err := p.c.Read(task, p.buffer); err != nil {
			p.t.Error(err)
			break
		}
		if p.answers {
			p.write(task)
		}
	}
	p.done <- struct{}{}
}

func (p *pingPong) write(task *Task) {
	p.c.SetWriteDeadline(task.Loop().Now() + int64(time.Minute))
	if _, err := p.c.WriteBuffers(task, p.vectors); err != nil {
		p.t.Error(err)
	}
}

// fewestAllocations is what f allocates itself: now and then the Go runtime
// allocates beside it, and is counted, too.
func fewestAllocations(f func()) float64 {
	fewest := testing.AllocsPerRun(1, f)
	for range 9 {
		fewest = min(fewest, testing.AllocsPerRun(1, f))
	}
	return fewest
}

func TestExchangesDoNotAllocate(t *testing.T) {
	g := newGroup(t, 1)
	l := g.Loops()[0]
	arrived := make(chan *Conn, 1)
	ln, err := g.Listen("127.0.0.1:0", acceptor(func(c *Conn) { arrived <- c }))
	if err != nil {
		t.Fatal(err)
	}
	var dialled *Conn
	onTask(t, l, func(task *Task) {
		if dialled, err = l.Dial(task, addressOf(ln.Addr()), 0); err != nil {
			t.Error(err)
		}
	})
	done := make(chan struct{}, 2)
	side := func(c *Conn, answers bool) *pingPong {
		return &pingPong{t, c, make([]byte, 64), [][]byte{[]byte("head"), []byte("body")}, answers, done}
	}
	ping, pong := side(dialled, false), side(<-arrived, true)
	begin := func() { l.Start(ping); l.Start(pong) }
	round := func() {
		l.Post(begin)
		<-done
		<-done
	}
	round()
	if n := fewestAllocations(round); n != 0 {
		t.Errorf("%v allocations in %d exchanges, task starts included", n, exchanges)
	}
}

// An idleness is one client that comes back again and again.
type idleness struct {
	t      *testing.T
	buffer []byte
	left   int
	done   chan struct{}
	c      *Conn
	other  *Conn
}

func (i *idleness) Wake(e Event) {
	if e == Readable {
		i.c.Loop().Start(i)
	}
}

func (i *idleness) Run(task *Task) {
	if _, err := i.c.Read(task, i.buffer); err != nil {
		i.t.Error(err)
	}
	if i.left--; i.left == 0 {
		i.done <- struct{}{}
		return
	}
	i.rest(task)
}

func (i *idleness) rest(task *Task) {
	i.c.SetReadDeadline(task.Loop().Now() + int64(time.Minute))
	if !i.c.Idle(i) {
		i.t.Error("would not idle")
	}
	if _, err := i.other.Write(task, i.buffer[:1]); err != nil {
		i.t.Error(err)
	}
}

// A starter begins an idleness.
type starter struct{ *idleness }

func (s starter) Run(task *Task) { s.left = exchanges; s.rest(task) }

func TestWakingAnIdleConnectionDoesNotAllocate(t *testing.T) {
	g := newGroup(t, 1)
	l := g.Loops()[0]
	arrived := make(chan *Conn, 1)
	ln, err := g.Listen("127.0.0.1:0", acceptor(func(c *Conn) { arrived <- c }))
	if err != nil {
		t.Fatal(err)
	}
	i := &idleness{t: t, buffer: make([]byte, 16), done: make(chan struct{}, 1)}
	onTask(t, l, func(task *Task) {
		if i.other, err = l.Dial(task, addressOf(ln.Addr()), 0); err != nil {
			t.Error(err)
		}
	})
	i.c = <-arrived
	var first Runner = starter{i}
	begin := func() { l.Start(first) }
	round := func() { l.Post(begin); <-i.done }
	round()
	if n := fewestAllocations(round); n != 0 {
		t.Errorf("%v allocations in %d wake-ups", n, exchanges)
	}
}
