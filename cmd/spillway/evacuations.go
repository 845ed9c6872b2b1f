package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"spillway/evacuation"
)

// printEvacuations tells what is on its way out or back.
func printEvacuations(w io.Writer, list []evacuation.Status) {
	if len(list) == 0 {
		return
	}
	rows := table{{"EVACUATION", "STATE", "KEEPS", "LEFT", "REASON"}}
	for _, e := range list {
		name, left, reason := e.Target.String(), ago(time.Duration(e.Left*1e9)), ""
		if e.Drill {
			name += " (drill)"
		}
		switch {
		case e.Aborted != "":
			reason = "aborted: " + e.Aborted
		case !e.Guarded && e.State == evacuation.Draining:
			reason = "not guarded"
		}
		if e.State == evacuation.Aborted {
			left = "-"
		}
		rows = append(rows, []string{name, string(e.State), strconv.FormatFloat(100*e.Share, 'f', 0, 64) + "%", left, reason})
	}
	fmt.Fprintln(w)
	rows.print(w, "llrrl")
}
