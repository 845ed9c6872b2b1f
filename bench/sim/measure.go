package main

import (
	"math"
	"slices"
)

// step is the length of a bucket of time in tables and plots; least is found by whole seconds, two of them.
const step = second / 2

// A measure is what was seen of one run, by the moment at which requests were due.
type measure struct {
	w       *world
	buckets []bucket
	served  map[uint64]int // by which server a key was served last
	again   int            // requests whose key had been served before
	moved   int            // of these, those that another server served
	by      []int          // answers by server

	importantDue, importantFailed int // the upper half of the priorities
	lowestDue, lowestFailed       int // the lower half
}

type bucket struct {
	due, home, away, failed int
	work                    []float64 // by region, slot-ns that the requests would take at home
	capacity                []float64 // by region, slot-ns
	busy                    float64   // part of the home slots in use, sampled
	samples                 int
	latencies               []float32 // ms
}

func newMeasure(w *world) *measure {
	m := &measure{w: w, served: map[uint64]int{}}
	m.buckets = make([]bucket, w.scenario.length/step)
	for i := range m.buckets {
		m.buckets[i].work = make([]float64, len(w.scenario.regions))
		m.buckets[i].capacity = make([]float64, len(w.scenario.regions))
	}
	for _, r := range w.scenario.regions {
		m.by = append(m.by, make([]int, r.backends)...)
	}
	return m
}

func (m *measure) at(t int64) *bucket {
	i := int((t - begins) / step)
	return &m.buckets[max(0, min(i, len(m.buckets)-1))]
}

// watch samples the servers all the time.
func (m *measure) watch() {
	const period = 20 * milli
	end := begins + m.w.scenario.length
	var look func()
	look = func() {
		b := m.at(m.w.now)
		slots, serving := 0, 0
		for _, s := range m.w.servers {
			if s.gone {
				continue
			}
			b.capacity[s.region] += float64(s.slots) / s.slow * float64(period)
			if m.w.scenario.regions[s.region].proxies > 0 {
				slots += s.slots
				serving += len(s.serving)
			}
		}
		if slots > 0 {
			b.busy += float64(serving) / float64(slots)
			b.samples++
		}
		if m.w.now+period < end {
			m.w.after(period, look)
		}
	}
	m.w.at(begins, look)
}

func (m *measure) offer(x *request) {
	b := m.at(x.due)
	b.due++
	b.work[x.region] += float64(x.demand + m.w.scenario.local)
	if x.priority > 50 {
		m.importantDue++
	} else {
		m.lowestDue++
	}
}

func (m *measure) answer(x *request, by *server) {
	b := m.at(x.due)
	if by.region == x.region {
		b.home++
	} else {
		b.away++
	}
	m.by[by.index]++
	b.latencies = append(b.latencies, float32(float64(m.w.now-x.due)/1e6))
	if m.w.scenario.keys > 0 {
		if last, ok := m.served[x.key]; ok {
			m.again++
			if last != by.index {
				m.moved++
			}
		}
		m.served[x.key] = by.index
	}
}

func (m *measure) fail(x *request) {
	m.at(x.due).failed++
	if x.priority > 50 {
		m.importantFailed++
	} else {
		m.lowestFailed++
	}
}

// leastAt is how many of the requests of a second could not be served at home whatever a proxy did: what their work
// (service time and round trip) exceeds the slots that the servers at home had. i is its first bucket. A proxy
// cannot know which requests are long, so the work that goes is of the mean length.
func (m *measure) leastAt(i int) (least float64) {
	i -= i % 2
	var due int
	for r := range m.w.scenario.regions {
		work, capacity := 0.0, 0.0
		for _, b := range m.buckets[i:min(i+2, len(m.buckets))] {
			work += b.work[r]
			capacity += b.capacity[r]
		}
		if work > capacity {
			least += (work - capacity)
		}
	}
	total := 0.0
	for _, b := range m.buckets[i:min(i+2, len(m.buckets))] {
		due += b.due
		for _, w := range b.work {
			total += w
		}
	}
	if total == 0 {
		return 0
	}
	return least / total * float64(due)
}

// A summary is a row of a table.
type summary struct {
	due, away, failed int
	least             float64 // requests that had to leave
	p50, p99          float64 // ms, a failed request counting as longer than any; +Inf: so many failed
	p99Answered       float64
	swing, amplitude  float64 // of the share that leaves, beside the least, in points, while nothing changes
	moved             float64 // of the requests of known keys; NaN: there are none
	homeAfter         float64 // seconds from the return until at least 95 % are served at home for good; +Inf: never
	important, lowest float64 // of the upper and the lower half of the priorities, those that failed
}

func (m *measure) summarize() summary {
	s := m.w.scenario
	out := summary{moved: math.NaN()}
	var all []float32
	failed := 0
	for i := range m.buckets {
		b := &m.buckets[i]
		out.due += b.due
		out.away += b.away
		out.failed += b.failed
		if i%2 == 0 {
			out.least += m.leastAt(i)
		}
		at := int64(i) * step
		if s.judged[1] == 0 || at >= s.judged[0] && at < s.judged[1] {
			all = append(all, b.latencies...)
			failed += b.failed
		}
	}
	slices.Sort(all)
	out.p50, out.p99 = quantile(all, failed, 0.5), quantile(all, failed, 0.99)
	out.p99Answered = quantile(all, 0, 0.99)
	out.swing, out.amplitude = spread(m.shares(func(i int) float64 {
		return float64(m.buckets[i].away+m.buckets[i+1].away) - m.leastAt(i)
	}))
	out.homeAfter = m.homeAfter()
	if m.again > 0 {
		out.moved = float64(m.moved) / float64(m.again)
	}
	out.important = float64(m.importantFailed) / float64(max(1, m.importantDue))
	out.lowest = float64(m.lowestFailed) / float64(max(1, m.lowestDue))
	return out
}

func (m *measure) homeAfter() float64 {
	const atHome = 0.95
	last := len(m.buckets)
	for last > 0 && float64(m.buckets[last-1].home) >= atHome*float64(m.buckets[last-1].due) {
		last--
	}
	if last == len(m.buckets) {
		return math.Inf(1)
	}
	return max(0, float64(int64(last)*step-m.w.scenario.returns)/1e9)
}

// shares lists what part of the requests of each settled second something is, in points.
func (m *measure) shares(of func(i int) float64) (list []float64) {
	from, to := m.w.scenario.settled[0], m.w.scenario.settled[1]
	for i := 0; i+1 < len(m.buckets); i += 2 {
		if at := int64(i) * step; at >= from && at < to {
			list = append(list, 100*of(i)/float64(max(1, m.buckets[i].due+m.buckets[i+1].due)))
		}
	}
	return list
}

// quantile of sorted latencies, beyond which there are as many as failed.
func quantile(sorted []float32, failed int, q float64) float64 {
	n := len(sorted) + failed
	if n == 0 {
		return math.NaN()
	}
	if i := int(math.Ceil(q*float64(n))) - 1; i < len(sorted) {
		return float64(sorted[max(0, i)])
	}
	return math.Inf(1)
}

// spread is the standard deviation and the distance from the least to the greatest.
func spread(list []float64) (deviation, amplitude float64) {
	if len(list) < 2 {
		return 0, 0
	}
	mean := 0.0
	for _, x := range list {
		mean += x / float64(len(list))
	}
	for _, x := range list {
		deviation += (x - mean) * (x - mean) / float64(len(list))
	}
	return math.Sqrt(deviation), slices.Max(list) - slices.Min(list)
}
