//go:build linux && !portable

package loop

import (
	"net/netip"
	"syscall"
)

func (l *Loop) dialOnce(t *Task, to Address, deadline int64) (*Conn, error) {
	if l.stopping {
		return nil, ErrStopped
	}
	fd, address, err := l.socketFor(to)
	if err != nil {
		return nil, err
	}
	err = syscall.Connect(fd, address)
	if err != nil && err != syscall.EINPROGRESS && err != syscall.EINTR {
		_ = syscall.Close(fd)
		return nil, err
	}
	c, registerErr := newConn(l, fd, to.IP, 0)
	if registerErr != nil {
		_ = syscall.Close(fd)
		return nil, registerErr
	}
	if err == nil {
		return c, nil
	}
	if err := c.finishConnect(t, deadline); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) finishConnect(t *Task, deadline int64) error {
	c.SetWriteDeadline(deadline)
	for c.flags&writable == 0 {
		if err := c.waitWritable(t); err != nil {
			return err
		}
	}
	c.SetWriteDeadline(0)
	code, err := syscall.GetsockoptInt(int(c.fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err != nil {
		return err
	}
	if code != 0 {
		return syscall.Errno(code)
	}
	if selfConnected(c.LocalAddr(), c.remote) {
		return ErrSelfConnect
	}
	return nil
}

func (l *Loop) socketFor(to Address) (fd int, address syscall.Sockaddr, err error) {
	const kind = syscall.SOCK_STREAM | syscall.SOCK_NONBLOCK | syscall.SOCK_CLOEXEC
	if to.Path != "" {
		fd, err = syscall.Socket(syscall.AF_UNIX, kind, 0)
		return fd, &syscall.SockaddrUnix{Name: to.Path}, err
	}
	family := syscall.AF_INET6
	if to.IP.Addr().Is4() {
		family = syscall.AF_INET
		address = &syscall.SockaddrInet4{Port: int(to.IP.Port()), Addr: to.IP.Addr().As4()}
	} else {
		address = &syscall.SockaddrInet6{Port: int(to.IP.Port()), Addr: to.IP.Addr().As16(), ZoneId: zoneIndex(to.IP.Addr().Zone())}
	}
	if fd, err = syscall.Socket(family, kind, 0); err != nil {
		return -1, nil, err
	}
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	if l.paces && to.IP.Addr().Unmap().IsLoopback() {
		sparePacing(fd)
	}
	return fd, address, nil
}

func fromSockaddr(a syscall.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}
