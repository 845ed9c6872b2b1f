package tlsconn

import "spillway/internal/loop"

// Write writes all of p, waiting where the socket is full. The count is what
// was taken, also on an error. What was taken and not sent yet goes out with
// the next write or at the next chance.
func (c *Conn) Write(t *loop.Task, p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if err := c.beforeWrite(t); err != nil {
			return done, err
		}
		n := min(len(p)-done, batchRecords*maxPlaintext)
		var err error
		if n <= maxPlaintext {
			n, err = c.tls.Write(p[done : done+n])
		} else {
			c.beginBatch()
			n, err = c.tls.Write(p[done : done+n])
			c.sendBatch()
		}
		done += n
		if err = c.afterWrite(t, n, err); err != nil {
			return done, err
		}
	}
	return done, nil
}

// WriteBuffers writes all the slices, in order. Small ones share a record. The
// slices and what they point to stay the caller's and are not changed.
func (c *Conn) WriteBuffers(t *loop.Task, buffers [][]byte) (int64, error) {
	if len(buffers) == 1 {
		n, err := c.Write(t, buffers[0])
		return int64(n), err
	}
	done := int64(0)
	rest := gathering{buffers: buffers}
	for !rest.empty() {
		if err := c.beforeWrite(t); err != nil {
			return done, err
		}
		n, err := c.writeBatch(&rest)
		done += int64(n)
		if err = c.afterWrite(t, n, err); err != nil {
			return done, err
		}
	}
	return done, nil
}

// writeBatch encrypts as many slices as fill a batch.
func (c *Conn) writeBatch(rest *gathering) (done int, err error) {
	first := rest.next(c.worker.gather)
	if rest.empty() {
		return c.tls.Write(first)
	}
	c.beginBatch()
	defer c.sendBatch()
	for records := 1; ; records++ {
		n, err := c.tls.Write(first)
		done += n
		if err != nil || records == batchRecords || rest.empty() {
			return done, err
		}
		first = rest.next(c.worker.gather)
	}
}

// beforeWrite waits until what was written before is gone.
func (c *Conn) beforeWrite(t *loop.Task) error {
	t.Yield()
	if err := c.usable(); err != nil {
		return err
	}
	if len(c.out) == 0 && c.writeErr == nil {
		return nil
	}
	if err := c.flush(t); err != nil {
		return err
	}
	return c.usable()
}

// afterWrite waits until the socket has taken what crypto/tls has written of n bytes.
func (c *Conn) afterWrite(t *loop.Task, n int, err error) error {
	switch {
	case c.writeErr != nil:
		return c.writeErr
	case err != nil:
		return err
	case len(c.out) > 0:
		return c.flush(t)
	}
	t.Spend(n)
	return nil
}

// A gathering makes slices into parts of one record each.
type gathering struct {
	buffers [][]byte
	skip    int // bytes of the first that are done
}

// empty tells whether nothing is left. Empty slices are passed over.
func (g *gathering) empty() bool {
	for len(g.buffers) > 0 && g.skip == len(g.buffers[0]) {
		g.buffers, g.skip = g.buffers[1:], 0
	}
	return len(g.buffers) == 0
}

// next returns what goes into the next record, which is valid until the call
// after it: a part of a slice where that fills the record or is all that is left,
// else several slices copied into room. It must not be called when empty.
func (g *gathering) next(room []byte) []byte {
	first := g.buffers[0][g.skip:]
	if n := min(len(first), maxPlaintext); n == maxPlaintext || len(g.buffers) == 1 {
		g.skip += n
		return first[:n]
	}
	room = room[:0]
	for len(room) < maxPlaintext && !g.empty() {
		n := min(len(g.buffers[0])-g.skip, maxPlaintext-len(room))
		room = append(room, g.buffers[0][g.skip:g.skip+n]...)
		g.skip += n
	}
	return room
}
