//go:build linux

package main

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A backendConn reads requests in order and answers each before it looks at
// the next, so pipelined requests are answered in order too.
type backendConn struct {
	fd      int
	early   []byte // input that is not consumed yet
	body    bodyState
	skip    int64  // bytes still to come of the body, or of a chunk with its line end
	reply   []byte // goes out once the body is in
	out     []byte // what the socket has not taken of it
	waiting bool   // for the socket to take more
	last    bool   // close after this answer
}

type bodyState byte

const (
	noBody      bodyState = iota
	lengthBody            // skip bytes are left of it
	chunkedBody           // at a size line when nothing is to be skipped
	trailers              // behind the last chunk
)

// ready handles an event; it reports whether the connection lives on.
func (c *backendConn) ready(b *backend, events uint32) bool {
	if len(c.out) > 0 {
		if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
			return false
		}
		return c.write(b) && c.consume(b, nil)
	}
	if c.body == lengthBody && c.skip >= int64(len(b.buf)) && len(c.early) == 0 {
		return c.discard(b)
	}
	n, err := unix.Read(c.fd, b.buf)
	if err == unix.EAGAIN || err == unix.EINTR {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	return c.consume(b, b.buf[:n])
}

// discard drops bytes of a body inside the kernel: with MSG_TRUNC a TCP
// socket counts them and copies nothing (tcp(7)). It leaves at least one byte
// of the body, which ends it the usual way.
func (c *backendConn) discard(b *backend) bool {
	n, _, err := unix.Recvfrom(c.fd, b.sink[:min(c.skip-1, int64(len(b.sink)))], unix.MSG_TRUNC)
	if err == unix.EAGAIN || err == unix.EINTR {
		return true
	}
	c.skip -= int64(n)
	return err == nil && n > 0
}

// consume takes input as far as it goes and keeps the rest.
func (c *backendConn) consume(b *backend, in []byte) bool {
	if len(c.early) > 0 {
		c.early = append(c.early, in...)
		in = c.early
	}
	for len(in) > 0 && len(c.out) == 0 {
		n, alive := c.step(b, in)
		if !alive {
			return false
		}
		if n == 0 {
			break // more input is needed
		}
		in = in[n:]
	}
	c.early = append(c.early[:0], in...)
	return len(c.early) <= len(b.buf)
}

// step consumes one head, one line or one piece of a body. It returns 0 when
// the input ends within it.
func (c *backendConn) step(b *backend, in []byte) (n int, alive bool) {
	if c.skip > 0 {
		n = int(min(c.skip, int64(len(in))))
		c.skip -= int64(n)
		if c.skip == 0 && c.body == lengthBody {
			return n, c.finish(b)
		}
		return n, true
	}
	if c.body == noBody {
		end := bytes.Index(in, []byte("\r\n\r\n"))
		if end < 0 {
			return 0, true
		}
		return end + 4, c.head(b, in[:end])
	}
	end := bytes.IndexByte(in, '\n')
	if end < 0 {
		return 0, true
	}
	return end + 1, c.line(b, strings.TrimSpace(string(in[:end])))
}

// head takes a request's head without its blank line.
func (c *backendConn) head(b *backend, head []byte) bool {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	target, version, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return false
	}
	c.reply, ok = b.answers[string(target)]
	if !ok {
		c.reply = b.missing
		if string(target) == "/echo" {
			c.reply = answer("200 OK", head)
		}
	}
	c.last = string(version) == "HTTP/1.0"
	for len(fields) > 0 {
		var field []byte
		field, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		if !c.field(field) {
			return false
		}
	}
	if c.body == noBody || c.body == lengthBody && c.skip == 0 {
		return c.finish(b)
	}
	return true
}

// field notes what decides over the body and the connection.
func (c *backendConn) field(field []byte) bool {
	colon := bytes.IndexByte(field, ':')
	if colon < 0 {
		return false
	}
	name, value := field[:colon], bytes.TrimSpace(field[colon+1:])
	switch {
	case len(name) == 14 && bytes.EqualFold(name, []byte("Content-Length")):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 || c.body != noBody {
			return false
		}
		c.body, c.skip = lengthBody, n
	case len(name) == 17 && bytes.EqualFold(name, []byte("Transfer-Encoding")):
		if c.body != noBody || !bytes.EqualFold(value, []byte("chunked")) {
			return false
		}
		c.body = chunkedBody
	case len(name) == 10 && bytes.EqualFold(name, []byte("Connection")):
		c.last = c.last && !bytes.EqualFold(value, []byte("keep-alive")) || bytes.EqualFold(value, []byte("close"))
	}
	return true
}

// line takes a chunk's size line or a trailer line.
func (c *backendConn) line(b *backend, line string) bool {
	if c.body == trailers {
		return line != "" || c.finish(b)
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 63)
	if err != nil || n < 0 {
		return false
	}
	if n == 0 {
		c.body = trailers
		return true
	}
	c.skip = n + 2
	return true
}

// finish answers the request that is now wholly read.
func (c *backendConn) finish(b *backend) bool {
	c.body, c.out = noBody, c.reply
	return c.write(b)
}

func (c *backendConn) write(b *backend) bool {
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			if c.waiting {
				return true
			}
			c.waiting = true
			return b.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLOUT) == nil
		}
		if err != nil {
			return false
		}
		c.out = c.out[n:]
	}
	if c.last {
		return false
	}
	if c.waiting {
		c.waiting = false
		return b.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN) == nil
	}
	return true
}
