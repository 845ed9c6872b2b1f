package health

import (
	"math"
	"slices"
)

// windowPatience is how many sweeps wait for a backend to have as many requests as the judgements ask for. Then its window starts anew: what
// was long ago says nothing of now.
const windowPatience = 6

// observation is what one sweep sees of one backend.
type observation struct {
	tracker  *Tracker
	requests uint32
	timed    uint32 // good ones with a latency, in the last window that had enough of them
	gateway  float64
	success  float64
	latency  float64 // ns, at the quantile asked for
}

// verdict is why a backend is an outlier, in words; empty: it is none.
type verdict string

// sweep judges the available backends by what was sampled since the last one and ejects the outliers, the worst first.
func (g *Group) sweep(now int64, dice float64) []Transition {
	s := &g.settings.Ejection.Outliers
	all := g.observations(s)
	trial := trial{group: g, now: now, dice: dice}
	if s.GatewayErrors.Share > 0 {
		trial.judge(eligible(all, s.GatewayErrors.Requests, requestsOf), s.GatewayErrors.Hosts, byGatewayErrors, s.GatewayErrors.verdict)
	}
	if s.SuccessRate.Deviations > 0 {
		trial.judge(eligible(all, s.SuccessRate.Requests, requestsOf), max(s.SuccessRate.Hosts, 2), bySuccess, s.SuccessRate.verdict)
	}
	trial.judgeLatency(all)
	return trial.changes
}

// look judges latencies alone. A slow backend is slow in each of a few answers, and costs clients until it is found out; a share needs more of them.
func (g *Group) look(now int64, dice float64) []Transition {
	s := &g.settings.Ejection.Outliers
	var all []observation
	for _, t := range g.trackers {
		if t.state() == Healthy {
			o := observation{tracker: t}
			total := t.sampled()
			t.lookAtLatency(&o, &total, s)
			all = append(all, o)
		}
	}
	trial := trial{group: g, now: now, dice: dice}
	trial.judgeLatency(all)
	return trial.changes
}

func (j *trial) judgeLatency(all []observation) {
	s := &j.group.settings.Ejection.Outliers.Latency
	if s.Factor <= 0 {
		return
	}
	for _, region := range regionsOf(eligible(all, s.Requests, timedOf)) {
		j.judge(region, max(s.Hosts, 2), byLatency, s.verdict)
	}
}

// lookAtLatency brings the tracker's latency up to date where its window has enough answers, and begins the next.
func (t *Tracker) lookAtLatency(o *observation, total *tally, s *OutlierSettings) {
	window := total.since(&t.latencyBegan)
	n := window.timed()
	t.latencyAge++
	switch {
	case n > 0 && int(n) >= s.Latency.Requests:
		t.latency, t.latencyOf = window.quantile(s.Latency.quantile()), n
		t.latencyBegan, t.latencyAge = *total, 0
	case t.latencyAge >= windowPatience*s.looksPerSweep():
		t.latencyBegan, t.latencyAge = *total, 0
		t.latencyOf = 0
	case t.latencyAge >= s.looksPerSweep(): // the last window still serves to compare others with, but not for longer than a sweep
		t.latencyOf = 0
	}
	o.latency, o.timed = t.latency, t.latencyOf
}

// observations take the window of each available backend, and begins the next where this one has enough in it.
func (g *Group) observations(s *OutlierSettings) []observation {
	var all []observation
	for _, t := range g.trackers {
		if t.state() != Healthy {
			continue
		}
		t.keptOutlier = ""
		total := t.sampled()
		window := total.since(&t.windowBegan)
		o := observation{tracker: t, requests: window.requests()}
		t.lookAtLatency(&o, &total, s)
		if n := float64(o.requests); n > 0 {
			o.gateway, o.success = float64(window.gatewayErrors)/n, 1-float64(window.failed)/n
		}
		if t.windowAge++; int(o.requests) >= s.requests() || t.windowAge >= windowPatience {
			t.windowBegan, t.windowAge = total, 0
		}
		all = append(all, o)
	}
	return all
}

// trial is one sweep in progress.
type trial struct {
	group   *Group
	now     int64
	dice    float64
	changes []Transition
}

// judge sorts the observations so that the worst is the last and asks for a verdict on that, again and again with those that are left, until the verdict is
// empty or fewer than hosts are left.
func (j *trial) judge(all []observation, hosts int, order func(a, b observation) int, judgement func([]observation) verdict) {
	slices.SortStableFunc(all, order)
	for kept := 0; len(all) > 0 && len(all)+kept >= hosts; all = all[:len(all)-1] {
		why := judgement(all)
		if why == "" {
			return
		}
		t := all[len(all)-1].tracker
		if k := j.group.sparing(true); k != notKept {
			t.keptOutlier = string(why) + "; " + j.group.keptFor(k)
			kept++
			continue
		}
		j.changes = append(j.changes, t.eject(j.now, string(why), true, j.throw()))
	}
}

// throw makes dice of dice, the first as it is and each next one far from the last, so that those ejected by one sweep do not return together.
func (j *trial) throw() float64 {
	_, dice := math.Modf(j.dice + float64(len(j.changes))*math.Phi)
	return dice
}

func requestsOf(o *observation) uint32 { return o.requests }
func timedOf(o *observation) uint32    { return o.timed }

// eligible returns those of backends still available that have had as many requests, and one at least.
func eligible(all []observation, requests int, count func(*observation) uint32) []observation {
	var enough []observation
	for i := range all {
		if n := count(&all[i]); n > 0 && int(n) >= requests && all[i].tracker.state() == Healthy {
			enough = append(enough, all[i])
		}
	}
	return enough
}

// regionsOf splits the observations by region, in the order in which the regions first come.
func regionsOf(all []observation) [][]observation {
	var regions [][]observation
	index := map[string]int{}
	for _, o := range all {
		name := o.tracker.place.Region
		i, known := index[name]
		if !known {
			i = len(regions)
			index[name], regions = i, append(regions, nil)
		}
		regions[i] = append(regions[i], o)
	}
	return regions
}
