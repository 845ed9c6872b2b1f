package balancer

// holds decides whether a request that finds home full waits a moment for a slot there rather than leave. It does
// while fewer than places wait and its turn is expected before the detour has been made good: pace is the time
// between two slots at home (0: not known), extra how much longer an answer takes from the region that has room.
//
// A few places are enough: a slot that comes free while somebody waits is never idle, and that is all that
// waiting can gain. With more, everyone at home waits as long as the detour takes.
func holds(places, waiting int, pace, extra int64) bool {
	return waiting < places && pace > 0 && pace < extra/int64(waiting+1)
}
