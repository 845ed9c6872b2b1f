package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"spillway/proxy"
)

const explainHelp = `
Usage: spillway explain [METHOD] URL [-H 'NAME: VALUE']... [--client-ip IP]

Asks a running instance what would become of a request if it came now: its
route, key, priority and limits, each region as the request finds it, and who
would be picked and why. Nothing is sent and nothing is counted.

Example: spillway explain GET https://api.example.com/v1/users -H 'X-User-ID: 7'
`

func explainCommand(c *console, args []string) error {
	f := newFlags(c, "explain", explainHelp)
	q := url.Values{}
	f.Func("H", "a `header`, NAME: VALUE; may be repeated", func(value string) error {
		q.Add("header", value)
		return nil
	})
	clientIP := f.String("client-ip", "", "the `address` that the request comes from; 127.0.0.1 if empty")
	listener := f.String("listener", "", "the `name` of the listener, where scheme and port do not tell")
	asJSON := f.Bool("json", false, "print what GET /api/explain answers")
	address := adminFlag(c, f)
	words, err := splitWords(c, f, args)
	if err != nil {
		return err
	}
	method := "GET"
	if len(words) == 2 {
		method = words[0]
		words = words[1:]
	}
	if len(words) != 1 {
		fmt.Fprintln(c.err, "spillway: want a method and a URL; see 'spillway explain --help'")
		return errUsage
	}
	target := words[0]
	if !strings.Contains(target, "://") {
		target = "http://" + target
	}
	q.Set("method", strings.ToUpper(method))
	q.Set("url", target)
	if *clientIP != "" {
		q.Set("client_ip", *clientIP)
	}
	if *listener != "" {
		q.Set("listener", *listener)
	}
	admin, err := newAdminClient(*address)
	if err != nil {
		return err
	}
	text, err := admin.call(http.MethodGet, "/api/explain?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	if *asJSON {
		_, err = c.out.Write(text)
		return err
	}
	var e proxy.Explanation
	if err := json.Unmarshal(text, &e); err != nil {
		return fmt.Errorf("the admin address %s answered no explanation: %w", admin.address, err)
	}
	printExplanation(c.out, &e)
	return nil
}

// printExplanation writes an explanation for people.
func printExplanation(w io.Writer, e *proxy.Explanation) {
	query := ""
	if e.Request.Query != "" {
		query = "?" + e.Request.Query
	}
	facts := table{
		{"request", fmt.Sprintf("%s %s%s%s from %s", e.Request.Method, e.Request.Host, e.Request.Path, query, e.Request.ClientIP)},
		{"listener", e.Listener},
	}
	if e.Route != "" {
		facts = append(facts, []string{"route", e.Route})
	}
	if e.Answer != nil {
		facts = append(facts, []string{"answer", strings.TrimSpace(fmt.Sprintf("%d, %s", e.Answer.Status, e.Answer.Why))})
	}
	if e.Forward != nil {
		facts = append(facts, forwardFacts(e)...)
	}
	facts.print(w, "ll")
	if e.Forward != nil {
		printExplainedRegions(w, e.Forward)
		fmt.Fprintf(w, "\n%s\n", verdict(e.Forward))
	}
}

func forwardFacts(e *proxy.Explanation) (facts table) {
	f := e.Forward
	add := func(name, format string, args ...any) {
		facts = append(facts, []string{name, fmt.Sprintf(format, args...)})
	}
	if f.Path != e.Request.Path {
		add("path", "%s for the backend", f.Path)
	}
	for _, each := range f.Split {
		add("split", "%s, weight %d", each.Pool, each.Weight)
	}
	add("pool", "%s, %s", f.Pool, f.Policy)
	if f.Key != nil {
		add("key", "%s = %s", f.Key.Source, f.Key.Value)
	}
	if f.Sticky != nil {
		switch {
		case f.Sticky.Backend == "":
			add("sticky", "cookie %s names nobody", f.Sticky.Cookie)
		case f.Sticky.Used:
			add("sticky", "cookie %s names %s", f.Sticky.Cookie, f.Sticky.Backend)
		default:
			add("sticky", "cookie %s names %s, who can not be had now", f.Sticky.Cookie, f.Sticky.Backend)
		}
	}
	if f.Origin != "" {
		add("origin", "spilled to us by region %s: it stays here", f.Origin)
	}
	if f.Shed > 0 {
		add("priority", "%d; below %.0f is shed now", f.Priority, f.Shed)
	} else {
		add("priority", "%d; nothing is shed now", f.Priority)
	}
	for _, each := range f.Limits {
		add("limit", "%s", each)
	}
	if f.Waiting > 0 {
		add("queue", "%d requests wait", f.Waiting)
	}
	return facts
}

