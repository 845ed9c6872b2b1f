package main

import (
	"errors"
	"fmt"
	"net/http"
)

const reloadHelp = `
Usage: spillway reload [--admin ADDRESS]

Has a running instance read its configuration file again, as SIGHUP does, and
waits until it is in force. A file with an error changes nothing; its errors are
printed as check prints them.

Example: spillway reload --admin 127.0.0.1:9901
`

func reloadCommand(c *console, args []string) error {
	f := newFlags(c, "reload", reloadHelp)
	address := adminFlag(c, f)
	if err := parse(c, f, args); err != nil {
		return err
	}
	admin, err := newAdminClient(*address)
	if err != nil {
		return err
	}
	_, err = admin.call(http.MethodPost, "/api/reload", nil)
	var refused *refusedError
	if errors.As(err, &refused) && refused.status == http.StatusBadRequest {
		fmt.Fprintln(c.err, refused.text)
		fmt.Fprintln(c.err, "spillway: not reloaded: the configuration before goes on")
		return errShown
	}
	if err != nil {
		return err
	}
	status, err := admin.status()
	if err != nil { // the file may have moved the admin address, or closed it
		fmt.Fprintln(c.out, "reloaded")
		return nil
	}
	fmt.Fprintf(c.out, "reloaded: configuration %d (%s) is in force\n", status.Config.Generation, status.Config.Digest)
	return nil
}
