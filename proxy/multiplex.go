package proxy

import (
	"errors"
	"slices"
	"time"

	"spillway/internal/http2"
	"spillway/internal/loop"
	"spillway/internal/transport"
)

// A multiplex is what one loop has of a backend whose connections serve many
// requests at once.
type multiplex struct {
	transport *transport.Transport // by which all of it was opened
	conns     []*http2.ClientConn  // the newest last
	dialing   *sharedDial          // the one under way, if any
}

var (
	errNoStreams     = errors.New("the backend takes no streams")
	errDialAbandoned = errors.New("dial abandoned")
)

// maxDials is how many new connections one request waits for: a backend that
// takes no streams on those takes none at all.
const maxDials = 3

// retiredIdle is how long a connection is kept that was opened for requests to a
// backend which is no more by now: until they have had it.
const retiredIdle = time.Second

// openStream has the request share a connection of this loop, or waits for a new
// one. A reload meanwhile may change how the backend is spoken to.
func (x *exchange) openStream() (err error) {
	m := &x.backend.workers[x.worker.index].multiplex
	began := x.worker.loop.Now()
	deadline := x.until(x.pool.connectTimeout)
	for dials := 0; ; dials++ {
		tr := x.backend.transport.Load()
		if !tr.Multiplexes() {
			return errDialAbandoned
		}
		m.use(tr)
		if conn := m.take(); conn != nil {
			if err = x.openOn(conn, tr, deadline); err == nil {
				x.conn.reused = dials == 0
				return nil
			}
		}
		if dials == maxDials && err == nil {
			err = errNoStreams
		}
		if err == nil {
			err = m.await(x, tr, deadline)
			x.record.connect = x.worker.loop.Now() - began
		}
		if err != nil {
			return err
		}
	}
}

// openOn opens the request's stream. Whether a switch of protocols is possible
// is for the backend's settings to say, so those are waited for.
func (x *exchange) openOn(conn *http2.ClientConn, tr *transport.Transport, deadline int64) error {
	if len(x.request.Upgrade) > 0 {
		if err := conn.AwaitSettings(x.task, deadline); err != nil {
			return err
		}
	}
	s, err := conn.Open()
	if err == nil {
		x.conn = &backendConn{conn: s, transport: tr, backend: x.backend, worker: x.worker}
	}
	return err
}

// use lets connections by another transport end with what runs on them.
func (m *multiplex) use(tr *transport.Transport) {
	if m.transport != tr {
		m.close()
		m.transport, m.dialing = tr, nil
	}
}

// take returns a connection that has room for a stream, or nil.
func (m *multiplex) take() *http2.ClientConn {
	m.conns = slices.DeleteFunc(m.conns, (*http2.ClientConn).Done)
	for i := len(m.conns) - 1; i >= 0; i-- {
		if m.conns[i].CanTakeStream() {
			return m.conns[i]
		}
	}
	return nil
}

// close lets the streams that run end, and the connections with them. A dial goes
// on for those that wait for it.
func (m *multiplex) close() {
	for _, c := range m.conns {
		c.Shutdown()
	}
	m.conns = nil
}

// await returns when the dial that is under way, or that it begins, has ended.
func (m *multiplex) await(x *exchange, tr *transport.Transport, deadline int64) error {
	d := m.dialing
	if d == nil {
		d = &sharedDial{backend: x.backend, worker: x.worker, transport: tr, idle: x.pool.idleTimeout,
			deadline: deadlineAfter(x.worker.loop.Now(), x.pool.connectTimeout)}
		m.dialing = d
		x.worker.loop.Start(d)
	}
	d.waiters = append(d.waiters, x.task)
	for !d.done {
		if err := x.task.Park(deadline); err != nil {
			d.waiters = slices.DeleteFunc(d.waiters, func(t *loop.Task) bool { return t == x.task })
			return err
		}
	}
	return d.err
}

// A sharedDial opens a connection for all requests that wait for one. It is a
// task of its own, for any of them may give up.
type sharedDial struct {
	backend   *backend
	worker    *worker
	transport *transport.Transport
	deadline  int64
	idle      int64 // how long the connection may be unused, in nanoseconds
	waiters   []*loop.Task
	done      bool
	err       error
}

// Run dials and wakes those that wait.
func (d *sharedDial) Run(t *loop.Task) {
	stats := d.worker.backendStats(d.backend)
	stats.connects++
	d.err = errDialAbandoned // what they hear of a panic
	defer d.end()
	conn, err := d.backend.dial(d.worker, t, d.transport, d.backend.address, nil, d.deadline)
	if d.err = err; err != nil {
		stats.connectErrors++
		return
	}
	idle := time.Duration(d.idle)
	if d.backend.retired.Load() {
		idle = retiredIdle
	}
	c := d.worker.h2.NewClientConn(conn, http2.ClientOptions{
		Settings: http2.Settings{MaxHeaderList: responseHeadMax, IdleTimeout: idle},
		Scheme:   d.transport.Scheme(),
	})
	m := &d.backend.workers[d.worker.index].multiplex
	if m.transport != d.transport {
		c.Shutdown() // those that wait open one that is as good as it has to be now
		return
	}
	m.conns = append(m.conns, c)
}

func (d *sharedDial) end() {
	if m := &d.backend.workers[d.worker.index].multiplex; m.dialing == d {
		m.dialing = nil
	}
	d.done = true
	for _, waiter := range d.waiters {
		waiter.Resume()
	}
}
