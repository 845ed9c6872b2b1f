//go:build linux && !portable

package loop

import (
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// canSplice tells whether [Conn.SpliceTo] moves bytes without copying them.
const canSplice = true

const (
	maxFreePipes = 64
	spliceFlags  = unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK
)

// A pipe is where spliced bytes are between two sockets.
type pipe struct {
	r, w int
	held int // bytes inside
	size int
	room int64 // taken of pipeRoom
}

// pipeSizes are how large a pipe is tried to be, the best first: what goes
// through at once costs the fewer system calls, acknowledgements and wake-ups. Where
// none is to be had the kernel's own size has to do.
var pipeSizes = [...]int{1 << 20, 256 << 10}

var pageSize = os.Getpagesize()

// pipeRoom is what all pipes of the process may be enlarged to together. A user
// without privileges who has more than 64 MiB gets hardly any pipe at all (pipe(7)).
var pipeRoom atomic.Int64

func init() { pipeRoom.Store(48 << 20) }

// enlarge makes the pipe as large as can be.
func (p *pipe) enlarge() {
	for _, size := range pipeSizes {
		if pipeRoom.Add(-int64(size)) >= 0 {
			if got, err := unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, size); err == nil {
				p.size, p.room = got, int64(size)
				return
			}
		}
		pipeRoom.Add(int64(size))
	}
	if size, err := unix.FcntlInt(uintptr(p.w), unix.F_GETPIPE_SZ, 0); err == nil {
		p.size = size
	}
}

// slots is how many pieces of segments the pipe holds: one a page of its size.
// With fewer bytes inside it can not be what ended a splice.
func (p *pipe) slots() int { return p.size / pageSize }

// A pipePool keeps empty pipes of a loop.
type pipePool struct{ free []*pipe }

func (p *pipePool) take() (*pipe, error) {
	if n := len(p.free); n > 0 {
		got := p.free[n-1]
		p.free = p.free[:n-1]
		return got, nil
	}
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	got := &pipe{r: fds[0], w: fds[1], size: 64 << 10}
	got.enlarge()
	return got, nil
}

func (p *pipePool) put(got *pipe) {
	if got.held != 0 || len(p.free) >= maxFreePipes {
		got.close()
		return
	}
	p.free = append(p.free, got)
}

func (p *pipePool) close() {
	for _, each := range p.free {
		each.close()
	}
	p.free = nil
}

func (p *pipe) close() {
	pipeRoom.Add(p.room)
	_ = syscall.Close(p.r)
	_ = syscall.Close(p.w)
}

// SpliceTo moves n bytes (n < 0: all until the end of input) from c to dst
// without copying them through this process. It returns how many dst has taken,
// and apart from each other what went wrong on the reading and on the writing
// side; io.EOF says that input ended before n bytes. Each wait lasts at
// most that side's timeout in nanoseconds (0: for ever); c's read deadline and
// dst's write deadline serve for that, and are to be set anew afterwards. ErrNoSplice says that no
// pipe was to be had, or that there is urgent data, which ends every splice: copy what is left instead.
func (c *Conn) SpliceTo(t *Task, dst *Conn, n, readTimeout, writeTimeout int64) (moved int64, readErr, writeErr error) {
	defer dst.letGo()
	for n < 0 || moved < n {
		if c.flags&urgent != 0 {
			return moved, ErrNoSplice, nil
		}
		if c.flags&(readable|closed) != readable {
			dst.letGo()
			c.SetReadDeadline(after(c.loop.now, readTimeout))
			if err := c.waitReadable(t); err != nil {
				return moved, err, nil
			}
		}
		p, err := c.loop.pipes.take()
		if err != nil {
			return moved, ErrNoSplice, nil
		}
		sent, readErr, writeErr := c.spliceThrough(t, p, dst, n-moved, writeTimeout)
		c.loop.pipes.put(p)
		moved += sent
		if readErr == io.EOF && n < 0 {
			return moved, nil, nil
		}
		if readErr != nil || writeErr != nil {
			return moved, readErr, writeErr
		}
	}
	return moved, nil, nil
}

