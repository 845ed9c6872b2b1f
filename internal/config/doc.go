// Package config turns a YAML file into one validated, defaulted Config.
//
// It promises that a Config it returns needs no further checks: every default is filled in, every reference leads
// somewhere, every address, size, pattern and header is well formed, relative paths have been resolved against the
// file's folder, and certificates and keys have been loaded and belong to each other. Whatever does not hold is an
// error with its line and column, and one run reports all errors of a file. Nothing in a file is ignored: a key that
// nobody knows is an error, and so is one whose capability is not built yet.
//
// A Config is immutable once returned and may be shared by any number of goroutines.
package config
