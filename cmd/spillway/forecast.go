package main

import (
	"fmt"
	"io"
	"strconv"

	"spillway/evacuation"
)

// printForecast writes what a drain would move, for people.
func printForecast(w io.Writer, f *evacuation.Forecast) {
	if len(f.Pools) == 0 {
		fmt.Fprintf(w, "%s serves nothing: nobody there is available\n", f.Target)
		return
	}
	fmt.Fprintf(w, "requests in flight that would leave %s, and the slots that they would take elsewhere:\n\n", f.Target)
	rows := table{{"POOL", "LEAVE", "TO", "RTT", "TAKE", "INFLIGHT", "CAPACITY", "ROOM", "FITS"}}
	var notes []string
	for i := range f.Pools {
		p := &f.Pools[i]
		fits := "yes"
		if !p.Fits {
			fits = "NO"
		}
		rows = append(rows, []string{p.Pool, number(p.Requests), "", "", "", "", "", "", fits})
		for _, d := range p.Destinations {
			capacity, room := "?", "?"
			if d.Capacity > 0 {
				capacity, room = limitOf(d.Capacity, d.Learned), number(d.Room)
			}
			rows = append(rows, []string{"", "", d.Region, rtt(d.RTT), number(d.Requests), number(d.Inflight), capacity, room, ""})
		}
		for _, each := range p.Notes {
			notes = append(notes, fmt.Sprintf("pool %s: %s", p.Pool, each))
		}
		if p.Stranded > 0 {
			notes = append(notes, fmt.Sprintf("pool %s: no room for %d of %d", p.Pool, p.Stranded, p.Requests))
		}
	}
	rows.print(w, "lrlrrrrrl")
	for _, each := range notes {
		fmt.Fprintln(w, each)
	}
	if f.Fits {
		fmt.Fprintln(w, "it fits")
	} else {
		fmt.Fprintln(w, "it does not fit")
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// rtt is how far a region is; 0: this one, or not known.
func rtt(ms float64) string {
	if ms <= 0 {
		return "-"
	}
	return latency(ms)
}
