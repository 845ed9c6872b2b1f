// Package probe asks a backend whether it is well, and reads the answer.
//
// A [Checker] checks one [Backend] again and again, by HTTP, by the health
// checking protocol of gRPC, or by a connection alone. What it finds, a
// [Finding], goes to the backend; package health decides what that means. How a
// connection is made is the backend's: a check goes the way that requests go.
//
// Ownership: a Checker belongs to one loop, and calls its Backend there only.
package probe
