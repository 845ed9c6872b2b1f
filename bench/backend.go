//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The backend answers HTTP/1.1 with as little work as there can be, so that
// a proxy in front of it is what a load waits for: one thread, one epoll
// instance, answers written from prepared bytes. It serves every address it
// is given; to a proxy they are separate backends.
type backend struct {
	epoll   int
	conns   []*backendConn // by descriptor
	answers map[string][]byte
	missing []byte
	buf     []byte
	sink    []byte // never touched: what a discarding receive is told to fill
}

// backendMain serves until it is killed.
func backendMain(addresses []string) error {
	runtime.LockOSThread()
	runtime.GOMAXPROCS(2) // with one, the runtime takes the processor away at each wait
	debug.SetGCPercent(400)
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	b := newBackend()
	b.epoll = epoll
	for _, address := range addresses {
		if err := b.listen(address); err != nil {
			return fmt.Errorf("backend %s: %w", address, err)
		}
	}
	return b.serve()
}

func newBackend() *backend {
	return &backend{
		buf:     make([]byte, 64<<10),
		sink:    make([]byte, 1<<20),
		missing: answer("404 Not Found", nil),
		answers: map[string][]byte{
			"/64":      []byte("HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n" + strings.Repeat("x", 25)), // in all
			"/125":     answer("200 OK", bytes.Repeat([]byte("x"), 125)),
			"/16k":     answer("200 OK", bytes.Repeat([]byte("x"), 16<<10)),
			"/1m":      answer("200 OK", bytes.Repeat([]byte("x"), 1<<20)),
			"/upload":  answer("200 OK", nil),
			"/healthz": answer("200 OK", []byte("ok")),
		},
	}
}

// answer builds a whole response.
func answer(status string, body []byte) []byte {
	head := "HTTP/1.1 " + status + "\r\nServer: bench\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n" +
		"Content-Type: text/plain\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	return append([]byte(head), body...)
}

func (b *backend) listen(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(fd, 4096); err != nil {
		return os.NewSyscallError("listen", err)
	}
	return b.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN)
}

func (b *backend) watch(op, fd int, events uint32) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(b.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}))
}

func (b *backend) serve() error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(b.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		for i := range max(n, 0) {
			fd := int(events[i].Fd)
			if fd >= len(b.conns) || b.conns[fd] == nil {
				b.accept(fd)
				continue
			}
			c := b.conns[fd]
			if alive := c.ready(b, events[i].Events); !alive {
				b.conns[fd] = nil
				unix.Close(fd)
			}
		}
	}
}

func (b *backend) accept(listener int) {
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		for fd >= len(b.conns) {
			b.conns = append(b.conns, nil)
		}
		b.conns[fd] = &backendConn{fd: fd}
		if b.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) != nil {
			b.conns[fd] = nil
			unix.Close(fd)
		}
	}
}
