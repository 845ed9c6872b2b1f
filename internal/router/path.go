package router

import "bytes"

// PathError says why a path is refused. The answer to the client is 400.
type PathError string

func (e PathError) Error() string { return string(e) }

// What NormalizePath refuses.
const (
	ErrPathStart  PathError = "path does not begin with a slash"
	ErrPathByte   PathError = "path has a byte that no path can have"
	ErrPathEscape PathError = "path has a percent sign without two hex digits after it"
	ErrPathNUL    PathError = "path has an encoded NUL"
	ErrPathDots   PathError = "path has a dot segment that servers read differently"
)

// NormalizePath returns the one spelling that stands for all the equivalent
// spellings of a path (RFC 3986, section 6.2.2): escapes of unreserved
// characters decoded, the hex digits of the others in upper case, dot segments
// removed, bytes that have to be escaped escaped. What comes out is a path by
// RFC 3986's grammar, and NormalizePath leaves it as it is. An escape is decoded
// once: %252e stays. An empty path becomes a slash, and the asterisk of
// OPTIONS stays.
//
// Errors are PathErrors. Besides malformed paths, those are refused whose dot
// segments depend on who reads them: a dot segment set off by %2F, %5C or a
// backslash instead of a slash; one with parameters (/..;x/); and a ".." that
// would take away an empty segment, which many servers merge with its
// neighbour, or one with such a separator inside.
//
// path has no query. The result is path itself when there is nothing to do,
// without a copy; otherwise it is in dst's memory, from its start, or in new
// memory if dst is too small: at most three times as long as path. dst and path
// must not overlap. One pass, linear in the length.
func NormalizePath(dst, path []byte) (out []byte, err error) {
	if len(path) == 0 {
		return append(dst[:0], '/'), nil
	}
	if isNormal(path) || len(path) == 1 && path[0] == '*' {
		return path, nil
	}
	if path[0] != '/' {
		return nil, ErrPathStart
	}
	out = dst[:0]
	for rest := path; len(rest) > 0; {
		var segment []byte
		segment, rest = cutSegment(rest)
		start := len(out)
		out = append(out, '/')
		if out, err = appendSegment(out, segment); err != nil {
			return nil, err
		}
		switch name := out[start+1:]; {
		case isDot(name):
			out = out[:start]
		case isDotDot(name):
			if out, err = removeLast(out[:start]); err != nil {
				return nil, err
			}
		case hidesDots(name):
			return nil, ErrPathDots
		default:
			continue
		}
		if len(rest) == 0 {
			out = append(out, '/')
		}
	}
	if bytes.Equal(out, path) {
		return path, nil
	}
	return out, nil
}

// MergeSlashes returns a normal path as routes look at it: without empty segments.
// Servers differ on whether //a is /a, and a route for one has to hold for both.
// The result is path itself, without a copy, where there is nothing to do; otherwise
// it is in dst's memory, or in new memory if dst is too small. dst and path must
// not overlap.
func MergeSlashes(dst, path []byte) []byte {
	at := bytes.Index(path, twoSlashes)
	if at < 0 {
		return path
	}
	dst = append(dst[:0], path[:at+1]...)
	for _, c := range path[at+1:] {
		if c != '/' || dst[len(dst)-1] != '/' {
			dst = append(dst, c)
		}
	}
	return dst
}

var twoSlashes = []byte("//")

// isNormal reports, for most paths that are, that there is nothing to do.
func isNormal(path []byte) bool {
	if path[0] != '/' {
		return false
	}
	previous := byte(0)
	for i, c := range path {
		if pathByte[c] != asIs {
			return false
		}
		if c == '.' && previous == '/' && mayBeDots(path[i+1:]) {
			return false
		}
		previous = c
	}
	return true
}

// mayBeDots reports whether a segment that begins with a dot and goes on with
// rest might be a dot segment, perhaps with parameters.
func mayBeDots(rest []byte) bool {
	if len(rest) > 0 && rest[0] == '.' {
		rest = rest[1:]
	}
	return len(rest) == 0 || rest[0] == '/' || rest[0] == ';'
}

// appendSegment appends a segment with each byte in its normal spelling.
func appendSegment(out, segment []byte) ([]byte, error) {
	for i := 0; i < len(segment); i++ {
		c := segment[i]
		switch pathByte[c] {
		case asIs:
			out = append(out, c)
		case escaped:
			out = appendEscape(out, c)
		case never:
			return nil, ErrPathByte
		case percent:
			decoded, ok := unescape(segment[i:])
			switch {
			case !ok:
				return nil, ErrPathEscape
			case decoded == 0:
				return nil, ErrPathNUL
			case isUnreserved(decoded):
				out = append(out, decoded)
			default:
				out = appendEscape(out, decoded)
			}
			i += 2
		}
	}
	return out, nil
}

// removeLast takes the last segment off a normal path, as ".." does.
func removeLast(out []byte) ([]byte, error) {
	i := bytes.LastIndexByte(out, '/')
	if i < 0 {
		return out, nil // above the root is the root
	}
	name := out[i+1:]
	if _, _, found := cutSeparator(name); found || len(name) == 0 {
		return nil, ErrPathDots
	}
	return out[:i], nil
}

// hidesDots reports whether a normal segment that is no dot segment itself
// would give one to a server that decodes %2F or %5C into a separator, or that
// cuts off parameters.
func hidesDots(segment []byte) bool {
	for found := true; found; {
		var piece []byte
		piece, segment, found = cutSeparator(segment)
		if i := bytes.IndexByte(piece, ';'); i >= 0 {
			piece = piece[:i]
		}
		if i := bytes.Index(piece, []byte("%3B")); i >= 0 {
			piece = piece[:i]
		}
		if isDot(piece) || isDotDot(piece) {
			return true
		}
	}
	return false
}

// cutSeparator splits a normal segment around its first %2F or %5C.
func cutSeparator(segment []byte) (before, after []byte, found bool) {
	for i := 0; i+2 < len(segment); i++ {
		if segment[i] == '%' && (segment[i+1] == '2' && segment[i+2] == 'F' || segment[i+1] == '5' && segment[i+2] == 'C') {
			return segment[:i], segment[i+3:], true
		}
	}
	return segment, nil, false
}

func isDot(segment []byte) bool    { return string(segment) == "." }
func isDotDot(segment []byte) bool { return string(segment) == ".." }
