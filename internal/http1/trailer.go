package http1

// ParseTrailer reads a trailer section from the start of buf, with the empty
// line that ends it (RFC 9112 7.1.2). n is its length; 0 without an error asks for
// more bytes. The fields are put into the caller's room, in place of what was
// there, and come back as out.
func ParseTrailer(buf []byte, fields []Field, limits Limits) (n int, out []Field, err error) {
	limits.setDefaults()
	if len(buf) > limits.Head {
		buf = buf[:limits.Head]
	}
	l := lines{fields: fields}
	l.start(0)
	n, f := l.read(buf, limits.Fields)
	switch {
	case f != noFault:
		return 0, l.fields, f.inRequest()
	case n == 0 && len(buf) == limits.Head:
		return 0, l.fields, longHead.inRequest()
	}
	return n, l.fields, nil
}

// TrailerAllowed tells whether a trailer field may be forwarded: none that
// frames, routes or authenticates a message, modifies a request, controls a
// response or describes content, and none that spillway answers for (RFC 9110
// 6.5.1). A recipient may merge trailers into the header section, so a name that
// is one of those where underscores count as hyphens is refused too. What the
// head's Connection names is for [Response.Nominates] to tell.
func TrailerAllowed(f *Field) bool {
	if f.ID != Unknown {
		return knownFields[f.ID].trailer && !f.Hop
	}
	if f.Hop || f.LookAlike {
		return false
	}
	if sameName(f.Name, "content-digest") {
		return true // made for trailers (RFC 9530 2)
	}
	for _, prefix := range notInTrailers {
		if hasPrefix(f.Name, prefix) {
			return false
		}
	}
	return true
}

// notInTrailers begin the names that are not for trailers although the package
// does not know the field.
var notInTrailers = [...]string{
	"content-", "proxy-", "x-forwarded-", "x-client-cert", "if-", "accept-", "access-control-", "sec-", "www-",
	"set-cookie", "status", "close",
}

// hasPrefix takes underscores in name for hyphens.
func hasPrefix(name []byte, prefix string) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		c := lower(name[i])
		if c == '_' {
			c = '-'
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}
