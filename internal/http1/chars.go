package http1

import (
	"encoding/binary"
	"math/bits"
)

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// tokenChar is not zero for the characters of a token (RFC 9110 5.6.2).
var tokenChar = func() (set [256]uint8) {
	for _, c := range []byte("!#$%&'*+-.^`|~" + letters + digits) {
		set[c] = plain
	}
	set['_'] = underscore
	return set
}()

const (
	plain      = 1
	underscore = 2
)

// targetChar holds for what may stand in a request target: the characters of a
// URI (RFC 3986) and some that user agents are known to leave unescaped. Not
// among them are controls, white space, the fragment's mark, bytes above ASCII,
// and the backslash, which some servers take for a slash.
var targetChar = charset("!$&'()*+,-./:;=?@_~%[]{}|^`\"<>" + letters + digits)

// hostChar holds for the names in an authority. A registered name could have
// more by RFC 3986 3.2.2, but no name of a host does (RFC 9110 4.3.2 leads to
// DNS), and escapes, commas and the like are read differently further on.
var hostChar = charset("-._~" + letters + digits)

var hexChar = charset(digits + "abcdefABCDEF")

func charset(chars string) (set [256]bool) {
	for _, c := range []byte(chars) {
		set[c] = true
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

func isToken(p []byte) bool {
	for _, c := range p {
		if tokenChar[c] == 0 {
			return false
		}
	}
	return len(p) > 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// textEnd returns where the text that begins at i ends: the index of the first
// control character other than HTAB, or len(p). Field values and reason phrases
// are such text: visible characters, SP, HTAB and obs-text (RFC 9110 5.5).
func textEnd(p []byte, i int) int {
	const (
		low  = 0x0101010101010101
		high = 0x8080808080808080
	)
	for i+8 <= len(p) {
		v := binary.LittleEndian.Uint64(p[i:])
		del := v ^ 0x7f*low
		controls := ((v-0x20*low)&^v | (del-low)&^del) & high
		if controls == 0 {
			i += 8
			continue
		}
		// Only the lowest mark is exact: a borrow may have set those above it.
		i += bits.TrailingZeros64(controls) / 8
		if p[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(p) && (p[i] >= ' ' && p[i] != 0x7f || p[i] == '\t') {
		i++
	}
	return i
}

// trim removes optional white space at both ends (RFC 9110 5.6.3).
func trim(p []byte) []byte {
	for len(p) > 0 && isSpace(p[0]) {
		p = p[1:]
	}
	for len(p) > 0 && isSpace(p[len(p)-1]) {
		p = p[:len(p)-1]
	}
	return p
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// equalFold compares in any case of ASCII letters; text is in lower case.
func equalFold(p []byte, text string) bool {
	if len(p) != len(text) {
		return false
	}
	for i, c := range p {
		if lower(c) != text[i] {
			return false
		}
	}
	return true
}

// sameName compares two names in any case of ASCII letters.
func sameName[S []byte | string](a []byte, b S) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] && lower(c) != lower(b[i]) {
			return false
		}
	}
	return true
}

// nextElement cuts the first element off a comma-separated list (RFC 9110 5.6.1).
func nextElement(list []byte) (element, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:]
		}
	}
	return trim(list), nil
}

// ValidFieldName tells whether name is a token (RFC 9110 5.1).
func ValidFieldName(name string) bool { return isToken([]byte(name)) }

// ValidFieldValue tells whether value holds no character that could end its
// line or is otherwise forbidden in one (RFC 9110 5.5).
func ValidFieldValue(value string) bool { return textEnd([]byte(value), 0) == len(value) }
