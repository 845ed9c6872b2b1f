package config

import (
	"fmt"
	"net/netip"
	"strings"
)

func (m *Match) decode(c *Config, v value) section {
	return v.section(fields{
		"listener":  func(v value) { v.listenerName(c, &m.Listener) },
		"scheme":    func(v value) { choice(v, &m.Scheme, "http", "https") },
		"host":      m.decodeHost,
		"path":      m.decodePath,
		"method":    func(v value) { v.strings(&m.Method, complainMethod) },
		"headers":   func(v value) { v.headers(&m.Headers, complainFieldName) },
		"query":     m.decodeQuery,
		"client_ip": func(v value) { v.prefixes(&m.ClientIP) },
		"sni":       m.decodeSNI,
	})
}

func (v value) listenerName(c *Config, dst *string) {
	if !v.text(dst, false) {
		return
	}
	name := *dst
	v.d.later = append(v.d.later, func() {
		if c.Listener(name) != nil {
			return
		}
		var names []string
		for i := range c.Listeners {
			names = append(names, c.Listeners[i].Name)
		}
		v.errorf("no listener is named %q%s", clip(name), suggest(name, names))
	})
}

func (m *Match) decodeHost(v value) {
	var text string
	if !v.text(&text, false) {
		return
	}
	host, complaint := hostPattern(text)
	if complaint != "" {
		v.errorf("%s", complaint)
	}
	m.Host = host
}

// decodeSNI reads a name that TLS clients ask for, which is never an address (RFC 6066, section 3).
func (m *Match) decodeSNI(v value) {
	var text string
	if !v.text(&text, false) {
		return
	}
	host, complaint := hostPattern(text)
	if _, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		complaint = fmt.Sprintf("%q is an address; clients ask for names only", clip(text))
	} else if text == "*" {
		complaint = "a tls listener's pool takes every other name"
	}
	if complaint != "" {
		v.errorf("%s", complaint)
	}
	m.SNI = host
}

// hostPattern brings the host of a route into the form that Match promises.
func hostPattern(text string) (host, complaint string) {
	if strings.HasPrefix(text, "[") {
		ip, err := netip.ParseAddr(strings.TrimSuffix(text[1:], "]"))
		if err != nil || !ip.Is6() || ip.Zone() != "" || !strings.HasSuffix(text, "]") {
			return "", fmt.Sprintf("%q is not an IPv6 address in brackets; a host has no port", clip(text))
		}
		return "[" + ip.String() + "]", ""
	}
	name, wildcard := strings.CutPrefix(strings.ToLower(strings.TrimSuffix(text, ".")), "*.")
	_, ipErr := netip.ParseAddr(name)
	switch {
	case text == "*":
		return "", "leave host out to match every host"
	case strings.Contains(name, "*"):
		return "", fmt.Sprintf("%q: a wildcard is the whole first label, as in *.example.com", clip(text))
	case strings.Contains(name, "://") || strings.Contains(name, "/"):
		return "", fmt.Sprintf("%q is more than a host name", clip(text))
	case strings.Contains(name, ":"):
		return "", fmt.Sprintf("%q: a host has no port, and an IPv6 address needs brackets", clip(text))
	case strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }):
		return "", fmt.Sprintf("%q: write an internationalised name in its ASCII form (xn--...)", clip(text))
	case !isHostName(name) && (ipErr != nil || wildcard):
		return "", fmt.Sprintf("%q is not a host name", clip(text))
	case wildcard:
		return "*." + name, ""
	}
	return name, ""
}

// decodePath brings a path into the spelling that Match promises.
func (m *Match) decodePath(v value) {
	var text string
	if !v.text(&text, false) {
		return
	}
	var complaint string
	if expression, ok := strings.CutPrefix(text, "~"); ok {
		expression = strings.TrimSpace(expression)
		m.Path = "~ " + expression
		complaint = complainRegex(expression)
		if strings.HasPrefix(expression, "*") {
			complaint = "there is no ~*; begin the expression with (?i) to ignore case"
		}
	} else if exact, ok := strings.CutPrefix(text, "="); ok {
		exact = strings.TrimSpace(exact)
		m.Path = "= " + normalPath(exact)
		complaint = complainPathPattern(exact)
	} else {
		m.Path = normalPath(text)
		complaint = complainPrefix(text)
	}
	if complaint != "" {
		v.errorf("%s", complaint)
	}
}

func (m *Match) decodeQuery(v value) {
	v.names(func(key, v value) {
		q := QueryParam{Name: key.node.Value}
		if q.Name == "" {
			key.errorf("the name of the parameter is empty")
		}
		if v.text(&q.Value, true) {
			m.Query = append(m.Query, q)
		}
	})
}
