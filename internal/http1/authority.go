package http1

import "bytes"

// maxHost is the longest host that RFC 3986 3.2.2 expects a name to have.
const maxHost = 255

// validAuthority tells whether p is uri-host [":" port] without user information,
// and not empty (RFC 9110 4.2, 7.2).
func validAuthority(p []byte) bool {
	end := hostEnd(p)
	if end == 0 || end > maxHost || !validPort(p[end:]) {
		return false
	}
	if p[0] == '[' {
		return p[end-1] == ']' && validIPv6(p[1:end-1])
	}
	return all(p[:end], &hostChar)
}

// hostEnd is where the host ends and a port may follow.
func hostEnd(p []byte) int {
	mark := byte(':')
	after := 0
	if len(p) > 0 && p[0] == '[' {
		mark, after = ']', 1
	}
	if i := bytes.IndexByte(p, mark); i >= 0 {
		return i + after
	}
	return len(p)
}

// validPort accepts nothing, or a colon and the number of a port, which RFC 3986
// 3.2.3 allows to be left out.
func validPort(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	if p[0] != ':' || len(p) > len(":65535") {
		return false
	}
	port := 0
	for _, c := range p[1:] {
		if !isDigit(c) {
			return false
		}
		port = port*10 + int(c-'0')
	}
	return port <= 65535
}

// validIPv6 tells whether p is an IPv6 address without a zone (RFC 3986 3.2.2).
func validIPv6(p []byte) bool {
	groups, elided := 0, false
	if len(p) >= 2 && p[0] == ':' && p[1] == ':' {
		elided = true
		p = p[2:]
	}
	for len(p) > 0 {
		n := 0
		for n < len(p) && hexChar[p[n]] {
			n++
		}
		if n < len(p) && p[n] == '.' {
			groups += 2
			return validIPv4(p) && enough(groups, elided)
		}
		if n == 0 || n > 4 {
			return false
		}
		groups++
		p = p[n:]
		if len(p) == 0 {
			break
		}
		if p[0] != ':' || len(p) == 1 {
			return false
		}
		p = p[1:]
		if p[0] == ':' {
			if elided {
				return false
			}
			elided = true
			p = p[1:]
		}
	}
	return enough(groups, elided)
}

// enough tells whether there are eight groups, or fewer and "::" for the others.
func enough(groups int, elided bool) bool {
	return elided && groups < 8 || !elided && groups == 8
}

// validIPv4 tells whether p is four decimal octets without leading zeros.
func validIPv4(p []byte) bool {
	for octet := 0; octet < 4; octet++ {
		n, value := 0, 0
		for n < len(p) && n < 3 && isDigit(p[n]) {
			value = value*10 + int(p[n]-'0')
			n++
		}
		if n == 0 || value > 255 || n > 1 && p[0] == '0' {
			return false
		}
		p = p[n:]
		if octet < 3 {
			if len(p) == 0 || p[0] != '.' {
				return false
			}
			p = p[1:]
		}
	}
	return len(p) == 0
}
