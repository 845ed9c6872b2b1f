// Package house holds the layout of this repository to its plan, by a test: a
// package imports only what stands below it.
package house
