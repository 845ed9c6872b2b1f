package balancer

import "math"

const (
	loadUnit = 1024 // one request in flight, in the fixed point of Backend.load

	penaltyDecay  = 5e9              // ns in which a penalty shrinks to 1/e
	penaltyForget = 3 * penaltyDecay // a penalty below e^-3 of a request is none
	penaltyMost   = 1024             // requests; an outage is forgiven after some 50 s however long it was
)

// A penalty counts recent failures as if they were requests in flight: each adds one, and the sum shrinks by
// the factor e every penaltyDecay. Such a sum is wholly described by the moment at which it passes one, which
// is what Backend.troubled holds: a single word to update, and one comparison where nothing fails.

func (b *Backend) fail(now int64) {
	for {
		old := b.troubled.Load()
		sum := 1.0
		if ahead := old - now; ahead > -penaltyForget {
			sum += math.Exp(float64(ahead) / penaltyDecay)
		}
		next := now + int64(penaltyDecay*math.Log(min(sum, penaltyMost)))
		if b.troubled.CompareAndSwap(old, next) {
			return
		}
	}
}

// avoidAs is how many requests a backend that asked to be left alone counts as having at the least.
const avoidAs = 8

// Avoid makes the backend look loaded until a time, for it has asked for that (Retry-After): others are preferred,
// and it is used where there is nobody else.
func (b *Backend) Avoid(until int64) {
	until += int64(penaltyDecay * math.Log(avoidAs))
	for {
		old := b.troubled.Load()
		if old >= until || b.troubled.CompareAndSwap(old, until) {
			return
		}
	}
}

// penalty is the sum of recent failures, in loadUnit.
func (b *Backend) penalty(now int64) int64 {
	ahead := b.troubled.Load() - now
	if ahead <= -penaltyForget {
		return 0
	}
	return int64(loadUnit * math.Exp(min(float64(ahead)/penaltyDecay, math.Ln2*10)))
}

// willing throws dice for a policy that does not look at the load: a member with a penalty sits out some of its
// turns, as if each request of the penalty stood before one that is in flight; a cold one likewise.
func (m *Member) willing(r *Request) bool {
	penalty := m.Backend.penalty(r.Now)
	if penalty > 0 {
		busy := (m.Backend.inflight.Load() + 1) * loadUnit
		if int64(r.Rand.below(uint64(max(busy+penalty, 1)))) >= busy {
			return false
		}
	}
	return m.warmEnough(r)
}

// load is what the backend has in flight plus its penalty, in loadUnit.
func (b *Backend) load(now int64) int64 {
	return b.inflight.Load()*loadUnit + b.penalty(now)
}
