package balancer

// holdPart is of which part of the detour anyone may expect to wait beyond the configured places.
const holdPart = 8

// holds decides whether a request that finds home full waits a moment for a slot there rather than leave. It does
// while fewer than places wait and its turn is expected before the detour has been made good: pace is the time
// between two slots at home (0: not known), extra how much longer an answer takes from the region that has room.
//
// A few places are enough where home is full for long: a slot that comes free while somebody waits is never idle, and
// that is all that waiting can gain. With more, everyone at home waits as long as the detour takes. Where home is full
// for a moment only, there are more: see holdPlaces.
func holds(places, waiting int, pace, extra int64) bool {
	return waiting < places && pace > 0 && pace < extra/int64(waiting+1)
}

// holdPlaces is how many may wait for the region when few of them may by the configuration, and leaving costs extra: as
// many more as twice the slots that were free on the average, if they need not wait for long. Such a crowd is gone soon,
// since by so much the region serves more than comes; where it is full all the time, there are no more places.
func (p *place) holdPlaces(few int, extra int64) int {
	if few <= 0 {
		return 0
	}
	places := few + int(2*p.flow.spare.Load())
	if pace := p.flow.pace.Load(); pace > 0 {
		places = int(min(int64(places), extra/holdPart/pace))
	}
	return max(few, places)
}
