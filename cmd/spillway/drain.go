package main

import (
	"flag"
	"fmt"
	"net/http"
)

const drainHelp = `
Usage: spillway drain region REGION
       spillway drain --pool POOL --backend ADDRESS

Takes a region, or one backend of a pool, out of service: it gets no new
requests, and those that run go on to their end. It holds over reloads until
undrain, and is forgotten by a restart.

Examples: spillway drain region us-east
          spillway drain --pool api --backend 10.0.1.10:8080
`

const undrainHelp = `
Usage: spillway undrain region REGION
       spillway undrain --pool POOL --backend ADDRESS

Takes a drain back. A backend that was drained by itself stays so when its
region is undrained.

Examples: spillway undrain region us-east
          spillway undrain --pool api --backend 10.0.1.10:8080
`

func drainCommand(c *console, args []string) error {
	return changeService(c, newFlags(c, "drain", drainHelp), args, "/api/drain", "is drained: no new requests; what runs may end")
}

func undrainCommand(c *console, args []string) error {
	return changeService(c, newFlags(c, "undrain", undrainHelp), args, "/api/undrain", "is undrained")
}

// A drainTarget is a region, or a backend of a pool, as the admin address takes it.
type drainTarget struct {
	Region  string `json:"region,omitempty"`
	Pool    string `json:"pool,omitempty"`
	Backend string `json:"backend,omitempty"`
}

func (t drainTarget) String() string {
	if t.Region != "" {
		return "region " + t.Region
	}
	return fmt.Sprintf("backend %s of pool %s", t.Backend, t.Pool)
}

func changeService(c *console, f *flag.FlagSet, args []string, path, done string) error {
	var target drainTarget
	f.StringVar(&target.Region, "region", "", "a whole `region`, in all pools")
	f.StringVar(&target.Pool, "pool", "", "the `name` of the backend's pool")
	f.StringVar(&target.Backend, "backend", "", "the backend's `address`, as the status shows it")
	address := adminFlag(c, f)
	if err := parseWords(c, f, args, "region", "pool", "backend"); err != nil {
		return err
	}
	ofBackend := target.Pool != "" && target.Backend != ""
	partly := target.Pool != "" || target.Backend != ""
	if (target.Region != "") == partly || partly != ofBackend {
		fmt.Fprintf(c.err, "spillway: want either a region, or --pool and --backend; see 'spillway %s --help'\n", f.Name())
		return errUsage
	}
	admin, err := newAdminClient(*address)
	if err != nil {
		return err
	}
	if _, err := admin.call(http.MethodPost, path, target); err != nil {
		return err
	}
	fmt.Fprintln(c.out, target, done)
	return nil
}

// parseWords reads flags, of which some may also be written as words: `region us-east`.
func parseWords(c *console, f *flag.FlagSet, args []string, words ...string) error {
	rest, err := parseFlags(c, f, args)
	for err == nil && len(rest) > 0 {
		known := false
		for _, word := range words {
			known = known || word == rest[0]
		}
		if !known || len(rest) == 1 {
			return unexpected(c, f, rest[0])
		}
		if err := f.Set(rest[0], rest[1]); err != nil {
			return err
		}
		rest, err = parseFlags(c, f, rest[2:])
	}
	return err
}
