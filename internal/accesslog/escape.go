package accesslog

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	lowerHex = "0123456789abcdef"
	upperHex = "0123456789ABCDEF"
)

// plain marks the bytes that both formats copy as they are.
var plain = func() (table [256]bool) {
	for b := byte(' '); b < 0x7f; b++ {
		table[b] = b != '"' && b != '\\'
	}
	return table
}()

// appendString appends s as a JSON string (RFC 8259 section 7). All that does not print is escaped, and each byte that is not
// UTF-8 becomes U+FFFD; the rest decodes to what it was.
func appendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if plain[b] {
			i++
			continue
		}
		if b < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			if b == '"' || b == '\\' {
				dst = append(dst, '\\', b)
			} else {
				dst = appendUnicode(dst, rune(b))
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if (r != utf8.RuneError || size > 1) && unicode.IsPrint(r) {
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendUnicode(dst, r)
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendUnicode(dst []byte, r rune) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendUnicode(appendUnicode(dst, high), low)
	}
	return append(dst, '\\', 'u', lowerHex[r>>12], lowerHex[r>>8&15], lowerHex[r>>4&15], lowerHex[r&15])
}

// appendEscaped appends s with quotes, backslashes and all that is not printable ASCII as \xHH, as nginx does.
func appendEscaped(dst, s []byte) []byte {
	start := 0
	for i, b := range s {
		if !plain[b] {
			dst = append(dst, s[start:i]...)
			dst = append(dst, '\\', 'x', upperHex[b>>4], upperHex[b&15])
			start = i + 1
		}
	}
	return append(dst, s[start:]...)
}
