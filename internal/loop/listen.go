package loop

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// listenNet opens a listening socket by package net. A unix socket's file is
// left to the caller to remove; one that nobody listens on is replaced.
func listenNet(address string) (ln net.Listener, path string, err error) {
	network, where := splitListenAddress(address)
	// Multipath TCP is for those who ask for it: its sockets are slower to accept and do not splice.
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	ln, err = config.Listen(context.Background(), network, where)
	if network != "unix" {
		return ln, "", err
	}
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(where) {
		if err := os.Remove(where); err != nil {
			return nil, "", err
		}
		ln, err = config.Listen(context.Background(), network, where)
	}
	if err != nil {
		return nil, "", err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	return ln, where, nil
}

// abandoned tells whether a unix socket's file has no process behind it.
func abandoned(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		_ = c.Close()
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
