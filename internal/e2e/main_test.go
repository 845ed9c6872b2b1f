// Package e2e drives the built spillway binary over loopback sockets, as a
// client, a backend and an operator do. It knows the configuration file, the
// command and the admin address, and nothing of the code.
//
// SPILLWAY_TAGS adds build tags to the binary; SPILLWAY_BINARY names one that is
// already built.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a condition that must come true may take. It is never
// what a test asserts: a right answer comes in milliseconds.
const patience = 20 * time.Second

// binary is the spillway under test.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	// The cases wait far more than they work, so more of them run at once than
	// there are processors, unless the caller says how many.
	explicit := false
	flag.Visit(func(f *flag.Flag) { explicit = explicit || f.Name == "test.parallel" })
	if !explicit {
		flag.Set("test.parallel", "32")
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "spillway-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := writeCertificate(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if binary = os.Getenv("SPILLWAY_BINARY"); binary == "" {
		binary = filepath.Join(dir, "spillway")
		if err := build(binary); err != nil {
			fmt.Fprintln(os.Stderr, "building spillway:", err)
			return 1
		}
	}
	return m.Run()
}

func build(output string) error {
	args := []string{"build", "-o", output}
	if raceEnabled {
		args = append(args, "-race")
	}
	if tags := os.Getenv("SPILLWAY_TAGS"); tags != "" {
		args = append(args, "-tags", tags)
	}
	cmd := exec.Command("go", append(args, "spillway/cmd/spillway")...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
