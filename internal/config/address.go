package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Address is "host:port" or "unix:/path", well formed: a host that is an IP address is in its shortest form, a name
// is in lower case, a path is absolute, the port is a number. Two equal addresses are equal strings. The host of a
// listener's address may be empty, which means all of the machine's addresses, and its port 0, which means any.
type Address string

// UnixPath is the path of a unix socket.
func (a Address) UnixPath() (path string, ok bool) { return strings.CutPrefix(string(a), "unix:") }

// HostPort is host and port of an address that is no unix socket, the host without brackets.
func (a Address) HostPort() (host string, port uint16, ok bool) {
	if _, unix := a.UnixPath(); unix || a == "" {
		return "", 0, false
	}
	host, digits, err := net.SplitHostPort(string(a))
	if err != nil {
		return "", 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	return host, uint16(number), err == nil
}

// AddrPort is IP and port of an address that needs no resolving.
func (a Address) AddrPort() (netip.AddrPort, bool) {
	ap, err := netip.ParseAddrPort(string(a))
	return ap, err == nil
}

// Name is host name and port of an address that has to be resolved.
func (a Address) Name() (host string, port uint16, ok bool) {
	host, port, ok = a.HostPort()
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return "", 0, false
	}
	return host, port, ok
}
