package http1

// ParseTrailer reads a trailer section and the empty line that ends it
// (RFC 9112 7.1.2). n is 0, without an error, while it is not complete; fields is
// the caller's room and comes back as out.
func ParseTrailer(buf []byte, fields []Field, limits Limits) (n int, out []Field, err error) {
	end, _, out, e := parseFields(buf, 0, limits.Fields, fields)
	switch {
	case e != nil:
		return 0, out, errTrailer
	case end == 0 && len(buf) >= limits.Head:
		return 0, out, errTrailer
	}
	return end, out, nil
}

// TrailerAllowed tells whether a trailer field may be forwarded: none that
// frames, routes or authenticates a message, controls its handling, describes its
// content, or that a proxy answers for (RFC 9110 6.5.1). A receiver may merge
// trailers into the header section, so look-alikes are refused too.
func TrailerAllowed(f *Field) bool {
	return f.ID == Unknown && !f.LookAlike && !f.Hop && !forbiddenTrailer(f.Name)
}

func forbiddenTrailer(name []byte) bool {
	for _, each := range forbiddenTrailers {
		if same := len(name) == len(each); same {
			if same, _ = alike(name, each); same {
				return true
			}
		}
	}
	return len(name) >= 8 && (equalFold(name[:8], "content-") || equalFold(name[:8], "content_"))
}

// forbiddenTrailers are those that are not known by ID.
var forbiddenTrailers = []string{
	"cache-control", "max-forwards", "pragma", "range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since",
	"if-range", "age", "expires", "vary", "warning", "www-authenticate", "authentication-info", "proxy-authentication-info",
	"set-cookie2", "status", "close", "http2-settings", "early-data", "origin", "access-control-allow-origin", "strict-transport-security",
}
