// Command spillway is a load balancer and reverse proxy: one binary, one YAML
// file. Its commands are listed by `spillway help`.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// A command is one word of the command line.
type command struct {
	name    string
	summary string
	run     func(c *console, args []string) error
}

// A console is where a command reads its arguments and writes.
type console struct {
	out, err io.Writer
	env      func(string) (string, bool)
}

// errShown ends a command whose complaint has been printed already.
var errShown = errors.New("")

// errUsage ends a command that was called wrongly.
var errUsage = errors.New("usage")

func commands() []command {
	return []command{
		{"run", "run the load balancer with a configuration file (the default command)", runCommand},
		{"check", "validate a configuration file and print every error with its place", checkCommand},
		{"proxy", "run without a file: --from one address --to backends", proxyCommand},
		{"demo", "two regions, four backends and a load balancer, all in this process", demoCommand},
		{"status", "show listeners, pools, regions and backends of a running instance", statusCommand},
		{"reload", "have a running instance read its configuration again", reloadCommand},
		{"drain", "take a region, a pool's part of it or a backend out of service", drainCommand},
		{"undrain", "take a drain back", undrainCommand},
		{"drill", "take a region out for a while, as an exercise, and report", drillCommand},
		{"explain", "tell where a request would go, and why", explainCommand},
		{"version", "print the version", versionCommand},
	}
}

func main() {
	os.Exit(execute(&console{out: os.Stdout, err: os.Stderr, env: os.LookupEnv}, os.Args[1:]))
}

// execute runs a command line and returns the exit status: 0, 1 for a failure,
// 2 for a wrong call.
func execute(c *console, args []string) int {
	err := dispatch(c, args)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case !errors.Is(err, errShown):
		fmt.Fprintln(c.err, "spillway:", err)
	}
	return 1
}

func dispatch(c *console, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "help", "-h", "-help", "--help":
			usage(c.out)
			return nil
		}
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		args = append([]string{"run"}, args...)
	}
	for _, each := range commands() {
		if each.name == args[0] {
			return each.run(c, args[1:])
		}
	}
	fmt.Fprintf(c.err, "spillway: unknown command %q", args[0])
	if near := nearest(args[0]); near != "" {
		fmt.Fprintf(c.err, " (did you mean %q?)", near)
	}
	fmt.Fprintln(c.err, "\nRun 'spillway help' for the commands.")
	return errUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "spillway keeps requests in the nearest region that is healthy and has room.\n\nUsage: spillway COMMAND [flags]\n\n")
	for _, each := range commands() {
		fmt.Fprintf(w, "  %-8s %s\n", each.name, each.summary)
	}
	fmt.Fprint(w, "\nRun 'spillway COMMAND --help' for the flags of a command.\n")
}

// newFlags makes the flags of a command; what is its whole help but the flags.
func newFlags(c *console, name, what string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // parseFlags says what is wrong
	f.Usage = func() {
		fmt.Fprintln(c.out, strings.TrimSpace(what))
		heading := "\nFlags:\n"
		f.VisitAll(func(each *flag.Flag) {
			fmt.Fprint(c.out, heading, flagHelp(each))
			heading = ""
		})
	}
	return f
}

func flagHelp(f *flag.Flag) string {
	value, text := flag.UnquoteUsage(f)
	dashes := "--"
	if len(f.Name) == 1 {
		dashes = "-"
	}
	if f.DefValue != "" && f.DefValue != "false" {
		text += " (default " + f.DefValue + ")"
	}
	return fmt.Sprintf("  %s\n      %s\n", strings.TrimSpace(dashes+f.Name+" "+strings.ToUpper(value)), strings.ReplaceAll(text, "\n", "\n      "))
}

// parse reads the flags of a command that takes nothing else.
func parse(c *console, f *flag.FlagSet, args []string) error {
	rest, err := parseFlags(c, f, args)
	if err == nil && len(rest) > 0 {
		return unexpected(c, f, rest[0])
	}
	return err
}

// parseFlags is parse for a command that takes more than flags: it returns the
// arguments from the first on that is none.
func parseFlags(c *console, f *flag.FlagSet, args []string) (rest []string, err error) {
	switch err = f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		fmt.Fprintf(c.err, "spillway: %v; see 'spillway %s --help'\n", err, f.Name())
		return nil, errUsage
	}
	return f.Args(), nil
}

func unexpected(c *console, f *flag.FlagSet, arg string) error {
	fmt.Fprintf(c.err, "spillway: unexpected argument %q; see 'spillway %s --help'\n", arg, f.Name())
	return errUsage
}

// nearest is the command whose name is at most two letters away, or empty.
func nearest(word string) (best string) {
	distance := 3
	for _, each := range commands() {
		if d := editDistance(word, each.name); d < distance {
			best, distance = each.name, d
		}
	}
	return best
}

// editDistance is how many letters have to be put in, taken out or changed (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
