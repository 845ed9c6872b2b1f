package http1

import "encoding/binary"

// tokenChar holds for the characters of a token (RFC 9110 5.6.2).
var tokenChar = charset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// targetChar holds for what may stand in a request target: the URI's
// characters (RFC 3986) and some that user agents are known to leave unescaped.
// Controls, spaces, a fragment, a backslash and bytes above ASCII are not.
var targetChar = charset("!$&'()*+,-./:;=?@_~%[]{}|^`\"<>0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// hostChar holds for a registered name or an IPv4 address (RFC 3986 3.2.2).
var hostChar = charset("-._~!$&'()*+,;=%0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

func charset(chars string) (set [256]bool) {
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return set
}

func all(p []byte, set *[256]bool) bool {
	for _, c := range p {
		if !set[c] {
			return false
		}
	}
	return true
}

// validValue holds for field values and reason phrases: visible characters,
// spaces, tabs and obs-text (RFC 9110 5.5).
func validValue(p []byte) bool {
	const (
		low  = 0x0101010101010101
		high = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(p); i += 8 {
		v := binary.LittleEndian.Uint64(p[i:])
		control := (v - 0x20*low) & ^v & high
		del := v ^ 0x7f*low
		del = (del - low) & ^del & high
		if control|del != 0 && !validBytes(p[i:i+8]) {
			return false
		}
	}
	return validBytes(p[i:])
}

func validBytes(p []byte) bool {
	for _, c := range p {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// trim removes optional white space at both ends (RFC 9110 5.6.3).
func trim(p []byte) []byte {
	for len(p) > 0 && (p[0] == ' ' || p[0] == '\t') {
		p = p[1:]
	}
	for len(p) > 0 && (p[len(p)-1] == ' ' || p[len(p)-1] == '\t') {
		p = p[:len(p)-1]
	}
	return p
}

// equalFold compares with a name in lower case; p is a token.
func equalFold(p []byte, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i, c := range p {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// nextElement cuts the first element off a comma-separated list.
func nextElement(list []byte) (element, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:]
		}
	}
	return trim(list), nil
}

// ValidFieldName tells whether a name is a token.
func ValidFieldName(name string) bool {
	for i := range len(name) {
		if !tokenChar[name[i]] {
			return false
		}
	}
	return name != ""
}

// ValidFieldValue tells whether a value has no characters that could end its line.
func ValidFieldValue(value string) bool { return validValue([]byte(value)) }
