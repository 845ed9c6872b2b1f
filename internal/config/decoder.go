package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"
)

// maxNodes bounds what the aliases of a small file can blow it up to.
const maxNodes = 1 << 20

// decoder walks one document and gathers its errors.
type decoder struct {
	file      string
	env       func(string) (string, bool)
	now       time.Time // what certificates are judged by
	read      files
	errs      Errors
	warnings  []Warning
	later     []func() // checks that need the whole file
	nodes     int
	claims    []claim             // what is listened on
	regionAt  map[[2]int]value    // where a backend, by its pool and its place in it, names its region
	expanding map[*yaml.Node]bool // mappings being walked, to find one that contains itself

	// If set, sawKeys is told the keys that each kind of section can have, and sawKey those that are given.
	sawKeys func(pattern string, keys []string)
	sawKey  func(pattern string)
}

func newDecoder(file string, env func(string) (string, bool)) *decoder {
	return &decoder{file: file, env: env, now: time.Now(), expanding: map[*yaml.Node]bool{}, regionAt: map[[2]int]value{}}
}

// errorAt keeps an error, on one line whatever the file put into it.
func (d *decoder) errorAt(line, column int, path, message string) {
	d.errs = append(d.errs, Error{d.file, max(line, 1), max(column, 1), oneLine(path), oneLine(message)})
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// tooMany reports, once, that the file has more nodes than any file needs.
func (d *decoder) tooMany(at *yaml.Node) bool {
	if d.nodes++; d.nodes == maxNodes {
		d.errorAt(at.Line, at.Column, "", "the file's aliases make it too large")
	}
	return d.nodes >= maxNodes
}

// value is a node of the document and its place in the configuration.
type value struct {
	d       *decoder
	node    *yaml.Node
	path    string // pools[0].backends[1]
	pattern string // pools[].backends[]
}

func (v value) errorf(format string, args ...any) {
	v.errorAtPath(v.path, fmt.Sprintf(format, args...))
}

func (v value) errorAtPath(path, message string) {
	v.d.errorAt(v.node.Line, v.node.Column, path, message)
}

func (v value) warnf(format string, args ...any) {
	v.d.warnings = append(v.d.warnings,
		Warning{v.d.file, max(v.node.Line, 1), max(v.node.Column, 1), oneLine(v.path), oneLine(fmt.Sprintf(format, args...))})
}

// child is a value of a section.
func (v value) child(key string, node *yaml.Node) value {
	return value{v.d, resolve(node), join(v.path, key), join(v.pattern, key)}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// section is the keys that a mapping has.
type section struct {
	at       value
	ok       bool // it is a mapping; if not, that has been reported
	children map[string]value
}

func (s *section) has(key string) bool {
	_, ok := s.children[key]
	return ok
}

// or is the value of a key, or the section itself where the key is absent.
func (s *section) or(key string) value {
	if v, ok := s.children[key]; ok {
		return v
	}
	return s.at
}

// require reports each key that is absent.
func (s *section) require(keys ...string) {
	for _, key := range keys {
		if s.ok && !s.has(key) {
			s.at.errorf("%s is missing", key)
		}
	}
}

// exclude reports each of the keys that is given, with the reason.
func (s *section) exclude(reason string, keys ...string) {
	for _, key := range keys {
		if v, ok := s.children[key]; ok {
			v.errorf("%s", reason)
		}
	}
}

// excludeUnlessOff is exclude for keys of which off says that they are not there.
func (s *section) excludeUnlessOff(reason string, keys ...string) {
	for _, key := range keys {
		if v, ok := s.children[key]; ok && !v.isOff() {
			v.errorf("%s", reason)
		}
	}
}

// fields is how each key of a section is decoded.
type fields map[string]func(value)

// section decodes a mapping with known keys. Every other key is an error.
func (v value) section(known fields) section {
	keys := slices.Sorted(maps.Keys(known))
	if v.d.sawKeys != nil {
		v.d.sawKeys(v.pattern, keys)
	}
	s := section{at: v, children: map[string]value{}}
	s.ok = v.entries(func(key value, child value) {
		name := key.node.Value
		decode, ok := known[name]
		if !ok {
			key.errorAtPath(v.path, fmt.Sprintf("unknown key %q%s", clip(name), suggestWord(name, keys)))
			return
		}
		if v.d.sawKey != nil {
			v.d.sawKey(child.pattern)
		}
		s.children[name] = child
		decode(child)
	})
	return s
}

// names decodes a mapping whose keys are the user's own.
func (v value) names(each func(key, v value)) {
	v.entries(func(key, child value) {
		child.pattern = v.pattern + ".*"
		key.path = child.path
		each(key, child)
	})
}

// entries calls each for every key of a mapping, in the order of the file and after those the keys of what is
// merged into it. It reports duplicates, and returns false for what is no mapping.
func (v value) entries(each func(key, child value)) bool {
	if !v.isMapping() {
		v.wrongKind("a mapping")
		return false
	}
	seen := map[string]*yaml.Node{}
	v.collect(v.node, seen, each)
	return true
}

func (v value) collect(mapping *yaml.Node, seen map[string]*yaml.Node, each func(key, child value)) {
	if v.d.expanding[mapping] {
		value{v.d, mapping, v.path, v.pattern}.errorf("the mapping contains itself")
		return
	}
	v.d.expanding[mapping] = true
	defer delete(v.d.expanding, mapping)

	own := map[string]bool{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if v.d.tooMany(mapping.Content[i]) {
			return
		}
		key := value{v.d, resolve(mapping.Content[i]), v.path, v.pattern}
		if key.node.ShortTag() == "!!merge" {
			merged = append(merged, mapping.Content[i+1])
			continue
		}
		if key.node.Kind != yaml.ScalarNode {
			key.errorf("a key has to be a plain word")
			continue
		}
		name := key.node.Value
		if first, taken := seen[name]; taken {
			if own[name] {
				key.errorf("duplicate key %q (first in line %d)", name, first.Line)
			}
			continue
		}
		seen[name], own[name] = key.node, true
		each(key, v.child(name, mapping.Content[i+1]))
	}
	for _, source := range merged {
		v.merge(resolve(source), seen, each)
	}
}

// merge follows the value of a << key: a mapping or a list of mappings.
func (v value) merge(source *yaml.Node, seen map[string]*yaml.Node, each func(key, child value)) {
	sources := []*yaml.Node{source}
	if source.Kind == yaml.SequenceNode {
		sources = source.Content
	}
	for _, s := range sources {
		if s = resolve(s); s.Kind != yaml.MappingNode {
			value{v.d, s, v.path, v.pattern}.errorf("<< merges mappings only")
			continue
		}
		v.collect(s, seen, each)
	}
}

// list decodes each element of a list.
func (v value) list(each func(value)) bool {
	if !v.isList() {
		v.wrongKind("a list")
		return false
	}
	for i, node := range v.node.Content {
		if v.d.tooMany(node) {
			return false
		}
		each(value{v.d, resolve(node), fmt.Sprintf("%s[%d]", v.path, i), v.pattern + "[]"})
	}
	return true
}

func (v value) isList() bool { return v.node.Kind == yaml.SequenceNode && v.node.ShortTag() == "!!seq" }
func (v value) isMapping() bool {
	return v.node.Kind == yaml.MappingNode && v.node.ShortTag() == "!!map"
}

// wrongKind reports a value that is not of the kind wanted.
func (v value) wrongKind(wanted string) {
	v.errorf("want %s, got %s", wanted, v.kind())
}

// kind says in words what a value is.
func (v value) kind() string {
	switch {
	case v.isMapping():
		return "a mapping"
	case v.isList():
		return "a list"
	}
	switch text := clip(v.node.Value); v.node.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + text
	case "!!bool":
		return text
	case "!!str", "!!timestamp":
		return fmt.Sprintf("the text %q", text)
	default:
		return fmt.Sprintf("a value tagged %s", v.node.Tag)
	}
}

// clip keeps a value that is quoted in an error on one line.
func clip(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return strings.TrimSpace(string(runes[:most])) + "..."
	}
	return s
}
