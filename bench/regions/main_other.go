//go:build !linux

// Command regions measures what a proxy does when backends and regions fail.
// It pins processes and sleeps by timerfd, so it runs on Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "regions: runs on Linux only")
	os.Exit(1)
}
