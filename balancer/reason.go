package balancer

// Reason is why a request goes where it goes.
type Reason uint8

// The reasons, by the words that logs have for them.
const (
	Unexplained    Reason = iota // "": nobody was picked
	Home                         // home: the nearest region that may serve it has room
	Held                         // held: it waited a moment for a slot at home
	Queued                       // queued: everyone was full and it waited for a slot
	Sticky                       // sticky: the client was there before
	Key                          // key: its key is one of those that have left the nearest region
	SpillFull                    // spill-full: the nearest region is full
	SpillUnhealthy               // spill-unhealthy: the nearest region has nobody available
	SpillDrained                 // drained: the nearest region was taken out by hand
	SpillReturning               // spill-returning: the nearest region was away and gets its traffic back by and by
	Retry                        // retry: another attempt failed
	Hedge                        // hedge: another attempt is late
	Panic                        // panic: nobody is available, so everyone is tried
)

var reasonWords = [...]string{"", "home", "held", "queued", "sticky", "key", "spill-full", "spill-unhealthy", "drained",
	"spill-returning", "retry", "hedge", "panic"}

// String is the word for logs.
func (r Reason) String() string {
	if int(r) < len(reasonWords) {
		return reasonWords[r]
	}
	return "unknown"
}
