package config

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
)

// Load reads and parses a file. env looks up the variables that the file names; nil means that none is set, and
// [os.LookupEnv] is the usual one. An error is an [Errors], or what [os.ReadFile] returned.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, src, env)
}

// Parse is Load for a source that has been read already. name is what errors call it, and relative paths in the
// source are relative to its folder. An error is an [Errors].
func Parse(name string, src []byte, env func(string) (string, bool)) (*Config, error) {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	return newDecoder(name, env).parse(src)
}

func (d *decoder) parse(src []byte) (*Config, error) {
	c := defaultConfig()
	c.File = d.file
	if root := d.document(src); root != nil {
		c.decode(value{d: d, node: root})
		for _, check := range d.later {
			check()
		}
	}
	if len(d.errs) > 0 {
		slices.SortStableFunc(d.errs, func(a, b Error) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, d.errs
	}
	slices.SortStableFunc(d.warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	c.Warnings = d.warnings
	c.files = d.read.names
	c.Digest = digest(src, d.read.contents())
	return c, nil
}

// absolute resolves a path of the file against the file's folder.
func (d *decoder) absolute(path string) (string, error) {
	if filepath.IsAbs(path) {
		return filepath.Clean(path), nil
	}
	return filepath.Abs(filepath.Join(filepath.Dir(d.file), path))
}
