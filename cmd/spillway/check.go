package main

import (
	"errors"
	"fmt"
	"io/fs"

	"spillway/internal/config"
)

const checkHelp = `
Usage: spillway check [-c config.yaml]

Reads a configuration file as run does, prints every error with its line and
column, and exits with 1 if there is any. What will go wrong later, such as a
certificate that is about to expire, is printed as a warning.

Example: spillway check -c /etc/spillway/config.yaml
`

func checkCommand(c *console, args []string) error {
	f := newFlags(c, "check", checkHelp)
	path := f.String("c", "config.yaml", "the configuration `file`")
	if err := parse(c, f, args); err != nil {
		return err
	}
	settings, err := load(c, *path)
	if err != nil {
		return err
	}
	for _, w := range settings.Warnings {
		fmt.Fprintln(c.err, w)
	}
	backends := 0
	for i := range settings.Pools {
		backends += len(settings.Pools[i].Backends)
	}
	fmt.Fprintf(c.out, "%s is valid: %s, %s, %s, %s\n", *path, count(len(settings.Listeners), "listener"),
		count(len(settings.Routes), "route"), count(len(settings.Pools), "pool"), count(backends, "backend"))
	return nil
}

// load reads a configuration file and prints all that is wrong with it.
func load(c *console, path string) (*config.Config, error) {
	settings, err := config.Load(path, c.env)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s; -c names another, and 'spillway demo' needs none", path)
	}
	if _, ok := errors.AsType[config.Errors](err); ok {
		fmt.Fprintln(c.err, err)
		return nil, errShown
	}
	return settings, err
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
