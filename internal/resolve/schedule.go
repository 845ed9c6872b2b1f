package resolve

import "time"

// A schedule says how long to wait before the next question. It has no clock.
type schedule struct {
	minTTL, maxTTL     time.Duration
	retryMin, retryMax time.Duration

	retry time.Duration // the last wait after a failure; 0: the last one was an answer
}

func (s *schedule) afterAnswer(ttl time.Duration) time.Duration {
	s.retry = 0
	return max(s.minTTL, min(ttl, s.maxTTL))
}

func (s *schedule) afterFailure() time.Duration {
	s.retry = min(max(s.retryMin, 2*s.retry), s.retryMax)
	return s.retry
}
