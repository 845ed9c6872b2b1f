package http2

const (
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	otherToken   = "!#$%&'*+-.^_`|~0123456789"
)

// nameChar are the characters of a field name: those of a token without the
// upper case (RFC 9113 8.2.1).
var nameChar = charset(lowerLetters + otherToken)

var tokenChar = charset(lowerLetters + upperLetters + otherToken)

// targetChar may stand in :path and :authority: nothing that would end the part
// of the request line. What else is wrong with them is for HTTP/1's parser to say.
var targetChar = func() (set [256]bool) {
	for c := '!'; c < 0x7f; c++ {
		set[c] = true
	}
	return set
}()

// valueChar are those of a field value (RFC 9110 5.5).
var valueChar = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= ' ' && c != 0x7f || c == '\t'
	}
	return set
}()

func charset(chars string) (set [256]bool) {
	for _, c := range []byte(chars) {
		set[c] = true
	}
	return set
}

func all(s string, set *[256]bool) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}

func validName(s string) bool { return s != "" && all(s, &nameChar) }

func validMethod(s string) bool { return all(s, &tokenChar) }

func validTarget(s string) bool { return all(s, &targetChar) }

// validValue also demands that no white space stands at the ends (RFC 9113 8.2.1).
func validValue(s string) bool {
	if s == "" {
		return true
	}
	return !isSpace(s[0]) && !isSpace(s[len(s)-1]) && all(s, &valueChar)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// validStatus: three digits, and not 101, which HTTP/2 does not have (RFC 9113 8.6).
func validStatus(s string) bool {
	return len(s) == 3 && '1' <= s[0] && s[0] <= '5' && isDigit(s[1]) && isDigit(s[2]) && s != "101"
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// sameHost compares without regard to the case of letters.
func sameHost(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}
