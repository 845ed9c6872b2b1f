package balancer

// How much of what reaches a region may come back to it in a second.
const (
	comeHome = 0.25 // after it had too much
	comeBack = 0.4  // after nobody was available: all of it within three seconds
)

// A share is the part of what reaches a region that the region keeps; the rest goes on to the next one. It goes
// out at once, to what the region can take, and comes home slowly, so that neither a measurement that lags nor a
// neighbour that does the same makes traffic swing.
type share float64

// move brings a share up to date. Above out it falls to out; below home, which is not above out, it rises towards
// home by at most pace a second for the elapsed nanoseconds; in between it stays.
func (s share) move(out, home, pace float64, elapsed int64) share {
	switch v := float64(s); {
	case v > out:
		return share(max(0, out))
	case v < home:
		return share(min(home, v+pace*float64(elapsed)/1e9))
	}
	return s
}

// fitting is the share at which a region whose load is used (1: all its capacity) at the share s would have the
// load target. No load fits at any share, and a share of nearly nothing says nearly nothing of the load.
func (s share) fitting(target, used float64) float64 {
	const least = 0.01
	if used <= 0 {
		return 1
	}
	return min(1, target*max(float64(s), least)/used)
}

// keyChance is a number in [0, 1) that belongs to a key alone, independent of where the key goes in a region. A
// key stays in a region whose share is above it, so the keys that leave at 5 % are among those that leave at 10 %.
func keyChance(key uint64) float64 {
	const family = 0x5b17
	return float64(mix(key, family)>>11) * (1.0 / (1 << 53))
}
