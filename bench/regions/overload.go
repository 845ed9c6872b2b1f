//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"
)

func (st *stage) surge() (f figures, err error) {
	calm, surge := 3*time.Second, st.either(4*time.Second, 10*time.Second)
	const rate = 4000.0
	var held backendCount
	f.load, err = st.shoot(plan{Phases: []phase{{usual, calm}, {rate, surge}, {usual, calm}}, Connections: 400},
		st.tell(calm, backendOrder{Forget: true}),
		event{calm + surge, func() error {
			report, err := st.order(backendOrder{})
			for _, s := range st.site.Home {
				held.Requests += report.Counts[s.Name].Requests
				held.Held += report.Counts[s.Name].Held
			}
			return err
		}})
	if err != nil {
		return f, err
	}
	const settles = time.Second // what the surge has left behind is gone
	in := f.load.due(calm, calm+surge)
	around := append(f.load.due(0, calm), f.load.due(calm+surge+settles, 0)...)
	slots := 0
	for _, s := range st.site.Home {
		slots += s.Max
	}
	mean := held.Held.Seconds() / float64(max(1, held.Requests))
	must := max(0, 1-float64(slots)/(float64(len(in))/surge.Seconds()*mean))
	left, outside := in.share("far"), around.share("far")
	p50, p99 := in.quantile(0.5), in.quantile(0.99)
	f.text = fmt.Sprintf("%s before and after, %s in the surge (must: %s at %.2f ms held); %s; p50 %s, p99 %s",
		percent(outside), percent(left), percent(must), 1000*mean, f.load.failures(), ms(p50), ms(p99))
	f.meets = outside == 0 && left <= must+0.02 && f.load.failed() == 0 && p50 <= 22*time.Millisecond && p99 <= 103*time.Millisecond
	return f, nil
}

func (st *stage) half() (f figures, err error) {
	lost := st.either(6*time.Second, 12*time.Second)
	const settles = 3 * time.Second
	priorities := []int{10, 40, 70, 95}
	f.load, err = st.shoot(plan{Phases: []phase{{usual, before + lost}}, Priorities: priorities, Connections: 300},
		st.tell(before, backendOrder{Names: namesOf(st.site.Home), Stop: true}))
	if err != nil {
		return f, err
	}
	f.meets = true
	var at, settled []string
	for _, span := range []struct {
		from time.Duration
		into *[]string
	}{{before, &at}, {before + settles, &settled}} {
		last := 1.0
		for _, priority := range priorities {
			mine := f.load.due(span.from, 0).where(func(x *shot) bool { return x.Priority == priority })
			share := float64(mine.failed()+mine.cut()) / float64(len(mine))
			*span.into = append(*span.into, percent(share))
			// Half have to go, and these are the lower two of four.
			f.meets = f.meets && share <= last && (span.from == before || priority < 50 || share == 0)
			last = share
		}
	}
	f.text = fmt.Sprintf("failed by priority (10, 40, 70, 95): %s from the loss on; %s from %s later on; before %s",
		strings.Join(at, ", "), strings.Join(settled, ", "), settles, f.load.due(0, before).failures())
	f.meets = f.meets && f.load.due(0, before).failed() == 0
	return f, nil
}
