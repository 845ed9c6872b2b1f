package balancer

// RetryBudgets bound the retries that stay in their region and those that leave it apart from each other, so that
// failures at home use up neither what failing over needs nor the other regions.
type RetryBudgets struct {
	Local *RetryBudget
	Cross *RetryBudget
}

// RetryScope is where a retry may go.
type RetryScope uint8

// The scopes.
const (
	NoRetry    RetryScope = iota
	LocalRetry            // in its region; elsewhere only by Request.Cross
	CrossRetry            // elsewhere if somebody is there: Request.AvoidRegion
)

// Request counts a request; its retries are not to be counted again.
func (b RetryBudgets) Request(now int64) {
	b.Local.Request(now)
	b.Cross.Request(now)
}

// Allow takes a retry from the budget that it needs. The last of a request had better leave its region; where that
// is over budget, and for all others, the local budget decides.
func (b RetryBudgets) Allow(now int64, last bool) RetryScope {
	switch {
	case last && b.Cross.Allow(now):
		return CrossRetry
	case b.Local.Allow(now):
		return LocalRetry
	}
	return NoRetry
}

// Aim sets in r where a retry with this scope goes whose last attempt was in the region from.
func (b RetryBudgets) Aim(r *Request, scope RetryScope, from string) {
	r.AvoidRegion, r.From, r.Cross = "", "", nil
	switch scope {
	case LocalRetry:
		r.From, r.Cross = from, b.Cross
	case CrossRetry:
		r.AvoidRegion = from
	}
}
