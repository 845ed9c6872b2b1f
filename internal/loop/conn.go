package loop

// Event says why an idle connection was woken.
type Event uint8

const (
	// Readable: there is input, or the end of it.
	Readable Event = iota
	// Expired: the read deadline has passed.
	Expired
	// Closed: the connection was closed on this side, by the end of its loop or by Close.
	Closed
)

// A Waker is told when something happens on an idle connection.
type Waker interface {
	// Wake is called on the loop, once for each successful [Conn.Idle]. It must not wait; it
	// may start a task. The connection is no longer idle.
	Wake(c *Conn, e Event)
}

// An Acceptor is given the connections of a listener.
type Acceptor interface {
	// Accepted is called on the loop that owns c from now on. It must not wait.
	Accepted(c *Conn)
}
