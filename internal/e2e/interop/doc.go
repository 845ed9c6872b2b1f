// Package interop drives the built spillway binary with the tests that others
// have written: h2spec, and the interoperability tests of gRPC. It is a module of
// its own so that what they depend on is none of spillway's.
package interop
