package tlsconn

import (
	"crypto/tls"
	"errors"
	"net/netip"

	"spillway/internal/loop"
)

var (
	// errDeaf says that the peer asks for answers and does not read them.
	errDeaf = errors.New("tls: the peer does not read what it asked for")
	// errCut is what crypto/tls hears of an end without close_notify.
	errCut = errors.New("tls: ended without close_notify")
	// errNoHandshake says that Handshake has not succeeded.
	errNoHandshake = errors.New("tls: used without a handshake")
)

// A Conn is TLS over a [Transport], which it owns. It is a [loop.Stream]: the
// contracts of [loop.Conn] hold, of the plaintext. [Conn.Handshake] comes first.
//
// An end of input without the peer's close_notify is io.ErrUnexpectedEOF: a cut.
type Conn struct {
	wire
	tls      *tls.Conn
	waker    loop.Waker
	inputErr error // what every further read returns
	isClient bool
	ready    bool // the handshake is done
	closed   bool
	ended    bool // close_notify is sent
	unsure   bool // crypto/tls may hold input that was not read
	peeked   bool // there is one byte of plaintext, ahead of what crypto/tls holds
	peek     [1]byte
}

var _ loop.Stream = (*Conn)(nil)

// Server makes the server's side of TLS. What was read from the connection
// before is preread, which then is the Conn's.
func (w *Worker) Server(under Transport, config *tls.Config, preread []byte) *Conn {
	c := w.newConn(under, preread)
	c.tls = tls.Server(&c.wire, config)
	return c
}

// Client makes the client's side of TLS.
func (w *Worker) Client(under Transport, config *tls.Config) *Conn {
	c := w.newConn(under, nil)
	c.tls = tls.Client(&c.wire, config)
	c.isClient = true
	return c
}

func (w *Worker) newConn(under Transport, preread []byte) *Conn {
	return &Conn{wire: wire{under: under, worker: w, preread: preread}, unsure: true}
}

// Loop returns the connection's loop.
func (c *Conn) Loop() *loop.Loop { return c.under.Loop() }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.under.RemoteAddr() }

// LocalAddr is this side's address.
func (c *Conn) LocalAddr() netip.AddrPort { return c.under.LocalAddr() }

// LastRead is when ciphertext was last taken from the connection; 0 if never.
func (c *Conn) LastRead() int64 { return c.under.LastRead() }

// SetReadDeadline sets when a waiting Read ends, and when an idle connection expires.
func (c *Conn) SetReadDeadline(at int64) { c.under.SetReadDeadline(at) }

// SetWriteDeadline sets when a waiting Write ends.
func (c *Conn) SetWriteDeadline(at int64) { c.under.SetWriteDeadline(at) }

// HungUp tells whether the peer has reset the connection or ended both directions.
func (c *Conn) HungUp() bool { return c.under.HungUp() }

// Watch has t interrupted with [loop.ErrHangup] when the peer is gone.
func (c *Conn) Watch(t *loop.Task) { c.under.Watch(t) }

// State describes the connection after the handshake. It is crypto/tls's own: not to be changed.
func (c *Conn) State() tls.ConnectionState { return c.tls.ConnectionState() }

// usable returns why nothing can be read or written, if so.
func (c *Conn) usable() error {
	switch {
	case c.closed:
		return loop.ErrClosed
	case !c.ready:
		return errNoHandshake
	}
	return nil
}

// CloseWrite sends close_notify, when all that was written has gone out, and
// ends this side's direction. The other one goes on.
func (c *Conn) CloseWrite(t *loop.Task) error {
	if err := c.usable(); err != nil {
		return err
	}
	if err := c.flush(t); err != nil {
		return err
	}
	c.endOutput()
	if err := c.flush(t); err != nil {
		return err
	}
	return c.under.CloseWrite(t)
}

// endOutput has crypto/tls write a close_notify, once.
func (c *Conn) endOutput() {
	if !c.ended && !c.closed {
		c.ended = true
		_ = c.tls.CloseWrite()
	}
}

// Close closes the connection, after a close_notify if that can be sent without waiting.
func (c *Conn) Close() {
	if c.closed {
		return
	}
	if c.ready {
		c.tryFlush()
		if len(c.out) == 0 {
			c.endOutput()
		}
	}
	c.shut()
	c.under.Close()
}

// Reset closes the connection so that the peer sees a reset, and no close_notify.
func (c *Conn) Reset() {
	if !c.closed {
		c.shut()
	}
	c.under.Reset()
}

// shut gives back what the connection holds. What a task is writing stays its own.
func (c *Conn) shut() {
	c.closed = true
	c.preread = nil
	if !c.flushing {
		c.drop(len(c.out))
	}
}
