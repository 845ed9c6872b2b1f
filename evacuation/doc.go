// Package evacuation decides how and whether a region may be emptied.
//
// A [Forecast] foretells whether the rest has room for what would leave, from
// what is in flight now. An [Evacuation] moves the share that a target keeps, by
// degrees; its [Guard] judges the destinations and says when it must be called
// off. A drill is an evacuation that ends by itself, and makes a [DrillReport].
// The [Registry] holds those under way, and what each leaves to whom, and [Drains]
// what is out of service until it is put back.
//
// A target may also be what one pool has in a region, or one backend.
//
// Everything here is arithmetic: no I/O, no goroutine and no clock. Times are
// nanoseconds on a monotonic clock of the caller's choice. Whoever drives an
// evacuation collects the figures, and carries out what is decided.
package evacuation
