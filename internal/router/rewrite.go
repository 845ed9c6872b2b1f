package router

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// StripPrefix returns a normal path without prefix, which it has as routes look at it
// (see [MergeSlashes]), with one slash in front: two would be an authority to a backend that resolves it (RFC 3986, section
// 4.2). A path that does not have prefix up to a segment's boundary is returned
// as it is. prefix is as NormalizePrefix returns it. The result is part of path,
// and what the backend gets: stripping the client's own spelling would miss
// a prefix that matched through escapes.
func StripPrefix(prefix string, path []byte) []byte {
	prefix = strings.TrimSuffix(prefix, "/")
	rest := path
	for i := range len(prefix) {
		if len(rest) == 0 || rest[0] != prefix[i] {
			return path
		}
		if rest = rest[1:]; prefix[i] == '/' {
			rest = bytes.TrimLeft(rest, "/")
		}
	}
	if len(path) == 0 {
		return path
	}
	if len(rest) == 0 {
		return path[:1]
	}
	if rest[0] != '/' {
		return path
	}
	for len(rest) > 1 && rest[1] == '/' {
		rest = rest[1:]
	}
	return rest
}

// Rewrite changes a path by a regular expression. It is immutable and may be
// used concurrently.
type Rewrite struct {
	regex *regexp.Regexp
	to    []rewritePart
}

// rewritePart is literal text followed by a group's match, if group is not -1.
type rewritePart struct {
	literal string
	group   int
}

// NewRewrite makes a Rewrite that replaces each match of regex (RE2; anchored
// only where it says so) by to, in which $1 and ${1} are the match of a group
// by number, ${name} by name, $0 the whole match and $$ a dollar sign.
func NewRewrite(regex, to string) (*Rewrite, error) {
	compiled, err := regexp.Compile(regex)
	if err != nil {
		return nil, err
	}
	if i := strings.IndexAny(to, "?#"); i >= 0 {
		return nil, fmt.Errorf("%q: a path has no %q", to, to[i])
	}
	w := &Rewrite{regex: compiled}
	literal := ""
	for to != "" {
		before, after, found := strings.Cut(to, "$")
		literal += before
		if !found {
			break
		}
		if strings.HasPrefix(after, "$") {
			literal += "$"
			to = after[1:]
			continue
		}
		group, rest, err := parseGroup(compiled, after)
		if err != nil {
			return nil, err
		}
		w.to = append(w.to, rewritePart{literal, group})
		literal, to = "", rest
	}
	w.to = append(w.to, rewritePart{literal, -1})
	return w, nil
}

// parseGroup reads the reference that s begins with, after its dollar sign.
func parseGroup(regex *regexp.Regexp, s string) (group int, rest string, err error) {
	name := ""
	if strings.HasPrefix(s, "{") {
		var closed bool
		if name, rest, closed = strings.Cut(s[1:], "}"); !closed {
			return 0, "", fmt.Errorf("${%s: no closing brace", name)
		}
	} else {
		name = s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
		rest = s[len(name):]
	}
	if name == "" {
		return 0, "", fmt.Errorf("$%s: a reference is $1 or ${name}, and $$ is a dollar sign", s)
	}
	if number, err := strconv.ParseUint(name, 10, 16); err == nil {
		if int(number) > regex.NumSubexp() {
			return 0, "", fmt.Errorf("there is no group %s in %s", name, regex)
		}
		return int(number), rest, nil
	}
	if group = regex.SubexpIndex(name); group < 0 {
		return 0, "", fmt.Errorf("there is no group %q in %s", name, regex)
	}
	return group, rest, nil
}

// Apply appends what becomes of a normal path to dst. It returns
//
//	dst and the new path, true  when the expression matched
//	path, false                 when it did not: the client's bytes go on
//	nil, false                  when what came out is no path that NormalizePath accepts: 400
//
// The new path is normal again: a group can bring the dots of /files../x to
// where they would climb. Its length is linear in that of path, which must not
// overlap dst. Apply allocates.
func (w *Rewrite) Apply(dst, path []byte) (out []byte, ok bool) {
	matches := w.regex.FindAllSubmatchIndex(path, -1)
	if len(matches) == 0 {
		return path, false
	}
	out = dst
	end := 0
	for _, match := range matches {
		out = append(out, path[end:match[0]]...)
		end = match[1]
		for _, part := range w.to {
			out = append(out, part.literal...)
			if part.group >= 0 && match[2*part.group] >= 0 {
				out = append(out, path[match[2*part.group]:match[2*part.group+1]]...)
			}
		}
	}
	out = append(out, path[end:]...)
	raw := out[len(dst):]
	if len(raw) == 0 || raw[0] != '/' {
		return nil, false
	}
	normal, err := NormalizePath(nil, raw)
	if err != nil {
		return nil, false
	}
	return append(out[:len(dst)], normal...), true
}
