package router

// How a byte appears in a path.
const (
	never   = iota // in no spelling but an escape, and no client escapes it for us
	escaped        // only as its escape, though clients send it bare
	asIs
	percent
)

// pathByte classifies by RFC 3986, section 3.3: pchar and the slash are as they
// are. Controls, space, "?" and "#" would end the path.
var pathByte = func() (class [256]byte) {
	for c := range class {
		if c > ' ' && c != 0x7f {
			class[c] = escaped
		}
		if isUnreserved(byte(c)) {
			class[c] = asIs
		}
	}
	for _, c := range []byte("/:@!$&'()*+,;=") {
		class[c] = asIs
	}
	class['%'] = percent
	class['?'], class['#'] = never, never
	return class
}()

// isUnreserved is RFC 3986, section 2.3.
func isUnreserved(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// unescape decodes the escape that s begins with.
func unescape(s []byte) (decoded byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := fromHex(s[1])
	low, ok2 := fromHex(s[2])
	return high<<4 | low, ok1 && ok2
}

func fromHex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(dst, '%', hex[c>>4], hex[c&15])
}
