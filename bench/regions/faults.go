//go:build linux

package main

import (
	"fmt"
	"time"
)

// before is how long all is well at first.
const before = 2 * time.Second

func (st *stage) death() (f figures, err error) {
	dead, after := st.either(4*time.Second, 8*time.Second), st.either(6*time.Second, 8*time.Second)
	home := namesOf(st.site.Home)
	f.load, err = st.shoot(plan{Phases: []phase{{usual, before + dead + after}}, Connections: 250},
		st.tell(before, backendOrder{Names: home, Stop: true}),
		st.tell(before+dead, backendOrder{Names: home, Revive: true}))
	if err != nil {
		return f, err
	}
	meanwhile := f.load.due(before, before+dead)
	home95, ever := f.load.homeAfter(before + dead)
	back := fmt.Sprintf("95 %% home %.2f s after", home95.Seconds())
	if !ever {
		back = "never 95 % home"
	}
	f.text = fmt.Sprintf("%s; p99 meanwhile %s; %s", f.load.failures(), ms(meanwhile.quantile(0.99)), back)
	f.meets = f.load.failed() == 0 && meanwhile.quantile(0.99) <= 92*time.Millisecond && ever && home95 <= 5*time.Second
	return f, nil
}

func (st *stage) slow() (f figures, err error) {
	sick := []string{st.site.Home[0].Name}
	f.load, err = st.shoot(plan{Phases: []phase{{usual, before + 8*time.Second}}},
		st.tell(before, backendOrder{Names: sick, Set: true, Delay: 200 * time.Millisecond}))
	if err != nil {
		return f, err
	}
	then := f.load.due(before, 0)
	p99, share := then.quantile(0.99), then.share(sick[0])
	f.text = fmt.Sprintf("%s; p99 %s; share %s", f.load.failures(), ms(p99), percent(share))
	f.meets = f.load.failed() == 0 && p99 <= 10*time.Millisecond && share <= 0.003
	return f, nil
}

func (st *stage) unavailable() (f figures, err error) {
	sick := []string{st.site.Home[0].Name}
	lasts := st.either(4*time.Second, 8*time.Second)
	f.load, err = st.shoot(plan{Phases: []phase{{usual, before + lasts}}},
		st.tell(before, backendOrder{Names: sick, Set: true, Manner: fails, Forget: true}))
	if err != nil {
		return f, err
	}
	report, err := st.order(backendOrder{})
	if err != nil {
		return f, err
	}
	// What came before the fault was forgotten when it began.
	reached := float64(report.Counts[sick[0]].Requests) / float64(len(f.load.due(before, 0)))
	f.text = fmt.Sprintf("%s; %s reach it; p99 %s", f.load.failures(), percent(reached), ms(f.load.due(before, 0).quantile(0.99)))
	f.meets = f.load.failed() == 0 && reached <= 0.002
	return f, nil
}

func (st *stage) silent() (f figures, err error) {
	sick := []string{st.site.Home[0].Name}
	const lasts = 6 * time.Second
	f.load, err = st.shoot(plan{Phases: []phase{{usual, before + lasts + time.Second}}},
		st.tell(before, backendOrder{Names: sick, Set: true, Manner: silent}),
		st.tell(before+lasts, backendOrder{Names: sick, Set: true, Delay: 5 * time.Millisecond}))
	if err != nil {
		return f, err
	}
	then := f.load.due(before, before+lasts)
	f.text = fmt.Sprintf("%s; p99 %s", f.load.failures(), ms(then.quantile(0.99)))
	f.meets = f.load.failed() == 0 && then.quantile(0.99) <= 10*time.Millisecond
	return f, nil
}

func (st *stage) resets() (f figures, err error) {
	if _, err := st.order(backendOrder{Names: namesOf(st.site.Home[:1]), Set: true, Manner: resets, Delay: 5 * time.Millisecond, Forget: true}); err != nil {
		return f, err
	}
	f.load, err = st.shoot(plan{Phases: []phase{{750, 4 * time.Second}}, Methods: []string{"GET", "POST"}})
	if err != nil {
		return f, err
	}
	report, err := st.order(backendOrder{})
	if err != nil {
		return f, err
	}
	gets, posts := f.load.ofMethod("GET"), f.load.ofMethod("POST")
	f.text = fmt.Sprintf("%d POSTs of %d delivered twice; %d GETs of %d lost; %d POSTs refused",
		report.Twice, len(posts), gets.failed()+gets.cut(), len(gets), posts.failed()+posts.cut())
	f.meets = report.Twice == 0 && gets.failed()+gets.cut() == 0
	return f, nil
}
