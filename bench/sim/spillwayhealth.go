package main

import (
	"time"

	"spillway/health"
)

// checkEvery and what follows are the same for each kind of proxy that checks.
const (
	checkEvery   = second
	checkTimeout = 500 * milli
	checkFall    = 2
	checkRise    = 2
)

func (in *instance) startHealth() {
	in.checks = health.CheckSettings{Interval: time.Duration(checkEvery), Timeout: time.Duration(checkTimeout), Jitter: 0.1, Rise: checkRise, Fall: checkFall}
	in.group = health.NewGroup(health.Settings{Check: &in.checks, Probation: true, Ejection: health.EjectionSettings{
		Failures: 5, Window: 10 * time.Second, Time: 30 * time.Second, KeepAtLeast: 1,
		Outliers: health.OutlierSettings{Interval: time.Second, Fraction: 0.5,
			GatewayErrors: health.GatewayErrorSettings{InARow: 5},
			SuccessRate:   health.SuccessRateSettings{Deviations: 1.9, Margin: 0.05, Hosts: 5, Requests: 100},
			Latency:       health.LatencySettings{Factor: 3, Floor: 5 * time.Millisecond, Hosts: 3, Requests: 50}},
	}})
	in.group.SetDoubt(health.NewDoubt(health.DoubtSettings{}, in.w.now))
	for i, b := range in.w.servers {
		t := in.group.Tracker(b.id, in.w.now)
		t.SetPlace(health.Place{Region: in.w.scenario.regions[b.region].name, Host: b.id})
		in.trackers = append(in.trackers, t)
		in.w.after(int64(in.checks.First(i, len(in.w.servers))), func() { in.check(b) })
	}
}

// check makes one active check and plans the next.
func (in *instance) check(b *server) {
	in.w.check(in.region, b, checkTimeout, func(ok, refused bool) {
		now := in.w.now
		t := in.trackers[b.index]
		if ok {
			in.apply(t.CheckPassed(now))
		} else {
			in.apply(t.CheckFailed(now, "no answer", refused))
		}
		in.w.after(int64(in.checks.Next(t.InQuestion(now), in.chance.Float64())), func() { in.check(b) })
	})
}

// apply puts changes of health into force.
func (in *instance) apply(changes ...health.Transition) {
	rebuild := false
	for _, c := range changes {
		if !c.AvailabilityChanged() && !c.ProbationEnded {
			continue
		}
		rebuild = true
		if c.To == health.Healthy && c.From != health.Warming && c.From != c.To {
			in.warm(c.ID)
		}
	}
	if rebuild {
		in.rebuild()
	}
}

func (in *instance) warm(id string) {
	for i := range in.members {
		if in.members[i].Backend.ID() == id {
			in.members[i].Backend.Warm(in.w.now)
		}
	}
}
