package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"time"

	"spillway/evacuation"
)

const drainHelp = `
Usage: spillway drain region REGION [--pool POOL] [--over TIME] [--dry-run]
       spillway drain --pool POOL --backend ADDRESS [--over TIME] [--dry-run]

Takes a region, what one pool has there, or one backend out of service: it gets
no new requests, and those that run go on to their end. It holds over reloads
until undrain, and is forgotten by a restart.

With --over the traffic leaves by degrees. When errors or latency rise where it
goes, or requests are refused there, all of it comes back by itself; the status
says why. --dry-run tells what would move where and whether it would fit. What
does not fit is refused.

Examples: spillway drain region us-east --over 30s
          spillway drain region us-east --dry-run
          spillway drain --pool api --backend 10.0.1.10:8080
`

const undrainHelp = `
Usage: spillway undrain region REGION [--pool POOL] [--over TIME]
       spillway undrain --pool POOL --backend ADDRESS [--over TIME]

Takes a drain back, also one that is under way. A backend that was drained by
itself stays so when its region is undrained. Traffic comes home within some
seconds, or over the time that --over gives.

Examples: spillway undrain region us-east
          spillway undrain --pool api --backend 10.0.1.10:8080
`

func drainCommand(c *console, args []string) error {
	f := newFlags(c, "drain", drainHelp)
	o := newServiceOrder(f)
	f.DurationVar(&o.over, "over", 0, "the `time` over which the traffic leaves; 0s is at once")
	f.BoolVar(&o.DryRun, "dry-run", false, "tell what would happen, and change nothing")
	f.BoolVar(&o.Force, "force", false, "also when the rest has no room")
	f.BoolVar(&o.NoGuard, "no-guard", false, "go on when errors or latency rise at the destinations")
	admin, err := o.read(c, f, args)
	if err != nil {
		return err
	}
	answer, err := admin.call(http.MethodPost, "/api/drain", o)
	if err != nil {
		return explainNoRoom(c, err)
	}
	switch {
	case o.DryRun:
		var forecast evacuation.Forecast
		if err := json.Unmarshal(answer, &forecast); err != nil {
			return fmt.Errorf("the admin address %s answered no forecast: %w", admin.address, err)
		}
		printForecast(c.out, &forecast)
	case o.over > 0:
		fmt.Fprintf(c.out, "%s is being drained over %s; 'spillway status' tells how far it is\n", o.Target, o.over)
	default:
		fmt.Fprintf(c.out, "%s is drained: no new requests; what runs may end\n", o.Target)
	}
	return nil
}

func undrainCommand(c *console, args []string) error {
	f := newFlags(c, "undrain", undrainHelp)
	o := newServiceOrder(f)
	f.DurationVar(&o.over, "over", 0, "the `time` over which the traffic comes back; 0s is some seconds")
	admin, err := o.read(c, f, args)
	if err != nil {
		return err
	}
	if _, err := admin.call(http.MethodPost, "/api/undrain", o); err != nil {
		return err
	}
	if o.over > 0 {
		fmt.Fprintf(c.out, "%s is being undrained over %s\n", o.Target, o.over)
	} else {
		fmt.Fprintf(c.out, "%s is undrained\n", o.Target)
	}
	return nil
}

// A serviceOrder is what the admin address takes for a drain, an undrain or a drill.
type serviceOrder struct {
	evacuation.Target
	Over    string `json:"over,omitempty"`
	For     string `json:"for,omitempty"`
	DryRun  bool   `json:"dry_run,omitempty"`
	Force   bool   `json:"force,omitempty"`
	NoGuard bool   `json:"no_guard,omitempty"`

	over time.Duration
}

// newServiceOrder adds the flags that say what the order is about.
func newServiceOrder(f *flag.FlagSet) *serviceOrder {
	o := new(serviceOrder)
	f.StringVar(&o.Region, "region", "", "a `region`, in all pools unless one is named")
	f.StringVar(&o.Pool, "pool", "", "the `name` of the pool")
	f.StringVar(&o.Backend, "backend", "", "the backend's `address`, as the status shows it")
	return o
}

// read takes the command line, which names a target unless optional says otherwise.
func (o *serviceOrder) read(c *console, f *flag.FlagSet, args []string, optional ...*bool) (*adminClient, error) {
	address := adminFlag(c, f)
	if err := parseWords(c, f, args, "region", "pool", "backend"); err != nil {
		return nil, err
	}
	for _, each := range optional {
		if *each {
			return newAdminClient(*address)
		}
	}
	if o.Validate() != nil {
		fmt.Fprintf(c.err, "spillway: want either a region, or --pool and --backend; see 'spillway %s --help'\n", f.Name())
		return nil, errUsage
	}
	if o.over < 0 {
		fmt.Fprintf(c.err, "spillway: --over %s is less than nothing\n", o.over)
		return nil, errUsage
	}
	if o.over > 0 {
		o.Over = o.over.String()
	}
	return newAdminClient(*address)
}

// explainNoRoom prints the forecast that an order was refused for.
func explainNoRoom(c *console, err error) error {
	refused, ok := errors.AsType[*refusedError](err)
	if !ok || refused.status != http.StatusConflict {
		return err
	}
	var answer struct{ Forecast *evacuation.Forecast }
	if json.Unmarshal(refused.body, &answer) != nil || answer.Forecast == nil {
		return err
	}
	printForecast(c.err, answer.Forecast)
	fmt.Fprintf(c.err, "spillway: refused: %s; --force does it all the same\n", refused.text)
	return errShown
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
