// Package health decides whether a backend may be chosen.
//
// A [Group] holds one [Tracker] per backend of a pool. A Tracker keeps two separate bits: what was observed (by
// active checks, and by the exchanges that clients caused) and what an operator said. A backend is available when
// both say yes and it is not ejected.
//
// Clients' exchanges are judged in two ways: failures in a row eject at once ([EjectionSettings]), and a sweep every few seconds compares what was
// sampled of each backend with the others ([OutlierSettings]). A [Doubt], shared by all groups, holds the checks' verdicts back when
// they fail everywhere at once.
//
// Everything here is arithmetic on events: no I/O, no goroutine, no clock and no randomness. Times are nanoseconds
// on a monotonic clock of the caller's choice, dice are numbers in [0, 1) that the caller throws. Every method may be called
// from any goroutine. Whatever changes a backend's state returns a [Transition], once, so that its caller logs once, counts once
// and rebuilds the pool's view once.
package health
