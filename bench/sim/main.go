package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	only := flag.String("scenario", "", "")
	seed := flag.Uint64("seed", 1, "")
	flag.Parse()
	for _, s := range scenarios() {
		if *only != "" && s.name != *only {
			continue
		}
		t0 := time.Now()
		list := s.trials()
		run(list, *seed)
		fmt.Printf("== %s (%.1fs)\n", s.name, time.Since(t0).Seconds())
		for _, t := range list {
			x := t.summary
			fmt.Printf("%-12s due %7d away %6.2f%% least %6.2f%% fail %6.3f%% p50 %6.1f p99 %7.1f (%7.1f) swing %5.2f amp %5.2f (%5.2f) moved %.3f imp %.3f low %.3f\n", t.label, x.due,
				100*float64(x.away)/float64(x.due), 100*x.least/float64(x.due), 100*float64(x.failed)/float64(x.due), x.p50, x.p99, x.p99Answered, x.swing, x.amplitude, x.leastSwing, x.moved, x.important, x.lowest)
		}
	}
	_ = os.Args
}
