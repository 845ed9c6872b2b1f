package config

import "slices"

// notYet is the keys that the configuration's contract names and this release cannot do, with the value that each may
// have all the same, or none. They are refused, never ignored. Their decoders, types and defaults are there already:
// what gets built leaves this table, and that turns its key on.
var notYet = map[string]string{
	"pools[].hedge": "",
}

// refuses reports whether a value is one that cannot be done yet.
func (d *decoder) refuses(v value) bool {
	except, refused := d.notYet[v.pattern]
	return refused && (except == "" || v.node.Value != except)
}

// supported is the keys of a section that can have a value.
func (d *decoder) supported(section string, keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		_, refused := d.notYet[join(section, key)]
		return refused
	})
}
