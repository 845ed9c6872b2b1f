//go:build linux && !portable

package loop

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// systemPaces tells whether new sockets get a congestion control that paces what
// they send: BBR spreads segments over time by a timer for each. That is what it is for on
// a network; over loopback it is the larger part of the cost of moving bytes.
func systemPaces() bool {
	name, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	return err == nil && strings.HasPrefix(string(name), "bbr")
}

// sparePacing has a socket send as fast as its peer takes it. Connections that
// have no network between their ends are given to it, no others.
func sparePacing(fd int) {
	// Of all names this one is known, and allowed to everybody, everywhere (tcp(7)).
	_ = unix.SetsockoptString(fd, syscall.IPPROTO_TCP, unix.TCP_CONGESTION, "reno")
}
