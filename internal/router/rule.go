package router

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// rule is what is left to check of a route once listener, host and path have
// led to it.
type rule struct {
	always   bool // nothing is left
	scheme   string
	methods  []string
	headers  []pair
	query    []pair
	clientIP []netip.Prefix
	regex    *regexp.Regexp
}

type pair struct{ name, value string }

func newRule(m *Match, regex *regexp.Regexp, fail func(key string, err error)) rule {
	r := rule{
		scheme:  strings.ToLower(m.Scheme),
		methods: slices.Clone(m.Methods),
		headers: sortedPairs(m.Headers),
		query:   sortedPairs(m.Query),
		regex:   regex,
	}
	if r.scheme != "" && r.scheme != "http" && r.scheme != "https" {
		fail("scheme", fmt.Errorf("%q is neither http nor https", m.Scheme))
	}
	for _, method := range r.methods {
		fail("method", checkMethod(method))
	}
	for i := range r.headers {
		h := &r.headers[i]
		if !isToken(h.name) {
			fail("headers", fmt.Errorf("%q is not a field name", h.name))
		}
		h.name = strings.ToLower(h.name)
		if i > 0 && h.name == r.headers[i-1].name {
			fail("headers", fmt.Errorf("%q is given twice", h.name))
		}
	}
	for _, prefix := range m.ClientIP {
		if !prefix.IsValid() {
			fail("client_ip", errors.New("not a prefix"))
			continue
		}
		if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
		}
		r.clientIP = append(r.clientIP, prefix.Masked())
	}
	r.always = r.scheme == "" && regex == nil &&
		len(r.methods)+len(r.headers)+len(r.query)+len(r.clientIP) == 0
	return r
}

func checkMethod(method string) error {
	if !isToken(method) {
		return fmt.Errorf("%q is not a method", method)
	}
	if method != strings.ToUpper(method) {
		return fmt.Errorf("%q: methods are case-sensitive, write %s", method, strings.ToUpper(method))
	}
	return nil
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// sortedPairs orders by name without case, so that building is repeatable.
func sortedPairs(m map[string]string) []pair {
	pairs := make([]pair, 0, len(m))
	for name, value := range m {
		pairs = append(pairs, pair{name, value})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	return pairs
}

// holds checks the cheap conditions first.
func (c *rule) holds(r *Request) bool {
	if c.always {
		return true
	}
	return (c.scheme == "" || c.scheme == r.Scheme) &&
		c.methodHolds(r.Method) &&
		c.clientIPHolds(r.ClientIP) &&
		c.headersHold(r.Fields) &&
		c.queryHolds(r.RawQuery) &&
		(c.regex == nil || c.regex.Match(r.Path))
}

func (c *rule) methodHolds(method []byte) bool {
	for _, want := range c.methods {
		if want == string(method) {
			return true
		}
	}
	return len(c.methods) == 0
}

func (c *rule) clientIPHolds(addr netip.Addr) bool {
	if len(c.clientIP) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, prefix := range c.clientIP {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

func (c *rule) headersHold(fields Fields) bool {
	if len(c.headers) == 0 {
		return true
	}
	if fields == nil {
		return false
	}
	for i := range c.headers {
		value, ok := fields.GetName(c.headers[i].name)
		if !ok || string(value) != c.headers[i].value {
			return false
		}
	}
	return true
}

func (c *rule) queryHolds(raw []byte) bool {
	for i := range c.query {
		if !queryHas(raw, c.query[i].name, c.query[i].value) {
			return false
		}
	}
	return true
}

// queryHas reports whether the first parameter of that name has that value.
func queryHas(raw []byte, name, value string) bool {
	for len(raw) > 0 {
		parameter := raw
		raw = nil
		if i := bytes.IndexByte(parameter, '&'); i >= 0 {
			parameter, raw = parameter[:i], parameter[i+1:]
		}
		key, val := parameter, []byte(nil)
		if i := bytes.IndexByte(parameter, '='); i >= 0 {
			key, val = parameter[:i], parameter[i+1:]
		}
		if len(parameter) > 0 && equalDecoded(key, name) {
			return equalDecoded(val, value)
		}
	}
	return false
}

// equalDecoded compares a part of a query, as forms encode it, with plain
// text. A percent sign that begins no escape stands for itself.
func equalDecoded(encoded []byte, plain string) bool {
	n := 0
	for i := 0; i < len(encoded); i++ {
		c := encoded[i]
		if c == '+' {
			c = ' '
		} else if c == '%' {
			if decoded, ok := unescape(encoded[i:]); ok {
				c = decoded
				i += 2
			}
		}
		if n == len(plain) || plain[n] != c {
			return false
		}
		n++
	}
	return n == len(plain)
}
