package loop

import "net/netip"

// A Stream is what code that moves bytes asks of a connection: a [Conn], or
// what stands in for one (TLS over a Conn, one stream of an HTTP/2 connection).
// The contract of each method is Conn's.
type Stream interface {
	Loop() *Loop
	RemoteAddr() netip.AddrPort
	LocalAddr() netip.AddrPort

	Read(t *Task, p []byte) (int, error)
	WaitReadable(t *Task) error
	SetReadDeadline(at int64)
	LastRead() int64

	Write(t *Task, p []byte) (int, error)
	WriteBuffers(t *Task, buffers [][]byte) (int64, error)
	SetWriteDeadline(at int64)

	Idle(w Waker) bool
	Busy() bool
	Quiet() bool
	Watch(t *Task)
	HungUp() bool

	CloseWrite(t *Task) error
	Close()
	Reset()
}

var _ Stream = (*Conn)(nil)

// CanSplice tells whether [Splice] moves bytes between the two without copying them.
func CanSplice(from, to Stream) bool {
	_, plainFrom := from.(*Conn)
	_, plainTo := to.(*Conn)
	return canSplice && plainFrom && plainTo
}

// SpliceReady moves what is there to be read, as [Splice] does, and returns when
// nothing is any more. io.EOF as readErr says that input has ended.
func SpliceReady(t *Task, from, to Stream, writeTimeout int64) (moved int64, readErr, writeErr error) {
	return from.(*Conn).spliceReady(t, to.(*Conn), writeTimeout)
}

// Splice is [Conn.SpliceTo] where [CanSplice] holds; it must not be called elsewhere.
func Splice(t *Task, from, to Stream, n, readTimeout, writeTimeout int64) (moved int64, readErr, writeErr error) {
	return from.(*Conn).SpliceTo(t, to.(*Conn), n, readTimeout, writeTimeout)
}

// Hold announces that a [Splice] from from follows the next WriteBuffers to to,
// so that both may share a segment. It must not be called without [CanSplice].
func Hold(from, to Stream) { to.(*Conn).hold(from.(*Conn)) }
