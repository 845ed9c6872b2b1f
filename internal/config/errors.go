package config

import (
	"fmt"
	"strings"
)

// Error is one thing that is wrong with a file.
type Error struct {
	File    string
	Line    int    // from 1
	Column  int    // from 1
	Path    string // where in the configuration, such as pools[0].backends[1]; empty for the file as a whole
	Message string
}

// Error is "file:line:column: path: message".
func (e Error) Error() string {
	return place(e.File, e.Line, e.Column, e.Path) + e.Message
}

// Warning is something in a file that works today and will not always, or that may not be meant.
type Warning struct {
	File   string
	Line   int    // from 1
	Column int    // from 1
	Path   string // where in the configuration, such as listeners[0].tls.certificates[0]
	Text   string
}

// String is "file:line:column: path: warning: text".
func (w Warning) String() string {
	return place(w.File, w.Line, w.Column, w.Path) + "warning: " + w.Text
}

// place is what a line about a file begins with.
func place(file string, line, column int, path string) string {
	if path != "" {
		path += ": "
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, line, column, path)
}

// Errors is everything that is wrong with a file, in the order of the file; never empty.
type Errors []Error

// Error has one line for each error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}
