package http1

import "bytes"

// TargetForm is the form of a request target (RFC 9112 3.2).
type TargetForm uint8

// The forms.
const (
	OriginForm    TargetForm = iota // /path?query
	AbsoluteForm                    // http://authority/path?query
	AuthorityForm                   // authority, of CONNECT
	AsteriskForm                    // *, of OPTIONS
)

// maxMethod bounds a method; the longest registered one has 17 letters.
const maxMethod = 64

var slash = []byte{'/'}

// parseLine reads a request line without its CR LF.
func (r *Request) parseLine(line []byte, limits Limits) *Error {
	space := bytes.IndexByte(line, ' ')
	if space <= 0 {
		return errRequestLine
	}
	r.Method = line[:space]
	if !all(r.Method, &tokenChar) || len(r.Method) > maxMethod {
		return errMethod
	}
	last := bytes.LastIndexByte(line, ' ')
	if last <= space+1 {
		return errRequestLine
	}
	r.Target = line[space+1 : last]
	if err := r.parseVersion(line[last+1:]); err != nil {
		return err
	}
	if len(r.Target) > limits.Target {
		return errTargetSize
	}
	if !all(r.Target, &targetChar) {
		return errTarget
	}
	return r.parseTarget()
}

// parseVersion reads HTTP/1.x, in capitals, with one digit each (RFC 9112 2.3).
func (r *Request) parseVersion(v []byte) *Error {
	if len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || v[6] != '.' || !digit(v[5]) || !digit(v[7]) {
		return errVersion
	}
	if v[5] != '1' {
		return errMajorVersion
	}
	r.Minor = min(v[7]-'0', 1)
	return nil
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func (r *Request) parseTarget() *Error {
	switch {
	case string(r.Method) == "CONNECT":
		r.Form = AuthorityForm
		r.Host = r.Target
		if _, ok := splitHost(r.Target); !ok {
			return errTarget
		}
	case r.Target[0] == '/':
		r.splitQuery(r.Target)
	case len(r.Target) == 1 && r.Target[0] == '*':
		if string(r.Method) != "OPTIONS" {
			return errTarget
		}
		r.Form = AsteriskForm
		r.Path = r.Target
	default:
		return r.parseAbsolute()
	}
	return nil
}

func (r *Request) parseAbsolute() *Error {
	rest := r.Target
	switch {
	case len(rest) > 7 && bytes.EqualFold(rest[:7], []byte("http://")):
		rest = rest[7:]
	case len(rest) > 8 && bytes.EqualFold(rest[:8], []byte("https://")):
		rest = rest[8:]
	default:
		return errTarget
	}
	r.Form = AbsoluteForm
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	r.Host = rest[:end]
	if !validHost(r.Host) {
		return errTarget
	}
	r.splitQuery(rest[end:])
	if len(r.Path) == 0 {
		r.Path = slash
	}
	return nil
}

func (r *Request) splitQuery(p []byte) {
	r.Path = p
	if i := bytes.IndexByte(p, '?'); i >= 0 {
		r.Path, r.RawQuery = p[:i], p[i+1:]
	}
}

// checkHost demands exactly one valid Host of an HTTP/1.1 request (RFC 9112 3.2).
func (r *Request) checkHost() *Error {
	f := r.hostField
	r.hostField = nil
	if f == nil {
		if r.Minor > 0 {
			return errNoHost
		}
		return nil
	}
	if !validHost(f.Value) {
		return errHost
	}
	if r.Form == OriginForm || r.Form == AsteriskForm {
		r.Host = f.Value
	}
	return nil
}

// validHost tells whether p is uri-host [":" port] (RFC 9110 7.2), and not empty.
func validHost(p []byte) bool {
	_, ok := splitHost(p)
	return ok
}

func splitHost(p []byte) (host []byte, ok bool) {
	if len(p) == 0 {
		return nil, false
	}
	if p[0] == '[' {
		end := bytes.IndexByte(p, ']')
		if end < 2 || !all(p[1:end], &literalChar) {
			return nil, false
		}
		return p[:end+1], validPort(p[end+1:])
	}
	host = p
	if colon := bytes.IndexByte(p, ':'); colon >= 0 {
		host = p[:colon]
		if !validPort(p[colon:]) {
			return nil, false
		}
	}
	return host, len(host) > 0 && all(host, &hostChar)
}

// literalChar holds for the inside of an IP literal, zone included.
var literalChar = charset("0123456789abcdefABCDEF:.%-_~ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ")

// validPort accepts nothing, or a colon and a port number; a colon alone is allowed by RFC 3986.
func validPort(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	if p[0] != ':' || len(p) > 6 {
		return false
	}
	port := 0
	for _, c := range p[1:] {
		if !digit(c) {
			return false
		}
		port = port*10 + int(c-'0')
	}
	return port <= 65535
}
