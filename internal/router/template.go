package router

import (
	"errors"
	"fmt"
	"strings"
)

// Vars is what a Template's placeholders stand for.
type Vars struct {
	Scheme    string
	Authority []byte // the request's, as it came
	Path      []byte // as NormalizePath returned it
	Query     []byte // as it came, without the question mark
}

// Template is the target of a redirect. It is immutable and may be used
// concurrently.
type Template struct {
	parts     []templatePart
	needsHost bool
	isPath    bool // it is to begin with one slash
}

// templatePart is literal text followed by what a placeholder stands for.
type templatePart struct {
	literal     string
	placeholder string
}

// NewTemplate makes a Template of text with placeholders:
//
//	{scheme}     http or https
//	{host}       the host in lower case, without port
//	{authority}  the host, with the port if the request had one
//	{path}       the path
//	{query}      the query with its question mark; nothing when there is none
//	{uri}        {path}{query}
func NewTemplate(text string) (*Template, error) {
	if text == "" {
		return nil, errors.New("the target is empty")
	}
	t := new(Template)
	if err := t.parse(text); err != nil {
		return nil, err
	}
	t.isPath = isPathTemplate(text)
	if !t.isPath {
		if err := checkAuthority(text); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Template) parse(text string) error {
	for rest := text; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		if i := strings.IndexFunc(literal, isNoURIRune); i >= 0 {
			return fmt.Errorf("%q has a %q, which no URI has", text, literal[i:i+1])
		}
		if !found {
			t.parts = append(t.parts, templatePart{literal: literal})
			break
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return fmt.Errorf("%q: {%s has no closing brace", text, name)
		}
		switch name {
		case "host", "authority":
			t.needsHost = true
		case "scheme", "path", "query", "uri":
		default:
			return fmt.Errorf("%q: unknown placeholder {%s}; there are {scheme}, {host}, {authority}, {path}, {query} and {uri}", text, name)
		}
		t.parts = append(t.parts, templatePart{literal, name})
		rest = after
	}
	return nil
}

func isPathTemplate(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") ||
		strings.HasPrefix(text, "{path}") || strings.HasPrefix(text, "{uri}")
}

// checkAuthority wants a scheme and a host in a target that is no path:
// otherwise the first segment of the client's path would be the host.
func checkAuthority(text string) error {
	scheme, rest, found := strings.Cut(text, "//")
	if !found || scheme != "" && !strings.HasSuffix(scheme, ":") || strings.Contains(scheme, "/") {
		return fmt.Errorf("%q begins neither with a slash nor with a scheme and ://", text)
	}
	host := strings.HasPrefix(rest, "{host}") || strings.HasPrefix(rest, "{authority}")
	if !host && (rest == "" || strings.ContainsAny(rest[:1], "/?#:@{")) {
		return fmt.Errorf("%q has no host after //", text)
	}
	return nil
}

// Append appends the target for v to dst. It is false, and dst as it was, when
// the target needs a host and the request has none that is valid: 400. What the
// request brings cannot end the field nor, in a template that begins with
// a path, name another host: //evil.example becomes /evil.example.
func (t *Template) Append(dst []byte, v *Vars) (out []byte, ok bool) {
	var buf [maxHost]byte
	var host []byte
	if t.needsHost {
		if host = normalizeHost(&buf, v.Authority); host == nil {
			return dst, false
		}
	}
	start := len(dst)
	for i := range t.parts {
		part := &t.parts[i]
		dst = append(dst, part.literal...)
		switch part.placeholder {
		case "scheme":
			dst = append(dst, v.Scheme...)
		case "host":
			dst = append(dst, host...)
		case "authority":
			dst = append(dst, host...)
			bare, _ := splitAuthority(v.Authority)
			dst = append(dst, v.Authority[len(bare):]...)
		case "path":
			dst = appendPath(dst, v.Path)
		case "query":
			dst = appendQuery(dst, v.Query)
		case "uri":
			dst = appendQuery(appendPath(dst, v.Path), v.Query)
		}
	}
	if t.isPath {
		slashes := 0
		for start+slashes < len(dst) && dst[start+slashes] == '/' {
			slashes++
		}
		if slashes > 1 {
			dst = append(dst[:start+1], dst[start+slashes:]...)
		}
	}
	return dst, true
}

func appendPath(dst, path []byte) []byte {
	if len(path) == 0 || path[0] != '/' {
		dst = append(dst, '/')
	}
	for _, c := range path {
		if pathByte[c] == asIs || c == '%' {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return dst
}

func appendQuery(dst, query []byte) []byte {
	if len(query) == 0 {
		return dst
	}
	dst = append(dst, '?')
	for _, c := range query {
		if pathByte[c] == asIs || c == '%' || c == '?' {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return dst
}

// isNoURIRune reports what text typed by a user cannot have in a URI.
func isNoURIRune(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`|}", r)
}
