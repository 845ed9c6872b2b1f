package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// complainPathPattern checks a path that requests are compared with.
func complainPathPattern(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Sprintf("%q does not begin with a slash", clip(path))
	case strings.Contains(path, "?"):
		return fmt.Sprintf("%q: a path has no query; match it by query", clip(path))
	case strings.ContainsAny(path, "{}"):
		return fmt.Sprintf("%q: a path has no placeholders; use a regular expression, as in ~ ^/users/[0-9]+$", clip(path))
	case strings.Contains(path, "#"):
		return fmt.Sprintf("%q: a path has no fragment", clip(path))
	}
	for i, c := range []byte(path) {
		if c <= ' ' || c == 0x7f || c == '\\' {
			return fmt.Sprintf("%q has a character that no path has", clip(path))
		}
		if _, ok := unescape(path[i:]); c == '%' && !ok {
			return fmt.Sprintf("%q has a percent sign without two hex digits after it", clip(path))
		}
		if decoded, _ := unescape(path[i:]); c == '%' && decoded == 0 {
			return fmt.Sprintf("%q has an encoded NUL, which is always refused", clip(path))
		}
	}
	segments := strings.NewReplacer("%2F", "/", "%5C", "/").Replace(normalPath(path))
	for segment := range strings.SplitSeq(segments, "/") {
		if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
			return fmt.Sprintf("%q has a dot segment; requests have none when they are matched", clip(path))
		}
	}
	return ""
}

// complainPrefix is complainPathPattern for a path that begins others.
func complainPrefix(path string) string {
	if strings.HasSuffix(path, "*") {
		return fmt.Sprintf("%q: a prefix needs no *", clip(path))
	}
	return complainPathPattern(path)
}

// normalPath gives a path the spelling that requests have when they are matched (RFC 3986, section 6.2.2): escapes
// of unreserved characters decoded, others in upper case, what cannot stand in a path escaped, slashes in a row merged.
func normalPath(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '/' && i > 0 && path[i-1] == '/' {
			continue
		}
		if c == '%' {
			if decoded, ok := unescape(path[i:]); ok {
				if isUnreserved(decoded) {
					b.WriteByte(decoded)
				} else {
					fmt.Fprintf(&b, "%%%02X", decoded)
				}
				i += 2
				continue
			}
		}
		if isUnreserved(c) || strings.IndexByte("/:@!$&'()*+,;=%", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-._~", c) >= 0
}

// unescape decodes the escape that s begins with.
func unescape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	decoded, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(decoded), err == nil
}

func complainRegex(expression string) string {
	if expression == "" {
		return "the regular expression is empty"
	}
	if _, err := regexp.Compile(expression); err != nil {
		return strings.TrimPrefix(err.Error(), "error parsing regexp: ") + " (the syntax is RE2's)"
	}
	return ""
}

var replacementGroup = regexp.MustCompile(`\$(\$|[0-9]+|\{[^}]*\}|)`)

// complainReplacement checks what a rewrite replaces by: its groups have to be in the expression.
func complainReplacement(expression, to string) string {
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return ""
	}
	for _, c := range []byte(to) {
		if c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '\\' {
			return fmt.Sprintf("%q: a path has no %q", clip(to), string(rune(c)))
		}
	}
	for _, match := range replacementGroup.FindAllStringSubmatch(to, -1) {
		name := strings.Trim(match[1], "{}")
		if name == "$" {
			continue
		}
		if name == "" {
			return fmt.Sprintf("%q: a group is $1 or $${name}, and $$ is a dollar sign", clip(to))
		}
		if number, err := strconv.Atoi(name); err == nil && number <= compiled.NumSubexp() {
			continue
		}
		if compiled.SubexpIndex(name) < 0 {
			return fmt.Sprintf("there is no group %q in the expression", clip(name))
		}
	}
	return ""
}

var placeholders = []string{"scheme", "host", "authority", "path", "query", "uri"}

// complainTarget checks where a redirect leads. A target that is no path needs a scheme and a host, or else the first
// segment of the client's path would be the host.
func complainTarget(to string) string {
	for rest := to; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		for _, c := range []byte(literal) {
			if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`|}", c) >= 0 {
				return fmt.Sprintf("%q has a %q, which no URI has", clip(to), string(rune(c)))
			}
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return fmt.Sprintf("%q: a brace is not closed", clip(to))
		}
		if !slices.Contains(placeholders, name) {
			return fmt.Sprintf("unknown placeholder {%s}; there are {%s}", clip(name), strings.Join(placeholders, "}, {"))
		}
		rest = after
	}
	if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") || strings.HasPrefix(to, "{path}") || strings.HasPrefix(to, "{uri}") {
		return ""
	}
	scheme, rest, found := strings.Cut(to, "//")
	if !found || scheme != "" && !strings.HasSuffix(scheme, ":") || strings.Contains(scheme, "/") {
		return fmt.Sprintf("%q begins neither with a slash nor with a scheme and ://", clip(to))
	}
	host := strings.HasPrefix(rest, "{host}") || strings.HasPrefix(rest, "{authority}")
	if !host && (rest == "" || strings.ContainsAny(rest[:1], "/?#:@{")) {
		return fmt.Sprintf("%q has no host after //", clip(to))
	}
	return ""
}
