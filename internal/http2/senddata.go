package http2

import "spillway/internal/loop"

// sendData sends p as DATA within the windows of the stream and the connection,
// and waits where they or the connection's output are full. Streams that wait
// for the same take turns, a frame each.
func (s *Stream) sendData(t *loop.Task, p []byte) (done int, err error) {
	c := s.conn
	s.sendsHead = false
	for done < len(p) {
		if err := s.waitTurn(t); err != nil {
			return done, err
		}
		most := int(min(s.window, c.window, int64(c.out.room())))
		n, at := c.out.data(s.id, p[done:], most, s.lastFrame)
		s.lastFrame = at
		s.window -= int64(n)
		c.window -= int64(n)
		c.spending.earn(WindowFlood, int32(1+n>>10))
		c.spending.earn(PingFlood, 1)
		done += n
		c.flush()
		c.hasSent(s, done < len(p))
	}
	return done, nil
}

// waitTurn waits until at least one byte of DATA may be sent by this stream.
func (s *Stream) waitTurn(t *loop.Task) error {
	c := s.conn
	for {
		if err := s.writeError(); err != nil {
			c.dequeue(s)
			c.giveTurn(s)
			return err
		}
		switch {
		case s.queued:
		case s.window <= 0:
			c.giveTurn(s)
		case c.granted == s && c.roomFor(s):
			return nil
		case c.granted == s:
			c.granted = nil
			c.enqueue(s)
		case c.granted == nil && len(c.queue) == 0 && c.roomFor(s):
			return nil
		default:
			c.enqueue(s)
		}
		if err := s.waitWrite(t); err != nil {
			return err
		}
	}
}

// waitRoomForHead waits until a head may be sent.
func (s *Stream) waitRoomForHead(t *loop.Task) error {
	c := s.conn
	s.sendsHead = true
	for !c.roomFor(s) {
		if c.granted == s {
			c.granted = nil
		}
		c.enqueue(s)
		if err := s.waitWrite(t); err != nil {
			return err
		}
		if err := s.writeError(); err != nil {
			c.giveTurn(s)
			return err
		}
	}
	c.giveTurn(s)
	return nil
}

// waitWrite waits to be given the turn, or for a window to move. An error leaves
// neither a place in the queue nor the turn behind.
func (s *Stream) waitWrite(t *loop.Task) error {
	c := s.conn
	s.writer = t
	err := t.Park(s.writeDeadline)
	s.writer = nil
	c.dequeue(s)
	if err == loop.ErrTimeout && (s.writeDeadline == 0 || s.writeDeadline > c.worker.loop.Now()) {
		return nil // the deadline has been moved
	}
	if err != nil {
		c.giveTurn(s)
	}
	return err
}