// spliceReady moves what is there to read now.
func (c *Conn) spliceReady(t *Task, dst *Conn, writeTimeout int64) (moved int64, readErr, writeErr error) {
	if c.flags&urgent != 0 {
		return 0, ErrNoSplice, nil
	}
	p, err := c.loop.pipes.take()
	if err != nil {
		return 0, ErrNoSplice, nil
	}
	defer dst.letGo()
	defer c.loop.pipes.put(p)
	return c.spliceThrough(t, p, dst, -1, writeTimeout)
}

// spliceThrough moves what is there to read, n bytes at most (n < 0: all).
func (c *Conn) spliceThrough(t *Task, p *pipe, dst *Conn, n, timeout int64) (moved int64, readErr, writeErr error) {
	for n < 0 || moved < n {
		t.Yield()
		want := p.size
		if n >= 0 {
			want = int(min(n-moved, int64(want)))
		}
		if more, err := c.spliceIn(p, want); err != nil || !more {
			return moved, err, nil
		}
		// A whole piece is seldom the last one.
		hold := p.held == want && (n < 0 || moved+int64(want) < n)
		sent, err := dst.spliceOut(t, p, hold, timeout)
		moved += sent
		if err != nil {
			return moved, nil, err
		}
		if c.flags&readable == 0 {
			break
		}
	}
	return moved, nil, nil
}

// spliceIn fills an empty pipe; more is false when there is nothing to read now.
func (c *Conn) spliceIn(p *pipe, want int) (more bool, err error) {
	for {
		if c.flags&closed != 0 {
			return false, ErrClosed
		}
		n, errno := c.loop.splice(int(c.fd), p.w, want, 0)
		switch {
		case errno == syscall.EAGAIN:
			if c.flags&urgent == 0 {
				c.flags &^= readable
			}
			return false, nil
		case errno == syscall.EINTR:
		case errno != 0:
			return false, errno
		case n == 0:
			return false, io.EOF
		default:
			p.held += n
			c.lastRead = c.loop.now
			if n < min(want, p.slots()) && c.flags&(readEnd|urgent) == 0 {
				c.flags &^= readable
			}
			return true, nil
		}
	}
}

// spliceOut empties the pipe into the connection. With hold the kernel may keep
// back what is not a full segment, for more to come or for letGo.
func (c *Conn) spliceOut(t *Task, p *pipe, hold bool, timeout int64) (sent int64, err error) {
	flags := 0
	c.flags &^= held
	if hold {
		flags = unix.SPLICE_F_MORE
		c.flags |= held
	}
	for p.held > 0 {
		if c.flags&closed != 0 {
			return sent, ErrClosed
		}
		n, errno := c.loop.splice(p.r, int(c.fd), p.held, flags)
		switch {
		case errno == syscall.EAGAIN:
			c.flags &^= writable
			c.SetWriteDeadline(after(c.loop.now, timeout))
			if err := c.waitWritable(t); err != nil {
				return sent, err
			}
		case errno == syscall.EINTR:
		case errno != 0:
			return sent, errno
		default:
			p.held -= n
			sent += int64(n)
			t.Spend(n)
		}
	}
	return sent, nil
}

// hold has the kernel keep back an unfilled segment of the next write for what
// a splice from from adds to it at once. Without a splice behind it the segment
// leaves only after the kernel's patience of 200 ms.
func (c *Conn) hold(from *Conn) {
	if from.flags&(readable|closed) == readable {
		c.flags |= held
	}
}

// letGo sends what the kernel holds back.
func (c *Conn) letGo() {
	if c.flags&(held|closed) == held {
		_ = syscall.SetsockoptInt(int(c.fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	c.flags &^= held
}

func after(now, timeout int64) int64 {
	if timeout == 0 {
		return 0
	}
	return now + timeout
}

func (k *kernel) splice(from, to, n, flags int) (int, syscall.Errno) {
	k.calls.IO++
	moved, _, errno := syscall.RawSyscall6(syscall.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(n), uintptr(spliceFlags|flags))
	if errno != 0 {
		return 0, errno
	}
	return int(moved), 0
}
