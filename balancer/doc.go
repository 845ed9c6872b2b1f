// Package balancer chooses a backend for a request: policies, pools, regions and spill.
//
// It promises that a choice takes no lock, makes no allocation, does no I/O and reads no clock; that
// max_requests is never exceeded, however many loops choose at once; that the nearest region with room gets the
// request, and one that the request may not use never does.
//
// A [Backend] is the live state of one server and outlives every reload. A [View] is what the pool looks like
// now: immutable, rebuilt when membership or availability changes, and swapped in by its owner with one atomic
// store. Each [View.Pick] that yields a member has taken one slot of its backend and one of its region; whoever
// picked gives both back with [Member.Release], or with [Queue.Release] where requests may wait.
//
// What decides whether a request leaves its region is of three kinds. The true number in flight, at the moment of
// the pick, against the region's capacity; that is exact and has no memory. Shares, for what can not be decided one
// by one: keys, a region that returns, the load that backends report; these go out at once and come home slowly.
// And distances, whose order is the owner's to keep in [Distances]. When all regions are full, [Queue] lets requests
// wait and [Shedder] turns the least important away.
//
// Times are nanoseconds of one monotonic clock, passed in by the caller; so are the dice ([Rand]).
package balancer
