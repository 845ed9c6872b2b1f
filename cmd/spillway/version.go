package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"spillway/internal/loop"
)

const versionHelp = `
Usage: spillway version

Prints the version, the Go release it was built with, and the platform.

Example: spillway version
`

// release is set by whoever builds a release: -ldflags "-X main.release=1.2.3".
var release = "dev"

func versionCommand(c *console, args []string) error {
	if err := parse(c, newFlags(c, "version", versionHelp), args); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "spillway %s %s %s/%s %s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, loop.Runtime)
	return nil
}

// version is the release, with the revision where the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return release + "+" + setting.Value[:12]
		}
	}
	return release
}
