//go:build !unix

package loop

import "time"

// writeNow writes what there is room for; os.ErrDeadlineExceeded where there is
// none. Package net finds that out by a wait as short as may be.
func (c *Conn) writeNow(p []byte) (n int, err error) {
	_ = c.net.SetWriteDeadline(time.Now().Add(grace))
	c.writeCut = true
	return c.net.Write(p)
}
