package health

// State is what a backend is to its pool. Only a Healthy backend is available.
type State uint8

const (
	// Healthy: it may be chosen.
	Healthy State = iota
	// Unhealthy: its checks fail.
	Unhealthy
	// Ejected: it failed clients' exchanges, or served them worse than its peers, and sits out.
	Ejected
	// Draining: an operator took it out.
	Draining
	// Warming: it is new and waits for its first good check.
	Warming
)

var stateNames = [...]string{"healthy", "unhealthy", "ejected", "draining", "warming"}

// String returns the word that the admin API and the metrics use.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Cause says how an exchange with a backend failed.
type Cause uint8

const (
	// ConnectRefused: the backend's host answered that nobody listens.
	ConnectRefused Cause = iota
	// ConnectTimeout: no answer to a connection attempt in time.
	ConnectTimeout
	// ConnectFailed: any other failed connection attempt, a TLS handshake included.
	ConnectFailed
	// Reset: the backend ended a connection before its response was complete.
	Reset
	// ResponseTimeout: the connection stands, but the response did not come in time.
	ResponseTimeout
	// BadResponse: what came cannot be read as a response.
	BadResponse
)

var causeNames = [...]string{
	"connection refused", "connect timed out", "connect failed", "reset by backend", "no response in time", "unreadable response",
}

// String says the cause in words.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "unknown failure"
}

// connecting reports whether there was no connection yet.
func (c Cause) connecting() bool {
	return c == ConnectRefused || c == ConnectTimeout || c == ConnectFailed
}

// Transition is one visible change of one backend. The zero Transition means that nothing changed.
type Transition struct {
	ID       string // the backend's, as given to [Group.Tracker]
	From, To State
	At       int64  // the caller's monotonic nanoseconds
	Reason   string // in words, for people

	// ProbationEnded says that the backend gave its first good answer after a return. The state stays Healthy, so that is no change.
	ProbationEnded bool
}

// Changed reports whether there was a change at all.
func (t Transition) Changed() bool { return t.From != t.To }

// AvailabilityChanged reports whether the pool's set of available backends changed.
func (t Transition) AvailabilityChanged() bool { return (t.From == Healthy) != (t.To == Healthy) }
