package health

import "time"

// Settings are those of one pool.
type Settings struct {
	Check     *CheckSettings // nil: the pool has no active check
	Ejection  EjectionSettings
	Probation bool // a backend that returns is on probation, see [Tracker.Probation]
}

// EjectionSettings say what in a backend's exchanges with clients takes it out, and for how long.
type EjectionSettings struct {
	Failures    int           // that many in a row eject; 0: no number does
	Window      time.Duration // if they fall within it; 0: however long they take
	Time        time.Duration // how long the first ejection lasts; repeated ones last longer
	MaxTime     time.Duration // how long any may last, give or take a tenth; 0: ten times Time
	KeepAtLeast int           // no ejection leaves the pool with fewer available backends
	Outliers    OutlierSettings
	Off         bool
}

func (s EjectionSettings) enabled() bool {
	return !s.Off && s.Time > 0 && (s.Failures > 0 || s.Outliers.GatewayErrors.InARow > 0 || s.Outliers.sweeps())
}

// sampling reports whether a sweep has a use for samples.
func (s EjectionSettings) sampling() bool { return s.enabled() && s.Outliers.sweeps() }

// CheckSettings say when checks are due and how many in a row change a backend's state.
type CheckSettings struct {
	Interval     time.Duration // between two checks of a backend whose state is settled
	FastInterval time.Duration // while its state is in question; 0: as Interval
	Timeout      time.Duration // of one check; kept by whoever checks
	Jitter       float64       // each wait is varied by up to this part of itself, both ways: 0.1 is ±10 %
	Rise         int           // good checks in a row that make an unhealthy backend healthy; below 1 counts as 1
	Fall         int           // bad checks in a row that make a backend unhealthy; below 1 counts as 1
}

// Next returns the wait until a backend's next check. inQuestion is [Tracker.InQuestion], dice is in [0, 1).
func (c CheckSettings) Next(inQuestion bool, dice float64) time.Duration {
	wait := c.Interval
	if inQuestion {
		wait = c.fast()
	}
	return wait + time.Duration(float64(wait)*c.Jitter*(2*dice-1))
}

// First returns the wait before the first check of the backend with the given index among count new ones. They are spread
// evenly over firstSpread, or one fast interval if that is shorter: a new backend takes no traffic before its first check, so it should not wait for long.
func (c CheckSettings) First(index, count int) time.Duration {
	if count < 1 {
		return 0
	}
	return time.Duration(float64(min(c.fast(), firstSpread)) * float64(index) / float64(count))
}

// firstSpread is how long the first checks of new backends may be spread over.
const firstSpread = 100 * time.Millisecond

func (c CheckSettings) fast() time.Duration {
	if c.FastInterval > 0 {
		return c.FastInterval
	}
	return c.Interval
}

func (c CheckSettings) rise() int { return max(c.Rise, 1) }
func (c CheckSettings) fall() int { return max(c.Fall, 1) }
