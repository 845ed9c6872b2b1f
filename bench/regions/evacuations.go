//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"time"
)

type order map[string]any

// ask makes an event of an order to spillway.
func (st *stage) ask(at time.Duration, path string, o order) event {
	return event{at, func() error { _, err := st.admin(path, o); return err }}
}

func (st *stage) drain() (f figures, err error) {
	ramp, out, back := st.either(4*time.Second, 10*time.Second), 3*time.Second, 5*time.Second
	ramped := before + ramp
	f.load, err = st.shoot(plan{Phases: []phase{{usual, ramped + out + back}}, Connections: 250},
		st.ask(before, "/api/drain", order{"region": "near", "over": ramp.String()}),
		st.ask(ramped+out, "/api/undrain", order{"region": "near", "over": "2s"}))
	if err != nil {
		return f, err
	}
	const settles = time.Second
	midway := f.load.due(before+ramp/2-ramp/8, before+ramp/2+ramp/8).share("far")
	left := f.load.due(ramped+settles, ramped+out).share("home")
	home, ever := f.load.homeAfter(ramped + out)
	f.text = fmt.Sprintf("%s; %s away midway; %s at home when drained; 95 %% home %.2f s after undrain over 2 s; p99 %s",
		f.load.failures(), percent(midway), percent(left), home.Seconds(), ms(f.load.quantile(0.99)))
	f.meets = f.load.failed()+f.load.cut() == 0 && left == 0 && ever && midway > 0.2 && midway < 0.8
	return f, nil
}

func (st *stage) drill() (f figures, err error) {
	lasts, ramp, back := st.either(3*time.Second, 6*time.Second), 2*time.Second, 4*time.Second
	f.load, err = st.shoot(plan{Phases: []phase{{usual, before + 2*ramp + lasts + back}}, Connections: 250},
		st.ask(before, "/api/drill", order{"region": "near", "for": lasts.String(), "over": ramp.String()}))
	if err != nil {
		return f, err
	}
	said, err := st.admin("/api/drill", nil)
	if err != nil {
		return f, err
	}
	var report struct {
		State   string
		Aborted string
		Share   float64
	}
	if err := json.Unmarshal(said, &report); err != nil {
		return f, err
	}
	end := f.load.due(before+2*ramp+lasts+2*time.Second, 0)
	f.text = fmt.Sprintf("%s; %s, %s moved; %s home at the end; p99 %s",
		f.load.failures(), report.State+report.Aborted, percent(report.Share), percent(end.share("home")), ms(f.load.quantile(0.99)))
	f.meets = f.load.failed()+f.load.cut() == 0 && report.State == "done" && end.share("home") == 1
	return f, nil
}

func (st *stage) kill() (f figures, err error) {
	const killed = before + 3*time.Second
	var up time.Duration
	f.load, err = st.shoot(plan{Phases: []phase{{300, killed + 5*time.Second}}},
		st.ask(before, "/api/drill", order{"region": "near", "for": "1h", "over": "1s"}),
		event{killed, func() error {
			began := time.Now()
			st.proxy.proc.Kill()
			err := st.launch(st.proxy)
			up = killed + time.Since(began) + 100*time.Millisecond
			return err
		}})
	if err != nil {
		return f, err
	}
	outside := append(f.load.due(0, killed-100*time.Millisecond), f.load.due(up, 0)...)
	drilled, then := f.load.due(killed-time.Second, killed), f.load.due(up, 0)
	f.text = fmt.Sprintf("%s before and after, %d in the %.2f s without a process; %s away before, %s home after",
		outside.failures(), f.load.failed()-outside.failed(), (up - killed).Seconds(), percent(drilled.share("far")), percent(then.share("home")))
	f.meets = outside.failed() == 0 && drilled.share("far") > 0.99 && then.share("home") == 1
	return f, nil
}
