package router

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"
)

// node is a place in a tree of path segments. Its lists hold numbers of routes
// in ascending order.
type node struct {
	lowest   int32   // the first route here or further down
	reached  []int32 // match once a path has come here
	below    []int32 // match when the path goes on, if only with a slash
	exact    []int32 // match when the path ends here
	children map[string]*node
}

func newNode() *node { return &node{lowest: math.MaxInt32} }

type pathPattern struct {
	path  string // normalised; for a regular expression, the directory that all its matches are in
	exact bool
	regex *regexp.Regexp
}

// add puts a route into the tree. Numbers come in ascending order.
func (n *node) add(p pathPattern, number int32) {
	n.lowest = min(n.lowest, number)
	rest, isDirectory := []byte(p.path), false
	for len(rest) > 0 {
		if len(rest) == 1 && !p.exact {
			isDirectory = true
			break
		}
		var segment []byte
		segment, rest = cutSegment(rest)
		child := n.children[string(segment)]
		if child == nil {
			child = newNode()
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[string(segment)] = child
		}
		n = child
		n.lowest = min(n.lowest, number)
	}
	switch {
	case p.exact:
		n.exact = append(n.exact, number)
	case isDirectory:
		n.below = append(n.below, number)
	default:
		n.reached = append(n.reached, number)
	}
}

// cutSegment splits a path that begins with a slash after its first segment.
func cutSegment(path []byte) (segment, rest []byte) {
	path = path[1:]
	if i := bytes.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, nil
}

func parsePath(s string) (pathPattern, error) {
	if s == "" {
		return pathPattern{}, nil
	}
	if expression, ok := strings.CutPrefix(s, "~"); ok {
		expression = strings.TrimSpace(expression)
		if strings.HasPrefix(expression, "*") {
			return pathPattern{}, fmt.Errorf("%q: begin with (?i) to ignore case", s)
		}
		regex, err := regexp.Compile(expression)
		if err != nil {
			return pathPattern{}, err
		}
		return pathPattern{path: regexDirectory(expression), regex: regex}, nil
	}
	path, exact := strings.CutPrefix(s, "=")
	if exact {
		path = strings.TrimSpace(path)
	}
	if !exact && strings.HasSuffix(path, "*") {
		return pathPattern{}, fmt.Errorf("%q: a prefix needs no *", s)
	}
	normal, err := NormalizePrefix(path)
	if err != nil {
		return pathPattern{}, err
	}
	return pathPattern{path: normal, exact: exact}, nil
}

// NormalizePrefix returns a path from the configuration in the form that
// request paths have after NormalizePath and MergeSlashes.
func NormalizePrefix(prefix string) (string, error) {
	switch {
	case !strings.HasPrefix(prefix, "/"):
		return "", fmt.Errorf("%q does not begin with a slash", prefix)
	case strings.ContainsAny(prefix, "{}"):
		return "", fmt.Errorf("%q: a path has no placeholders; use a regular expression", prefix)
	case strings.Contains(prefix, "?"):
		return "", fmt.Errorf("%q: a path has no query; match it by query", prefix)
	}
	normal, err := NormalizePath(nil, []byte(prefix))
	if err != nil {
		return "", fmt.Errorf("%q: %w", prefix, err)
	}
	return string(MergeSlashes(nil, normal)), nil
}

// regexDirectory returns the whole segments that every match of the expression
// begins with, without a slash at the end, or "" when there are none.
func regexDirectory(expression string) string {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil || parsed.Op != syntax.OpConcat || len(parsed.Sub) < 2 {
		return ""
	}
	begin, literal := parsed.Sub[0], parsed.Sub[1]
	if begin.Op != syntax.OpBeginText || literal.Op != syntax.OpLiteral || literal.Flags&syntax.FoldCase != 0 {
		return ""
	}
	start := string(literal.Rune)
	if !strings.HasPrefix(start, "/") {
		return ""
	}
	return start[:strings.LastIndexByte(start, '/')]
}
