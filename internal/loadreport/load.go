package loadreport

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Blackout and expiry are those of gRPC's proposal A58 and of Envoy's client-side weighted round robin.
const (
	blackout = 10 * time.Second // so long a backend must have reported before it is believed: at first its caches are cold
	expiry   = 3 * time.Minute  // so long the last report is believed
	step     = time.Second      // between two changes of what is believed
	smooth   = 10 * time.Second // in which old steps shrink to 1/e of their influence
)

// Load is what is known of one backend's load. The zero Load knows nothing. All methods may be called from any goroutine; to observe
// costs a few atomic additions, and once a step a lock.
type Load struct {
	due    atomic.Int64 // when the present step is over; 0: there was no report yet
	counts counts

	mu       sync.Mutex
	began    int64   // when the present step began
	since    int64   // of the first report with no longer pause than expiry after it
	reported int64   // when the last step with a report was over
	averages *sample // nil: no step is over yet
}

// counts are those of the present step.
type counts struct {
	reports     atomic.Uint64
	silent      atomic.Uint64 // exchanges that failed without a report
	failed      atomic.Uint64 // exchanges that failed, silent ones included
	utilization atomic.Uint64 // sum over the reports, in 1/unit
	errorShare  atomic.Uint64 // likewise
}

const unit = 1 << 20

// sample is a mean over some time.
type sample struct {
	utilization float64
	errorShare  float64
	rate        float64 // exchanges a second, as they are seen here
}

// Observe counts an exchange, with the report that its response carried. failed says that the backend failed it, whatever it says of itself.
func (l *Load) Observe(now int64, r Report, failed bool) {
	c := &l.counts
	c.utilization.Add(uint64(min(max(r.Utilization, 0), mostUtilization) * unit))
	c.errorShare.Add(uint64(min(max(r.ErrorShare, 0), 1) * unit))
	if failed {
		c.failed.Add(1)
	}
	c.reports.Add(1)
	if now >= l.due.Load() {
		l.endStep(now)
	}
}

// Fail counts an exchange that failed without a report.
func (l *Load) Fail(now int64) {
	due := l.due.Load()
	if due == 0 {
		return
	}
	l.counts.silent.Add(1)
	l.counts.failed.Add(1)
	if now >= due {
		l.endStep(now)
	}
}

// Reset forgets everything: call it when the backend returns, for what it said before is of another time.
func (l *Load) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due.Store(0)
	l.counts.take(1)
	l.averages = nil
}

// endStep begins the first step, or makes one sample of the present one and begins the next.
func (l *Load) endStep(now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	due := l.due.Load()
	if now < due {
		return // another goroutine did it
	}
	if due != 0 {
		s, reported := l.counts.take(float64(now-l.began) / 1e9)
		l.fold(s, reported, now)
	} else {
		l.since, l.reported = now, now
	}
	l.began = now
	l.due.Store(now + int64(step))
}

// take makes a sample of what was counted in some seconds; reported is false where no report was among it.
func (c *counts) take(seconds float64) (s sample, reported bool) {
	reports, silent, failed := float64(c.reports.Swap(0)), float64(c.silent.Swap(0)), float64(c.failed.Swap(0))
	utilization, errorShare := float64(c.utilization.Swap(0))/unit, float64(c.errorShare.Swap(0))/unit
	if n := reports + silent; n > 0 {
		s.errorShare = min(failed/n, 1)
		s.rate = n / seconds
	}
	if reports > 0 {
		s.utilization = utilization / reports
		s.errorShare = max(s.errorShare, min(errorShare/reports, 1))
	}
	return s, reports > 0
}

func (l *Load) fold(s sample, reported bool, now int64) {
	if reported && now-l.reported > int64(expiry) { // begin anew; the rate over the pause says nothing
		l.averages, l.since, l.reported = nil, now, now
		return
	}
	if reported {
		l.reported = now
	}
	if l.averages == nil {
		if reported {
			l.averages = &s
		}
		return
	}
	part := 1 - math.Exp(-float64(now-l.began)/float64(smooth))
	a := l.averages
	a.rate += part * (s.rate - a.rate)
	a.errorShare += part * (s.errorShare - a.errorShare)
	if reported {
		a.utilization += part * (s.utilization - a.utilization)
	}
}

// Capacity estimates how many exchanges a second would load the backend fully: rate / (utilization + share of errors), as Envoy and gRPC weigh. It is in
// proportion to what this process sends, so it is good for comparing backends of one pool. ok is false in the first 10 s of reports, and 3 min after the last one.
func (l *Load) Capacity(now int64) (perSecond float64, ok bool) {
	const idle = 0.01 // less load than this tells nothing of the capacity
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.averages
	if a == nil || l.due.Load() == 0 || now-l.since < int64(blackout) || now-l.reported > int64(expiry) || a.rate <= 0 {
		return 0, false
	}
	return a.rate / (max(a.utilization, idle) + a.errorShare), true
}
