package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A table is rows of as many cells each, the first of them the heading.
type table [][]string

// print lines the columns up; columns has an l or an r for each: left or right.
func (t table) print(w io.Writer, columns string) {
	widths := make([]int, len(columns))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if columns[i] == 'r' {
				line.WriteString(padding + cell)
			} else {
				line.WriteString(cell + padding)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
