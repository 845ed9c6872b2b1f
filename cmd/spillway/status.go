package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"spillway/internal/config"
	"spillway/proxy"
)

const statusHelp = `
Usage: spillway status [--json] [--admin ADDRESS]

Shows a running instance: its configuration, listeners, pools, regions and
backends. Latencies are of the recent past.

Example: spillway status --admin unix:/run/spillway.sock
`

func statusCommand(c *console, args []string) error {
	f := newFlags(c, "status", statusHelp)
	asJSON := f.Bool("json", false, "print what GET /api/status answers, indented")
	address := adminFlag(c, f)
	if err := parse(c, f, args); err != nil {
		return err
	}
	admin, err := newAdminClient(*address)
	if err != nil {
		return err
	}
	if *asJSON {
		return printStatusJSON(c.out, admin)
	}
	status, err := admin.status()
	if err != nil {
		return err
	}
	printStatus(c.out, status, time.Now())
	return nil
}

func printStatusJSON(w io.Writer, admin *adminClient) error {
	text, err := admin.call(http.MethodGet, "/api/status", nil)
	if err != nil {
		return err
	}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return fmt.Errorf("the admin address %s answered what is not JSON: %w", admin.address, err)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(whole)
}

func (a *adminClient) status() (*proxy.Status, error) {
	text, err := a.call(http.MethodGet, "/api/status", nil)
	if err != nil {
		return nil, err
	}
	status := new(proxy.Status)
	if err := json.Unmarshal(text, status); err != nil {
		return nil, fmt.Errorf("the admin address %s answered no status: %w", a.address, err)
	}
	return status, nil
}

// printStatus writes a status for people.
func printStatus(w io.Writer, s *proxy.Status, now time.Time) {
	fmt.Fprintf(w, "spillway %s, region %s, configuration %d", s.Version, s.Region, s.Config.Generation)
	if s.Config.Digest != "" {
		fmt.Fprintf(w, " (%s)", s.Config.Digest)
	}
	fmt.Fprintf(w, ", loaded %s ago\n", ago(now.Sub(s.Config.LoadedAt)))
	if s.Config.LastError != "" {
		fmt.Fprintf(w, "the last reload failed, and changed nothing:\n  %s\n", strings.ReplaceAll(s.Config.LastError, "\n", "\n  "))
	}
	listeners := table{{"LISTENER", "ADDRESS", "PROTOCOL", "CONNECTIONS"}}
	for _, ln := range s.Listeners {
		listeners = append(listeners, []string{ln.Name, ln.Address, ln.Protocol, strconv.FormatInt(ln.Connections, 10)})
	}
	fmt.Fprintln(w)
	listeners.print(w, "lllr")
	printCertificates(w, s.Listeners, now)
	if s.Doubt != nil {
		fmt.Fprintf(w, "\nTHE OWN NETWORK IS IN DOUBT: %s\n", s.Doubt.Reason)
	}
	printEvacuations(w, s.Evacuations)
	if d := s.Drill; d != nil && d.Ended {
		fmt.Fprintf(w, "\nlast drill: %s, %s ago, %s; 'spillway drill --report' tells more\n", d.Target, ago(now.Sub(d.StartedAt)), d.State)
	}
	for i := range s.Pools {
		printPool(w, &s.Pools[i])
	}
}

// printCertificates warns of certificates that expire soon; the others need no line.
func printCertificates(w io.Writer, listeners []proxy.ListenerStatus, now time.Time) {
	for _, ln := range listeners {
		for _, c := range ln.Certificates {
			left := c.NotAfter.Sub(now)
			switch {
			case left <= 0:
				fmt.Fprintf(w, "the certificate %s of listener %s has expired on %s\n", c.Name, ln.Name, c.NotAfter.Format(time.DateOnly))
			case left < config.ExpiryWarning:
				fmt.Fprintf(w, "the certificate %s of listener %s expires on %s, in %s\n", c.Name, ln.Name, c.NotAfter.Format(time.DateOnly), ago(left))
			}
		}
	}
}

func printPool(w io.Writer, p *proxy.PoolStatus) {
	fmt.Fprintf(w, "\nPOOL %s, %s", p.Name, p.Policy)
	for _, each := range []struct {
		n    int
		what string
	}{{p.Waiting, "in the queue"}, {p.Holding, "held for home"}} {
		if each.n > 0 {
			fmt.Fprintf(w, ", %d %s", each.n, each.what)
		}
	}
	if p.Shed > 0 {
		fmt.Fprintf(w, ", priorities below %.0f are shed", p.Shed)
	}
	fmt.Fprintln(w)
	rows := table{{"REGION", "BACKEND", "STATE", "RTT", "SHARE", "INFLIGHT", "REQUESTS", "ERRORS", "P50", "P99", "REASON"}}
	for _, r := range p.Regions {
		rows = append(rows, []string{r.Name, "", string(r.State), rtt(r.RTT), shareOf(r.Share), filled(r.Inflight, r.Capacity, false), "", "", "", "", r.Reason})
		for _, b := range r.Backends {
			rows = append(rows, []string{"", b.Address, b.State, "", "", filled(b.Inflight, b.Limit, b.Learned), strconv.FormatUint(b.Requests, 10),
				strconv.FormatUint(b.Errors, 10), latency(b.P50), latency(b.P99), b.Reason + burden(&b)})
		}
	}
	rows.dropEmpty().print(w, "lllrrrrrrrl")
}

// filled is how many requests are in flight, and of how many there may be; ~ is for
// a limit that was learned.
func filled(inflight, limit int64, learned bool) string {
	text := number(inflight)
	if limit > 0 {
		text += "/" + limitOf(limit, learned)
	}
	return text
}

// burden says why a backend gets less than it would.
func burden(b *proxy.BackendStatus) (words string) {
	if b.Warmth < 1 && b.State == "healthy" {
		words += "; warming up, at " + shareOf(b.Warmth)
	}
	if b.Load > float64(b.Inflight)+0.5 {
		words += fmt.Sprintf("; counts as %.1f in flight, for its failures", b.Load)
	}
	return words
}

// latency writes milliseconds as people read them; 0 is nothing measured.
func latency(ms float64) string {
	switch {
	case ms <= 0:
		return "-"
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 2, 64) + "ms"
	case ms < 1000:
		return strconv.FormatFloat(ms, 'f', 0, 64) + "ms"
	}
	return strconv.FormatFloat(ms/1000, 'f', 2, 64) + "s"
}

// ago is a time that has passed, in its two largest units.
func ago(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return d.Truncate(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}
