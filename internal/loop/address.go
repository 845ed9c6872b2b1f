package loop

import (
	"fmt"
	"net/netip"
	"strings"
)

// An Address is where to connect to: an IP address and port, or a unix socket.
// It is immutable and comparable.
type Address struct {
	IP   netip.AddrPort
	Path string // of a unix socket; empty for IP
}

// ParseAddress reads "ip:port", "[ip]:port" or "unix:/path". Host names are not
// resolved here.
func ParseAddress(s string) (Address, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if path == "" {
			return Address{}, fmt.Errorf("address %q: empty socket path", s)
		}
		return Address{Path: path}, nil
	}
	ip, err := netip.ParseAddrPort(s)
	if err != nil {
		return Address{}, fmt.Errorf("address %q: %w", s, err)
	}
	return Address{IP: netip.AddrPortFrom(ip.Addr().Unmap(), ip.Port())}, nil
}

func (a Address) String() string {
	if a.Path != "" {
		return "unix:" + a.Path
	}
	return a.IP.String()
}

// splitListenAddress turns "host:port" or "unix:/path" into the network and
// address that package net takes.
func splitListenAddress(s string) (network, address string) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return "unix", path
	}
	return "tcp", s
}

// selfConnected tells whether the kernel joined a socket to itself: a dialled
// local port without a listener can be the one that the kernel chose to dial from.
func selfConnected(local, remote netip.AddrPort) bool {
	if !remote.IsValid() || local.Port() != remote.Port() {
		return false
	}
	return local.Addr() == remote.Addr() || remote.Addr().IsUnspecified()
}
