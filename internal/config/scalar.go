package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// scalar is the text of a single value, the environment filled in, if its YAML type is among tags. Text in which a
// variable was filled in may be of any type. wanted says in an error what was expected.
func (v value) scalar(wanted string, tags ...string) (text string, ok bool) {
	if v.node.Kind != yaml.ScalarNode {
		v.wrongKind(wanted)
		return "", false
	}
	text, expanded, errs := expand(v.node.Value, v.d.env)
	for _, message := range errs {
		v.errorf("%s", message)
	}
	if errs != nil {
		return "", false
	}
	if !expanded && !slices.Contains(tags, v.node.ShortTag()) {
		v.wrongKind(wanted)
		return "", false
	}
	return text, true
}

// text decodes a string into dst; an empty one only if it may be.
func (v value) text(dst *string, mayBeEmpty bool) bool {
	if v.node.Kind == yaml.ScalarNode && slices.Contains([]string{"!!int", "!!float", "!!bool"}, v.node.ShortTag()) {
		v.errorf("want text, got %s; put it in quotes", v.kind())
		return false
	}
	text, ok := v.scalar("text", "!!str", "!!timestamp")
	switch {
	case !ok:
		return false
	case text == "" && !mayBeEmpty:
		v.errorf("is empty")
		return false
	}
	*dst = text
	return true
}

// checked decodes a string that is not empty and for which check returns no complaint.
func (v value) checked(dst *string, check func(string) (complaint string)) bool {
	var text string
	if !v.text(&text, false) {
		return false
	}
	if complaint := check(text); complaint != "" {
		v.errorf("%s", complaint)
		return false
	}
	*dst = text
	return true
}

// boolean decodes true or false.
func (v value) boolean(dst *bool) {
	text, ok := v.scalar("true or false", "!!bool")
	switch {
	case !ok:
	case text == "true" || text == "false":
		*dst = text == "true"
	default:
		v.errorf("want true or false, got %q", clip(text))
	}
}

// onOff decodes on or off.
func (v value) onOff(dst *bool) {
	text, ok := v.scalar("on or off", "!!str")
	switch {
	case !ok:
	case text == "on" || text == "off":
		*dst = text == "on"
	default:
		v.errorf("want on or off, got %q", clip(text))
	}
}

var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// integer decodes a decimal number between low and high.
func (v value) integer(dst *int, low, high int) bool {
	text, ok := v.scalar("a whole number", "!!int")
	if !ok {
		return false
	}
	if !decimal.MatchString(text) {
		v.errorf("want a whole number in decimal digits, got %q", clip(text))
		return false
	}
	number, err := strconv.Atoi(text)
	switch {
	case err != nil || number > high:
		v.errorf("%s is too large, the most is %d", clip(text), high)
		return false
	case number < low && low == 0:
		v.errorf("%s is negative", text)
		return false
	case number < low:
		v.errorf("%s is too small, the least is %d", text, low)
		return false
	}
	*dst = number
	return true
}

// choice decodes one of a few words.
func choice[T ~string](v value, dst *T, words ...T) bool {
	var text string
	if !v.text(&text, false) {
		return false
	}
	if slices.Contains(words, T(text)) {
		*dst = T(text)
		return true
	}
	known := []string{}
	for _, word := range words {
		known = append(known, string(word))
	}
	want := "want " + known[0]
	if len(known) > 1 {
		want = "want one of " + strings.Join(known, ", ")
	}
	v.errorf("%s, got %q%s", want, clip(text), suggestWord(text, known))
	return false
}

// isOff reports whether a value is the word that switches a section off.
func (v value) isOff() bool {
	return v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!str" && v.node.Value == "off"
}

// optional decodes a section that can be switched off: into a T that decode fills, or nil for off.
func optional[T any](v value, dst **T, defaults T, decode func(*T, value)) {
	if v.isOff() {
		*dst = nil
		return
	}
	if !v.isMapping() {
		v.wrongKind("a mapping or off")
		return
	}
	*dst = &defaults
	decode(*dst, v)
}