func printExplainedRegions(w io.Writer, f *proxy.ExplainedForward) {
	rows := table{{"REGION", "BACKEND", "STATE", "RTT", "LOAD", "LIMIT", "KEEPS", "REASON"}}
	for _, r := range f.Regions {
		reason := r.Reason
		switch {
		case !r.Permitted:
			reason += "; this request may not use it"
		case r.Passed != "":
			reason += "; passed: " + r.Passed
		}
		limit := "-"
		if r.Capacity > 0 {
			limit = number(r.Capacity)
		}
		keeps := r.Keeps
		if f.Key != nil && f.Policy == "consistent_hash" {
			keeps = r.KeepsKeys
		}
		rows = append(rows, []string{r.Name, "", r.State, rtt(r.RTT), number(r.Inflight), limit, shareOf(keeps), reason})
		for _, b := range r.Backends {
			mark := "  "
			if b.Address == f.Backend && r.Name == f.Region {
				mark = "> "
			}
			rows = append(rows, []string{"", mark + b.Address, b.State, "", strconv.FormatFloat(b.Load, 'f', -1, 64), limitOf(b.Limit, b.Learned), "", b.Reason + backendNotes(&b)})
		}
	}
	fmt.Fprintln(w)
	rows.dropEmpty().print(w, "lllrrrrl")
}

func backendNotes(b *proxy.ExplainedBackend) (notes string) {
	if b.Backup {
		notes += "; a backup"
	}
	if b.Warmth < 1 {
		notes += "; warming up, at " + shareOf(b.Warmth)
	}
	if !b.Eligible && b.State == "healthy" {
		notes += "; has no room"
	}
	return notes
}

// verdict says in a sentence what becomes of the request.
func verdict(f *proxy.ExplainedForward) string {
	where := fmt.Sprintf("it goes to %s in region %s", f.Backend, f.Region)
	switch f.Outcome {
	case "hold":
		return fmt.Sprintf("it waits up to %s for a slot in the nearest region, since that costs less than the way to the next", latency(f.Patience))
	case "full":
		return "every backend that it may use is full: it waits in the pool's queue, or is refused with 503"
	case "none":
		return "there is no backend that it may use: 503"
	case "picked in panic":
		return where + ": nobody is available, so everyone is tried (panic)"
	}
	if f.Region == "" {
		return "it goes to " + f.Backend + ": " + f.Reason
	}
	return where + ": " + reasonInWords(f.Reason)
}

func reasonInWords(reason string) string {
	words := map[string]string{
		"home":            "the nearest region has room",
		"sticky":          "its cookie says so",
		"key":             "its key has left the nearest region",
		"spill-full":      "the nearest region is full",
		"spill-unhealthy": "nobody in the nearest region is available",
		"drained":         "the nearest region is taken out by an operator",
		"spill-returning": "the nearest region was away and gets its traffic back by and by",
	}[reason]
	if words == "" {
		return reason
	}
	return words + " (" + reason + ")"
}

func limitOf(limit int64, learned bool) string {
	switch {
	case limit <= 0:
		return "-"
	case learned:
		return "~" + number(limit)
	}
	return number(limit)
}

func shareOf(share float64) string {
	return strconv.FormatFloat(math.Round(1000*share)/10, 'f', -1, 64) + "%"
}

// splitWords reads flags and words in any order and returns the words.
func splitWords(c *console, f *flag.FlagSet, args []string) (words []string, err error) {
	for {
		rest, err := parseFlags(c, f, args)
		if err != nil || len(rest) == 0 {
			return words, err
		}
		words, args = append(words, rest[0]), rest[1:]
	}
}
