package router

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// maxHost is the longest name that DNS can carry, in its text form without the
// trailing dot (RFC 1035, section 2.3.4).
const maxHost = 253

// hosts leads from a name to the paths routed for it.
type hosts struct {
	any     *node
	exact   map[string]*node
	below   map[string]*node // example.com for *.example.com
	deepest int              // the most labels that a key of below has
}

type hostPattern struct {
	name     string // normalised; empty: any
	wildcard bool   // only what is below name
}

// tree returns the paths routed for p, making them if need be.
func (h *hosts) tree(p hostPattern) *node {
	if p.name == "" {
		if h.any == nil {
			h.any = newNode()
		}
		return h.any
	}
	index := &h.exact
	if p.wildcard {
		index = &h.below
		h.deepest = max(h.deepest, strings.Count(p.name, ".")+1)
	}
	if *index == nil {
		*index = map[string]*node{}
	}
	n := (*index)[p.name]
	if n == nil {
		n = newNode()
		(*index)[p.name] = n
	}
	return n
}

func parseHost(s string) (hostPattern, error) {
	if s == "" {
		return hostPattern{}, nil
	}
	if strings.HasPrefix(s, "[") {
		addr, err := netip.ParseAddr(strings.TrimSuffix(s[1:], "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" || !strings.HasSuffix(s, "]") {
			return hostPattern{}, fmt.Errorf("%q is not an IPv6 address in brackets without a port", s)
		}
		return hostPattern{name: "[" + addr.String() + "]"}, nil
	}
	name, wildcard := strings.CutPrefix(s, "*.")
	switch {
	case s == "*":
		return hostPattern{}, errors.New(`"*": leave host out to match every host`)
	case strings.Contains(name, "*"):
		return hostPattern{}, fmt.Errorf("%q: a wildcard is the whole first label: *.example.com", s)
	case strings.Contains(name, ":"):
		return hostPattern{}, fmt.Errorf("%q: a host has no port, and an IPv6 address needs brackets", s)
	}
	for i := 0; i < len(name); i++ {
		if name[i] >= 0x80 {
			return hostPattern{}, fmt.Errorf("%q: write an internationalised name as its A-labels (xn--...)", s)
		}
	}
	var buf [maxHost]byte
	normal := normalizeHost(&buf, []byte(name))
	if normal == nil {
		return hostPattern{}, fmt.Errorf("%q is not a host name", s)
	}
	return hostPattern{name: string(normal), wildcard: wildcard}, nil
}

// splitAuthority returns the host of an authority, without its port, and
// whether the rest is a port or nothing (RFC 3986, section 3.2; user
// information is not allowed in HTTP, RFC 9110, section 4.2.4).
func splitAuthority(authority []byte) (host []byte, ok bool) {
	end := bytes.IndexByte(authority, ':')
	if len(authority) > 0 && authority[0] == '[' {
		end = bytes.IndexByte(authority, ']') + 1
		if end == 0 {
			return nil, false
		}
	}
	if end < 0 || end == len(authority) {
		return authority, true
	}
	if authority[end] != ':' {
		return nil, false
	}
	for _, c := range authority[end+1:] {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	return authority[:end], true
}

// normalizeHost returns the name in authority in lower case, without port and
// trailing dot, in buf; or nil when it is not a name nor an IPv6 literal.
func normalizeHost(buf *[maxHost]byte, authority []byte) []byte {
	host, ok := splitAuthority(authority)
	if !ok || len(host) == 0 {
		return nil
	}
	if host[0] == '[' {
		return normalizeLiteral(buf, host)
	}
	if host[len(host)-1] == '.' {
		host = host[:len(host)-1]
	}
	if len(host) == 0 || len(host) > maxHost {
		return nil
	}
	previous := byte('.')
	for i, c := range host {
		c = hostByte[c]
		if c == 0 || c == '.' && previous == '.' {
			return nil
		}
		buf[i], previous = c, c
	}
	if previous == '.' {
		return nil
	}
	return buf[:len(host)]
}

func normalizeLiteral(buf *[maxHost]byte, literal []byte) []byte {
	if len(literal) > maxHost {
		return nil
	}
	for i, c := range literal {
		switch {
		case c >= 'A' && c <= 'F':
			c += 'a' - 'A'
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c == ':', c == '.':
		case i == 0 || i == len(literal)-1:
		default:
			return nil
		}
		buf[i] = c
	}
	return buf[:len(literal)]
}

// hostByte maps the bytes of a name to lower case, all others to 0.
var hostByte = func() (table [256]byte) {
	for c := range table {
		switch {
		case c >= 'A' && c <= 'Z':
			table[c] = byte(c) + 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			table[c] = byte(c)
		}
	}
	return table
}()
