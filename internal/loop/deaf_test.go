//go:build unix

package loop

import (
	"net"
	"os"
	"syscall"
	"testing"
)

// deaf listens with the smallest backlog and never accepts.
func deaf(t *testing.T, address string) Address {
	t.Helper()
	fd, to := deafSocket(t, address)
	t.Cleanup(func() { syscall.Close(fd) })
	return to
}

func deafSocket(t *testing.T, address string) (fd int, to Address) {
	t.Helper()
	network, where := splitListenAddress(address)
	ln, err := net.Listen(network, where)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	file, err := ln.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if fd, err = syscall.Dup(int(file.Fd())); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	return fd, addressOf(ln.Addr())
}
