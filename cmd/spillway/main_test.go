package main

import (
	"os"
	"testing"
)

// asCommand makes the test binary be spillway: see [start].
const asCommand = "SPILLWAY_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}
