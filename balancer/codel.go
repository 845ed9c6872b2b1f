package balancer

const (
	standingTarget   = 5e6 // ns that the oldest may wait in a queue that drains
	standingInterval = 1e8 // ns after which a queue that did not come down to that is a standing one
)

// standing tells a queue that stands from one that drains, as CoDel does (RFC 8289): it stands once the oldest has
// waited longer than the target at each look for a whole interval.
type standing struct {
	since int64 // when it was first above the target; 0: it is not
}

// look is to be told how long the oldest has waited, 0 where nobody waits.
func (s *standing) look(waited, now int64) bool {
	if waited <= standingTarget {
		s.since = 0
		return false
	}
	if s.since == 0 {
		s.since = now
	}
	return now-s.since >= standingInterval
}
