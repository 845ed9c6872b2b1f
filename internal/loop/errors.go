package loop

import "errors"

var (
	// ErrTimeout says that a deadline passed before the operation could go on.
	ErrTimeout = errors.New("timed out")
	// ErrClosed says that the connection was closed on this side.
	ErrClosed = errors.New("connection closed")
	// ErrWouldBlock says that there is nothing to read, or no room to write, now.
	ErrWouldBlock = errors.New("operation would block")
	// ErrHangup says that the peer of a watched connection is gone (see [Conn.Watch]).
	ErrHangup = errors.New("peer hung up")
	// ErrStopped says that the loop is ending and that the task must end too.
	ErrStopped = errors.New("loop stopped")
	// ErrNoSplice says that splicing is not possible here, and that the rest has to be copied.
	ErrNoSplice = errors.New("splice not possible")
	// ErrSelfConnect says that a dialled loopback port had no listener and the kernel joined the socket to itself.
	ErrSelfConnect = errors.New("connection refused: the socket was joined to itself")
)
