package resolve

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Watch keeps asking for host's addresses until ctx ends, and then returns;
// nothing of it runs on. It calls on whenever the set of addresses has become
// another one, beginning with known. An answer that is an error or empty
// changes nothing and is reported to failed; an answer for one family only
// leaves the addresses of the other as they are. Callers get the set that holds
// from now on, never empty, never the one they already have.
//
// It asks again when the answer's TTL is over, within MinTTL and MaxTTL, and
// after a failure as RetryMin and RetryMax say; an incomplete answer holds for
// RetryMax at most. Without known addresses it asks
// at once, else after MinTTL, for the TTL of known is not known.
//
// on and failed run one at a time on Watch's goroutine, and not after ctx has
// been seen to end; the time they take delays the next question.
func (r *Resolver) Watch(ctx context.Context, host string, known []netip.Addr, on func(Answer), failed func(error)) {
	known = normalize(known)
	next := schedule{minTTL: r.MinTTL, maxTTL: r.MaxTTL, retryMin: r.RetryMin, retryMax: r.RetryMax}
	if len(known) > 0 && r.sleep(ctx, next.afterAnswer(0)) != nil {
		return
	}
	for {
		answer, err := r.lookup(ctx, host)
		if ctx.Err() != nil {
			return
		}
		if err == nil && len(answer.Addrs) == 0 {
			err = fmt.Errorf("lookup %s: %w", host, ErrNotFound)
		}
		var wait time.Duration
		if err != nil {
			wait = next.afterFailure()
			failed(err)
		} else {
			wait = next.afterAnswer(answer.TTL)
			if answer.Incomplete {
				answer.Addrs = withOtherFamily(answer.Addrs, known)
				wait = min(wait, r.RetryMax)
			}
			if !slices.Equal(answer.Addrs, known) {
				known = slices.Clone(answer.Addrs)
				on(answer)
			}
		}
		if r.sleep(ctx, wait) != nil {
			return
		}
	}
}

// withOtherFamily adds to addrs those of known whose family addrs lacks.
func withOtherFamily(addrs, known []netip.Addr) []netip.Addr {
	all := slices.Clone(addrs)
	for _, old := range known {
		if !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return a.Is4() == old.Is4() }) {
			all = append(all, old)
		}
	}
	return normalize(all)
}

// sleep returns after d, or when ctx ends with its error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
