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
	lost := st.either(8*time.Second, 14*time.Second)
	const settles = 4 * time.Second
	var priorities []int
	for p := 5; p < 100; p += 10 {
		priorities = append(priorities, p)
	}
	f.load, err = st.shoot(plan{Phases: []phase{{usual, before + lost}}, Priorities: priorities, Connections: 300},
		st.tell(before, backendOrder{Names: namesOf(st.site.Home), Stop: true}))
	if err != nil {
		return f, err
	}
	at, settled := f.load.due(before, before+settles).lostBy(priorities), f.load.due(before+settles, 0).lostBy(priorities)
	ordered, above := true, 0.0
	for i, share := range settled {
		ordered = ordered && (i == 0 || share <= settled[i-1]+0.01)
		if priorities[i] >= halfAndBand {
			above = max(above, share)
		}
	}
	f.text = fmt.Sprintf("failed by priority (5, 15, ... 95): %s %% in the first %s of the loss, %s %% later on; before: %s",
		percents(at), settles, percents(settled), f.load.due(0, before).failures())
	f.meets = ordered && above == 0 && f.load.due(0, before).failed() == 0
	return f, nil
}

// halfAndBand is above what has to go where half has, and above the band over which shedding goes from none to all.
const halfAndBand = 65

// lostBy is the part of each priority that failed.
func (s shots) lostBy(priorities []int) (shares []float64) {
	for _, priority := range priorities {
		mine := s.where(func(x *shot) bool { return x.Priority == priority })
		shares = append(shares, float64(mine.failed()+mine.cut())/float64(max(1, len(mine))))
	}
	return shares
}

func percents(shares []float64) string {
	var words []string
	for _, share := range shares {
		words = append(words, fmt.Sprintf("%.1f", 100*share))
	}
	return strings.Join(words, ", ")
}
