//go:build linux && !portable

package loop

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxIovecs bounds how many slices one system call takes.
const maxIovecs = 64

// maxGathered is how many bytes of several slices are copied into one.
const maxGathered = 2 << 10

// Write writes all of p, waiting where the socket is full. The count is what
// was taken, also on an error.
func (c *Conn) Write(t *Task, p []byte) (int, error) {
	done := 0
	for done < len(p) {
		t.Yield()
		n, errno := 0, syscall.Errno(0)
		if c.flags&closed == 0 {
			n, errno = c.loop.write(int(c.fd), p[done:])
		}
		wait, err := c.afterWrite(errno)
		if err != nil {
			return done, err
		}
		if !wait {
			done += n
			t.Spend(n)
			continue
		}
		if err := c.waitWritable(t); err != nil {
			return done, err
		}
	}
	return done, nil
}

// WriteBuffers writes all the slices, in order, in as few system calls as the
// socket's room allows. The slices and what they point to stay the caller's and
// are not changed.
func (c *Conn) WriteBuffers(t *Task, buffers [][]byte) (int64, error) {
	done := int64(0)
	skip := 0 // bytes of buffers[0] that are written
	for len(buffers) > 0 {
		t.Yield()
		n, errno := 0, syscall.Errno(0)
		if c.flags&closed == 0 {
			n, errno = c.writev(buffers, skip)
		}
		wait, err := c.afterWrite(errno)
		if err != nil {
			return done, err
		}
		if wait {
			if err := c.waitWritable(t); err != nil {
				return done, err
			}
			continue
		}
		done += int64(n)
		skip += n
		for len(buffers) > 0 && skip >= len(buffers[0]) {
			skip -= len(buffers[0])
			buffers = buffers[1:]
		}
		t.Spend(n)
	}
	return done, nil
}

// afterWrite reads the outcome of a write: wait for room, go on, or fail.
func (c *Conn) afterWrite(errno syscall.Errno) (wait bool, err error) {
	switch {
	case c.flags&closed != 0:
		return false, ErrClosed
	case errno == 0:
		return false, nil
	case errno == syscall.EAGAIN:
		c.flags &^= writable
		return true, nil
	case errno == syscall.EINTR:
		return false, nil
	}
	return false, errno
}

func (c *Conn) writev(buffers [][]byte, skip int) (int, syscall.Errno) {
	if c.flags&held == 0 {
		if n := c.loop.gather(buffers, skip); n > 0 {
			return c.loop.write(int(c.fd), c.loop.small[:n])
		}
	}
	vectors := &c.loop.iovecs
	count := 0
	for _, b := range buffers {
		b = b[skip:]
		skip = 0
		if len(b) == 0 {
			continue
		}
		vectors[count].Base = unsafe.SliceData(b)
		vectors[count].SetLen(len(b))
		if count++; count == maxIovecs {
			break
		}
	}
	if count == 0 {
		return 0, 0
	}
	flags := syscall.MSG_NOSIGNAL
	if c.flags&held != 0 {
		flags |= unix.MSG_MORE
	}
	return c.loop.send(int(c.fd), vectors[:count], flags)
}

// gather copies slices that are small together into one, which costs less than
// having the kernel take them apart; 0 if they are not small.
func (l *Loop) gather(buffers [][]byte, skip int) (n int) {
	for _, b := range buffers {
		if n += len(b); n-skip > len(l.small) {
			return 0
		}
	}
	n = copy(l.small[:], buffers[0][skip:])
	for _, b := range buffers[1:] {
		n += copy(l.small[n:], b)
	}
	return n
}
