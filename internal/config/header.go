package config

import (
	"fmt"
	"slices"
	"strings"
)

// isToken is RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func isAlphanumeric(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

func complainToken(s string) string {
	if !isToken(s) {
		return fmt.Sprintf("%q has a character that cannot be in a name here", clip(s))
	}
	return ""
}

func complainFieldName(name string) string {
	if !isToken(name) {
		return fmt.Sprintf("%q is not a header name", clip(name))
	}
	return ""
}

// complainFieldValue is RFC 9110, section 5.5.
func complainFieldValue(s string) string {
	for _, c := range []byte(s) {
		switch {
		case c == '\r' || c == '\n' || c == 0:
			return "a header value cannot have a line break or a NUL in it"
		case c < ' ' && c != '\t' || c == 0x7f:
			return "a header value cannot have control characters in it"
		}
	}
	if strings.Trim(s, " \t") != s {
		return "a header value cannot begin or end with a space"
	}
	return ""
}

// complainMethod is RFC 9110, section 9.1.
func complainMethod(method string) string {
	switch upper := strings.ToUpper(method); {
	case !isToken(method):
		return fmt.Sprintf("%q is not a method", clip(method))
	case method != upper:
		return fmt.Sprintf("methods are case-sensitive, write %q", upper)
	}
	return ""
}

// notEditable is the fields that frame a message or belong to one connection (RFC 9110 section 7.6.1, RFC 9112
// section 6): changing one would break the message or smuggle another.
var notEditable = []string{
	"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}

// complainEdit checks the name of a field that is to be changed.
func complainEdit(name string) string {
	if complaint := complainFieldName(name); complaint != "" {
		return complaint
	}
	if slices.Contains(notEditable, strings.ToLower(name)) {
		return fmt.Sprintf("%s belongs to the connection and cannot be changed", clip(name))
	}
	return ""
}

// complainRequestEdit is complainEdit for what goes to a backend.
func complainRequestEdit(name string) string {
	if strings.EqualFold(name, "Host") {
		return "Host is set by host, which pools and health checks have"
	}
	return complainEdit(name)
}

// headers decodes a mapping of header names to values. A name that comes twice, in different case, is an error.
func (v value) headers(dst *[]Header, complainName func(string) string) {
	first := map[string]string{}
	v.names(func(key, v value) {
		name := key.node.Value
		if complaint := complainName(name); complaint != "" {
			key.errorf("%s", complaint)
		}
		lower := strings.ToLower(name)
		if other, taken := first[lower]; taken {
			key.errorf("%s and %s are the same header", clip(other), clip(name))
		}
		first[lower] = name
		h := Header{Name: name}
		if !v.text(&h.Value, true) {
			return
		}
		if complaint := complainFieldValue(h.Value); complaint != "" {
			v.errorf("%s", complaint)
		}
		*dst = append(*dst, h)
	})
}

// strings decodes a list of texts for which complain has no complaint.
func (v value) strings(dst *[]string, complain func(string) string) {
	v.list(func(v value) {
		var text string
		if !v.checked(&text, complain) {
			return
		}
		if slices.Contains(*dst, text) {
			v.errorf("%q is given twice", clip(text))
			return
		}
		*dst = append(*dst, text)
	})
}
