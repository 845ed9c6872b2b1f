//go:build !linux

// Command bench compares spillway with nginx and HAProxy. It reads CPU time
// and memory from /proc and pins processes, so it runs on Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: runs on Linux only")
	os.Exit(1)
}
