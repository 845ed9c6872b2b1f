package http1

import "bytes"

// TargetForm is the form of a request target (RFC 9112 3.2).
type TargetForm uint8

// The forms.
const (
	OriginForm    TargetForm = iota // /path?query
	AbsoluteForm                    // http://authority/path?query
	AuthorityForm                   // host:port, of CONNECT
	AsteriskForm                    // *, of OPTIONS
)

var rootPath = []byte{'/'}

// parseTarget finds the form and the parts of the target.
func (r *Request) parseTarget() fault {
	t := r.Target
	switch {
	case string(r.Method) == "CONNECT":
		// Its port can not be left out (RFC 9110 9.3.6).
		r.Form = AuthorityForm
		r.Host = t
		if !validAuthority(t) || !isDigit(t[len(t)-1]) || hostEnd(t) == len(t) {
			return badTarget
		}
	case t[0] == '/':
		r.Form = OriginForm
		r.splitQuery(t)
	case len(t) == 1 && t[0] == '*' && string(r.Method) == "OPTIONS":
		r.Form = AsteriskForm
		r.Path = t
	default:
		return r.parseAbsolute()
	}
	return noFault
}

// parseAbsolute takes http and https, which name a host; user information is an
// error in both (RFC 9110 4.2).
func (r *Request) parseAbsolute() fault {
	t := r.Target
	colon := bytes.IndexByte(t, ':')
	if colon < 0 || len(t) < colon+3 || t[colon+1] != '/' || t[colon+2] != '/' {
		return badTarget
	}
	if scheme := t[:colon]; !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return badTarget
	}
	rest := t[colon+3:]
	end := 0
	for end < len(rest) && rest[end] != '/' && rest[end] != '?' {
		end++
	}
	if !validAuthority(rest[:end]) {
		return badTarget
	}
	r.Form = AbsoluteForm
	r.Scheme, r.Host = t[:colon], rest[:end]
	r.splitQuery(rest[end:])
	if len(r.Path) == 0 {
		r.Path = rootPath
	}
	return noFault
}

func (r *Request) splitQuery(p []byte) {
	r.Path, r.RawQuery = p, nil
	if i := bytes.IndexByte(p, '?'); i >= 0 {
		r.Path, r.RawQuery = p[:i], p[i+1:]
	}
}
