package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"spillway/evacuation"
)

const drillHelp = `
Usage: spillway drill region REGION --for TIME [--over TIME] [--pool POOL]
       spillway drill --report

A failover exercise: takes a region out of service over some time, keeps it out
for another, puts it back, and reports what happened. It ends at once when
errors or latency rise where the traffic goes, or requests are refused there.

The running instance does all that: it does not depend on this command, which
only waits and prints. An instance that is restarted meanwhile has forgotten the
drill and has everything in service.

Examples: spillway drill region us-east --for 60s --over 10s
          spillway drill --report
`

func drillCommand(c *console, args []string) error {
	f := newFlags(c, "drill", drillHelp)
	o := newServiceOrder(f)
	lasts := f.Duration("for", 0, "the `time` for which the region stays out")
	f.DurationVar(&o.over, "over", 5*time.Second, "the `time` over which the traffic leaves, and comes back")
	report := f.Bool("report", false, "print what the last drill did, and begin none")
	f.BoolVar(&o.Force, "force", false, "also when the rest has no room")
	f.BoolVar(&o.NoGuard, "no-guard", false, "go on when errors or latency rise at the destinations")
	admin, err := o.read(c, f, args, report)
	if err != nil {
		return err
	}
	if *report {
		last, err := admin.drill()
		if err == nil && last == nil {
			err = fmt.Errorf("there was no drill since the instance was started")
		}
		if err != nil {
			return err
		}
		printDrill(c.out, last)
		return nil
	}
	if *lasts <= 0 {
		fmt.Fprintf(c.err, "spillway: --for is missing: how long shall it last? See 'spillway drill --help'\n")
		return errUsage
	}
	o.For = lasts.String()
	return runDrill(c, admin, o)
}

// drillPoll is how often a drill is asked about.
const drillPoll = 500 * time.Millisecond

// runDrill begins a drill, waits for its end, and prints what is new.
func runDrill(c *console, admin *adminClient, o *serviceOrder) error {
	if _, err := admin.call(http.MethodPost, "/api/drill", o); err != nil {
		return explainNoRoom(c, err)
	}
	fmt.Fprintf(c.out, "drill: %s leaves over %s and stays out for %s; this command only watches\n", o.Target, o.over, o.For)
	var said evacuation.DrillState
	for {
		report, err := admin.drill()
		if err != nil {
			return fmt.Errorf("the drill goes on, but can not be watched: %w", err)
		}
		if report == nil {
			return fmt.Errorf("the instance was restarted, and has forgotten the drill: everything is in service")
		}
		if report.State != said && !report.Ended {
			said = report.State
			fmt.Fprintf(c.out, "drill: %s\n", said)
		}
		if report.Ended {
			printDrill(c.out, report)
			if report.State != evacuation.DrillDone {
				return errShown
			}
			return nil
		}
		time.Sleep(drillPoll)
	}
}

// drill is the report of the last drill; nil: there was none.
func (a *adminClient) drill() (*evacuation.DrillReport, error) {
	text, err := a.call(http.MethodGet, "/api/drill", nil)
	if err != nil {
		return nil, err
	}
	var report *evacuation.DrillReport
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("the admin address %s answered no report: %w", a.address, err)
	}
	return report, nil
}

// printDrill writes a report for people.
func printDrill(w io.Writer, r *evacuation.DrillReport) {
	fmt.Fprintf(w, "\nDRILL %s, begun %s, over %s and for %s: %s\n", r.Target, r.StartedAt.Format(time.RFC3339),
		ago(time.Duration(r.Ramp*1e9)), ago(time.Duration(r.Seconds*1e9)), r.State)
	if r.Aborted != "" {
		fmt.Fprintf(w, "aborted: %s\n", r.Aborted)
	}
	fmt.Fprintf(w, "%d of %d requests moved (%.1f%%), %d were refused\n\n", r.Moved, r.Requests, 100*r.Share, r.Refused)
	rows := table{{"AT THE DESTINATIONS", "REQUESTS", "ERRORS", "P50", "P99"}}
	for _, each := range []struct {
		name string
		of   evacuation.Service
	}{{"before", r.Before}, {"during", r.During}} {
		rows = append(rows, []string{each.name, number(int64(each.of.Requests)), number(int64(each.of.Errors)), latency(each.of.P50), latency(each.of.P99)})
	}
	rows.print(w, "lrrrr")
	if r.Ended {
		fmt.Fprintf(w, "all of the traffic was home again %.1fs after the region was put back\n", r.HomeAfter)
	}
}
