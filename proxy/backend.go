package proxy

import (
	"slices"
	"sync/atomic"
	"time"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/loadreport"
	"spillway/internal/loop"
	"spillway/internal/proxyproto"
	"spillway/internal/transport"
)

// A backend is one address of one pool. It lives as long as any snapshot names
// it: counters, health and idle connections survive reloads.
type backend struct {
	pool      *poolState
	name      string                              // the address as the configuration or the resolver gave it
	host      atomic.Pointer[[]byte]              // for `host: backend`
	transport atomic.Pointer[transport.Transport] // idle connections by another one are not used
	region    atomic.Pointer[string]
	spillway  atomic.Bool // it is another spillway
	load      loadreport.Load
	weight    int     // as configured; guarded by the pool's mutex, like factor
	factor    float64 // of weight, by what the backend says of its load; 0: it has said nothing
	address   loop.Address
	balance   *balancer.Backend
	tracker   *health.Tracker
	workers   []backendWorker // by loop
	retired   atomic.Bool     // no snapshot names it any more
}

// A backendWorker is what one loop has of a backend, apart from what others have.
type backendWorker struct {
	idle      []*backendConn // the most recently used last
	multiplex multiplex      // where requests share connections
	stats     backendStats
	_         [64]byte
}

// maxIdle caps the idle connections of one backend on one loop.
const maxIdle = 512

// A backendConn is a connection to a backend. It belongs to one worker.
type backendConn struct {
	conn      loop.Stream
	transport *transport.Transport // by which it was opened
	backend   *backend
	worker    *worker
	usedAt    int64 // when it last became idle
	served    uint32
	reused    bool // it has served another request before this
}

// freshEnough is how long ago a reused connection may have been used last for
// a request that can not be sent again.
const freshEnough = int64(time.Second)

// takeIdle returns a usable idle connection used no longer than maxAge ago, or nil.
func (b *backend) takeIdle(w *worker, maxAge int64) *backendConn {
	own := &b.workers[w.index]
	now := w.loop.Now()
	for i := len(own.idle) - 1; i >= 0; i-- {
		c := own.idle[i]
		if now-c.usedAt > maxAge {
			return nil
		}
		own.idle = slices.Delete(own.idle, i, i+1)
		// A backend that spoke before it was asked is one answer ahead: its surplus
		// shows after the first exchange.
		if c.transport == b.transport.Load() && c.conn.Busy() && (c.served > 1 || c.conn.Quiet()) {
			return c
		}
		c.conn.Close()
	}
	return nil
}

// keep makes a connection idle, or closes it where it can not be trusted or is not wanted.
func (c *backendConn) keep(patience int64) {
	own := &c.backend.workers[c.worker.index]
	if c.backend.retired.Load() || len(own.idle) >= maxIdle || c.transport.Announces() {
		c.conn.Close()
		return
	}
	if c.transport.Multiplexes() {
		c.conn.Close() // the stream; it has ended
		return
	}
	c.usedAt = c.worker.loop.Now()
	c.conn.SetReadDeadline(deadlineAfter(c.usedAt, patience))
	if !c.conn.Idle(c) {
		c.conn.Close()
		return
	}
	c.served++
	own.idle = append(own.idle, c)
}

// Wake is called by the loop: an idle connection has ended, spoken unasked, or
// idled too long. In any case it is of no use any more.
func (c *backendConn) Wake(loop.Event) {
	own := &c.backend.workers[c.worker.index]
	for i, each := range own.idle {
		if each == c {
			own.idle = append(own.idle[:i], own.idle[i+1:]...)
			break
		}
	}
	c.conn.Close()
}

// closeIdle closes what this loop keeps of the backend.
func (b *backend) closeIdle(w *worker) {
	b.workers[w.index].multiplex.close()
	for own := &b.workers[w.index]; len(own.idle) > 0; {
		own.idle[len(own.idle)-1].conn.Close()
	}
}

// dial opens a connection to an address of the backend's, ready for what the
// transport's protocol says first. from is the client on whose behalf; nil: spillway's own.
func (b *backend) dial(w *worker, t *loop.Task, tr *transport.Transport, to loop.Address, from *client, deadline int64) (loop.Stream, error) {
	began := w.loop.Now()
	socket, err := w.loop.Dial(t, to, deadline)
	if err != nil {
		return nil, err
	}
	w.server.distances.observe(*b.region.Load(), w.loop.Now()-began, w.loop.Now())
	var header proxyproto.Header
	if tr.Announces() {
		header = from.header()
	}
	return tr.Open(t, w.tls, socket, &header, deadline)
}

// connect opens a connection on behalf of a client.
func (b *backend) connect(w *worker, t *loop.Task, from *client, deadline int64) (*backendConn, error) {
	w.backendStats(b).connects++
	tr := b.transport.Load()
	conn, err := b.dial(w, t, tr, b.address, from, deadline)
	if err != nil {
		w.backendStats(b).connectErrors++
		return nil, err
	}
	return &backendConn{conn: conn, transport: tr, backend: b, worker: w}, nil
}

// setPlace notes where the backend stands by a configuration.
func (b *backend) setPlace(c *config.Backend) {
	region := c.Region
	b.region.Store(&region)
	b.spillway.Store(c.Spillway)
	place := health.Place{Region: region}
	if ip := b.address.IP; ip.IsValid() && !ip.Addr().IsLoopback() {
		place.Host = ip.Addr().String()
	}
	b.tracker.SetPlace(place)
}

// setTransport makes the transport that a configuration asks for, or keeps the
// one in use, and with it its connections and TLS sessions, where that is the same.
func (b *backend) setTransport(c *config.Pool, address string) {
	now := transport.New(c, address)
	if was := b.transport.Load(); was == nil || !was.Same(now) {
		b.transport.Store(now)
	}
}
