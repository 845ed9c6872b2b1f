package proxyproto

import (
	"bytes"
	"net/netip"
	"strconv"
)

const (
	prefixV1 = "PROXY "
	// maxLine is the longest line, its end included (section 2.1).
	maxLine = 107
	unknown = "UNKNOWN"
)

func parseV1(p []byte) (h Header, n int, err error) {
	line, whole, err := cutLine(p)
	if err != nil || !whole {
		return Header{}, 0, err
	}
	n = len(line) + len("\r\n")
	line = line[len(prefixV1):]
	// What follows UNKNOWN means nothing, whatever it is.
	if string(line) == unknown || bytes.HasPrefix(line, []byte(unknown+" ")) {
		return Header{}, n, nil
	}
	words := bytes.Split(line, []byte(" "))
	if len(words) != 5 {
		return Header{}, 0, ErrLine
	}
	family := string(words[0])
	var ok [4]bool
	var from, to netip.Addr
	var fromPort, toPort uint16
	from, ok[0] = parseAddress(family, words[1])
	to, ok[1] = parseAddress(family, words[2])
	fromPort, ok[2] = parsePort(words[3])
	toPort, ok[3] = parsePort(words[4])
	if ok != [...]bool{true, true, true, true} {
		return Header{}, 0, ErrLine
	}
	return Header{Source: unmapped(from, fromPort), Destination: unmapped(to, toPort)}, n, nil
}

// cutLine returns the line at the start of p without its end. Nothing but CR LF ends it.
func cutLine(p []byte) (line []byte, whole bool, err error) {
	long := len(p) >= maxLine
	if long {
		p = p[:maxLine]
	}
	end := bytes.IndexAny(p, "\r\n")
	switch {
	case end >= 0 && p[end] == '\n':
		return nil, false, ErrLine
	case end >= 0 && end+1 < len(p) && p[end+1] != '\n':
		return nil, false, ErrLine
	case end >= 0 && end+1 < len(p):
		return p[:end], true, nil
	case long:
		return nil, false, ErrTooLong
	}
	return nil, false, nil
}

// parseAddress reads an address of the line's family. An IPv6 address may end
// in the dotted form of an IPv4 one, as inet_ntop writes those.
func parseAddress(family string, word []byte) (a netip.Addr, ok bool) {
	a, err := netip.ParseAddr(string(word))
	if err != nil {
		return netip.Addr{}, false
	}
	switch family {
	case "TCP4":
		return a, a.Is4()
	case "TCP6":
		return a, a.Is6() && a.Zone() == ""
	}
	return netip.Addr{}, false
}

func parsePort(word []byte) (port uint16, ok bool) {
	if len(word) == 0 || len(word) > 1 && word[0] == '0' {
		return 0, false
	}
	value := 0
	for _, c := range word {
		if c < '0' || c > '9' {
			return 0, false
		}
		if value = 10*value + int(c-'0'); value > 0xffff {
			return 0, false
		}
	}
	return uint16(value), true
}

// AppendV1 appends a header of version 1, one that names no addresses where one
// of the two is invalid.
func AppendV1(dst []byte, source, destination netip.AddrPort) []byte {
	from, to, ok := ends(source, destination)
	if !ok {
		return append(dst, prefixV1+unknown+"\r\n"...)
	}
	family := "TCP4 "
	if from.Is6() {
		family = "TCP6 "
	}
	dst = append(append(dst, prefixV1...), family...)
	dst = append(appendAddress(dst, from), ' ')
	dst = append(appendAddress(dst, to), ' ')
	dst = append(strconv.AppendUint(dst, uint64(source.Port()), 10), ' ')
	dst = strconv.AppendUint(dst, uint64(destination.Port()), 10)
	return append(dst, "\r\n"...)
}

// appendAddress writes also the IPv6 form of an IPv4 address in hexadecimal
// digits, since the protocol's grammar has no other.
func appendAddress(dst []byte, a netip.Addr) []byte {
	if !a.Is4In6() {
		return a.AppendTo(dst)
	}
	b := a.As16()
	dst = append(dst, "::ffff:"...)
	dst = append(strconv.AppendUint(dst, uint64(b[12])<<8|uint64(b[13]), 16), ':')
	return strconv.AppendUint(dst, uint64(b[14])<<8|uint64(b[15]), 16)
}
