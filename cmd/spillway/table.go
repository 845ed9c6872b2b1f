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

// dropEmpty is the table without the columns that have nothing, or only a dash,
// below their heading.
func (t table) dropEmpty() narrowed {
	keep := make([]bool, len(t[0]))
	for _, row := range t[1:] {
		for i, cell := range row {
			keep[i] = keep[i] || cell != "" && cell != "-"
		}
	}
	n := narrowed{keep: keep}
	for _, row := range t {
		var left []string
		for i, cell := range row {
			if keep[i] {
				left = append(left, cell)
			}
		}
		n.table = append(n.table, left)
	}
	return n
}

// narrowed is a table some of whose columns were dropped.
type narrowed struct {
	table
	keep []bool
}

// print is that of the whole table: columns are those before any was dropped.
func (n narrowed) print(w io.Writer, columns string) {
	var left strings.Builder
	for i, keep := range n.keep {
		if keep {
			left.WriteByte(columns[i])
		}
	}
	n.table.print(w, left.String())
}
