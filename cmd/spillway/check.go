package main

import (
	"fmt"

	"spillway/internal/config"
)

const checkHelp = `
Usage: spillway check [-c config.yaml]

Reads a configuration file as run does, prints every error with its line and
column, and exits with 1 if there is any.

Example: spillway check -c /etc/spillway/config.yaml
`

func checkCommand(c *console, args []string) error {
	f := newFlags(c, "check", checkHelp)
	path := f.String("c", "config.yaml", "the configuration `file`")
	if err := parse(c, f, args); err != nil {
		return err
	}
	settings, err := config.Load(*path, c.env)
	if err != nil {
		fmt.Fprintln(c.err, err)
		return errShown
	}
	backends := 0
	for i := range settings.Pools {
		backends += len(settings.Pools[i].Backends)
	}
	fmt.Fprintf(c.out, "%s is valid: %d listeners, %d routes, %d pools, %d backends\n", *path,
		len(settings.Listeners), len(settings.Routes), len(settings.Pools), backends)
	return nil
}
