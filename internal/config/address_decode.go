package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// addressUse is what an address is for, which decides what it may leave open.
type addressUse uint8

const (
	listenerAddress addressUse = iota
	backendAddress
)

// maxSocketPath is the longest path that Linux takes for a unix socket (unix(7), less the final NUL).
const maxSocketPath = 107

// address decodes "host:port" or "unix:/path".
func (v value) address(dst *Address, use addressUse) bool {
	text, ok := v.scalar("an address such as 10.0.0.1:80 or unix:/path", "!!str", "!!int", "!!float")
	if !ok {
		return false
	}
	address, complaint := v.d.parseAddress(text, use)
	if complaint != "" {
		v.errorf("%s", complaint)
		return false
	}
	if use == listenerAddress {
		v.d.claim(address, v)
	}
	*dst = address
	return true
}

func (d *decoder) parseAddress(text string, use addressUse) (address Address, complaint string) {
	if text == "" {
		return "", "the address is empty"
	}
	if complaint := complainPath(text); complaint != "" {
		return "", complaint
	}
	if path, unix := strings.CutPrefix(text, "unix:"); unix {
		return d.unixAddress(path)
	}
	return hostPortAddress(text, use)
}

func (d *decoder) unixAddress(path string) (Address, string) {
	if path == "" {
		return "", "the path of the unix socket is empty"
	}
	path, err := d.absolute(path)
	switch {
	case err != nil:
		return "", err.Error()
	case len(path) > maxSocketPath:
		return "", fmt.Sprintf("%q is too long for a unix socket, the most is %d bytes", clip(path), maxSocketPath)
	}
	return Address("unix:" + path), ""
}

func hostPortAddress(text string, use addressUse) (Address, string) {
	if scheme, rest, found := strings.Cut(text, "://"); found {
		return "", fmt.Sprintf("an address has no %q; use %q", scheme+"://", strings.TrimRight(rest, "/"))
	}
	if complaint := withoutPort(text, use); complaint != "" {
		return "", complaint
	}
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Sprintf("%q is no address; use host:port or unix:/path", clip(text))
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	switch {
	case err != nil || digits[0] == '+':
		return "", fmt.Sprintf("%q is not a port; use a number from 1 to 65535", clip(digits))
	case port == 0 && use == backendAddress:
		return "", "port 0 cannot be connected to"
	case host == "" && use == backendAddress:
		return "", fmt.Sprintf("%q has no host", text)
	}
	host, complaint := normalHost(host)
	if complaint != "" {
		return "", complaint
	}
	return Address(net.JoinHostPort(host, strconv.FormatUint(port, 10))), ""
}

// withoutPort finds the hosts that come without a port, for which there is a better answer than "no address".
func withoutPort(text string, use addressUse) string {
	if strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
		return fmt.Sprintf("%q: an IPv6 address needs brackets and a port, as in \"[::1]:80\"", clip(text))
	}
	if ip, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return fmt.Sprintf("%q has no port; use a form such as %q", text, net.JoinHostPort(ip.String(), "80"))
	}
	if strings.Contains(text, ":") {
		return ""
	}
	if _, err := strconv.ParseUint(text, 10, 16); err == nil && use == listenerAddress {
		return fmt.Sprintf("%q is no address; use %q", text, ":"+text)
	}
	return fmt.Sprintf("%q has no port; use a form such as %q", clip(text), clip(text)+":80")
}

// normalHost brings a host into the form that Address promises. Empty and * are all addresses.
func normalHost(host string) (normal, complaint string) {
	if host == "" || host == "*" {
		return "", ""
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String(), ""
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if !isHostName(name) {
		return "", fmt.Sprintf("%q is neither an IP address nor a host name", clip(host))
	}
	return name, ""
}

// isHostName is RFC 1123, section 2.1, with the underscores that people use all the same.
func isHostName(name string) bool {
	const longestName, longestLabel = 253, 63
	if name == "" || len(name) > longestName {
		return false
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > longestLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !isAlphanumeric(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	// A last label of digits only is an IP address that went wrong.
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// prefixes decodes a list of networks, an address alone being a network of one.
func (v value) prefixes(dst *[]netip.Prefix) {
	v.list(func(v value) {
		var text string
		if !v.text(&text, false) {
			return
		}
		prefix, err := netip.ParsePrefix(text)
		if ip, ipErr := netip.ParseAddr(text); ipErr == nil && ip.Zone() == "" {
			prefix, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			v.errorf("%q is not a network; use a form such as 10.0.0.0/8", clip(text))
			return
		}
		if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
		}
		*dst = append(*dst, prefix.Masked())
	})
}
