// Package balancer chooses a backend for a request: policies, pools, regions and spill.
//
// It promises that a choice takes no lock, makes no allocation, does no I/O and reads no clock; that
// max_requests is never exceeded, however many loops choose at once; and that the nearest region with room
// gets the request.
//
// A [Backend] is the live state of one server and outlives every reload. A [View] is what the pool looks like
// now: immutable, rebuilt when membership or availability changes, and swapped in by its owner with one atomic
// store. Each [View.Pick] that yields a member has taken one slot of its backend; whoever picked gives it
// back with [Backend.Release], or with [Queue.Release] where requests may wait.
//
// Times are nanoseconds of one monotonic clock, passed in by the caller; so are the dice ([Rand]).
package balancer
