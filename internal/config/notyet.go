package config

import "strings"

// notYet is what the configuration's contract names and this release cannot do. It is refused, never ignored.
// What gets built leaves this table and joins its section's decoder.
var notYet = map[string]refusal{
	"pools[].spill":               {except: "off"},
	"pools[].slow_start":          {},
	"pools[].backends[].spillway": {},
}

// refusal is what of a key is refused: some values or, without values, the key itself.
type refusal struct {
	values []string
	except string // the value that the key may have all the same
}

// notYetKey finds the refusal of a key by its pattern.
func notYetKey(pattern string) (refusal, bool) {
	r, ok := notYet[pattern]
	return r, ok && r.values == nil
}

// notYetKeys is the keys of a section that are refused.
func notYetKeys(section string) (keys []string) {
	for pattern := range notYet {
		parent, key := "", pattern
		if i := strings.LastIndexByte(pattern, '.'); i >= 0 {
			parent, key = pattern[:i], pattern[i+1:]
		}
		if _, refused := notYetKey(pattern); refused && parent == section {
			keys = append(keys, key)
		}
	}
	return keys
}
