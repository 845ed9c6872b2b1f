// Command sim shows what spillway's balancing does, in virtual time: it drives the real packages balancer and health,
// as the proxy does, through simulated servers, networks, clients and faults, and sets beside them how other
// balancers would do.
//
//	go run ./bench/sim                          everything, in a minute or two
//	go run ./bench/sim -quick                   the most telling ones, in seconds
//	go run ./bench/sim -scenario surge -out d   one, with its plot in d/surge.svg
//	go run ./bench/sim -list
//
// The tables are Markdown. Everything follows from the seed, and all policies meet the same requests.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := command(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func command(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	only := flags.String("scenario", "", "run only these, separated by commas")
	seed := flags.Uint64("seed", 1, "of all random numbers")
	list := flags.Bool("list", false, "list the scenarios")
	quick := flags.Bool("quick", false, "run only the most telling scenarios")
	dir := flags.String("out", "", "write a plot (SVG) of each scenario into this directory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*only, *quick)
	if err != nil {
		return err
	}
	if *list {
		for _, s := range chosen {
			fmt.Fprintf(out, "%-14s %s\n", s.name, s.title)
		}
		return nil
	}
	if *dir != "" {
		if err := os.MkdirAll(*dir, 0o755); err != nil {
			return err
		}
	}
	fmt.Fprint(out, preface)
	var all []string
	for _, s := range chosen {
		trials := s.trials()
		run(trials, *seed)
		complaints := judge(s, trials)
		for _, c := range complaints {
			all = append(all, s.name+": "+c)
		}
		writeTable(out, s, trials, complaints)
		if *dir != "" {
			if err := savePlot(filepath.Join(*dir, s.name+".svg"), s, trials); err != nil {
				return err
			}
		}
	}
	conclude(out, len(chosen), all)
	return nil
}

const preface = `# spillway in simulation

- **left home**: requests that another region answered. **The least** that had to: in each second, the work that was offered (each
  request's service time and the round trip at home) beyond what home's slots could do in it, were it spread without a gap. *Beyond the
  least* is relative to that; in points of all requests where less than 1 % had to leave. Promised: at most 5 %, or half a point.
- **p50, p99**: from the moment at which a request was due, over the time that the scenario is about; a failed request counts as longer than any.
- **swing, amplitude**: standard deviation and range of what left home in each second, beside the least of that second, in points, over the
  time in which the load is settled. Promised: a swing of at most 2 points, or that of round robin, whose share never moves, so that it shows how
  much the least itself does.
- Latencies within 1 % and failures within 0.05 points count as equal.
`

func choose(only string, quick bool) (chosen []*scenario, err error) {
	names := strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	for _, s := range scenarios() {
		i := slices.Index(names, s.name)
		if i >= 0 {
			names = slices.Delete(names, i, i+1)
		}
		if i >= 0 || only == "" && (s.telling || !quick) {
			chosen = append(chosen, s)
		}
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("no scenario is called %q; -list shows all", names[0])
	}
	return chosen, nil
}

func savePlot(path string, s *scenario, trials []*trial) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriter(file)
	writePlot(w, s, trials)
	return w.Flush()
}

func conclude(out io.Writer, scenarios int, complaints []string) {
	fmt.Fprintf(out, "\n## Summary\n\n")
	if len(complaints) == 0 {
		fmt.Fprintf(out, "All promises hold in all %d scenarios.\n", scenarios)
		return
	}
	fmt.Fprintf(out, "Not as promised, in %d scenarios:\n\n", scenarios)
	for _, c := range complaints {
		fmt.Fprintf(out, "- %s\n", c)
	}
}
