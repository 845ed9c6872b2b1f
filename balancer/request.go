package balancer

// Request is what a pick needs to know. Keep it in something that is reused: it is passed through an interface, so
// a Request on the stack would move to the heap. It belongs to the caller; Pick keeps nothing of it.
type Request struct {
	Now      int64 // nanoseconds, monotonic
	Rand     *Rand // the calling loop's own
	Key      uint64
	Keyed    bool      // Key is set; ConsistentHash without a key is P2C
	Affinity *Affinity // the calling loop's own for this pool, or nil; only ConsistentHash looks

	// Allowed names the regions that the request may use, besides what the pool's settings say; nil: all of
	// these. Nothing goes elsewhere for whatever reason.
	Allowed []string
	// NoSpill: another spillway has spilled the request to us. It stays in the first region, and there leaves
	// a reserve for others.
	NoSpill bool

	NoHold  bool // the request has waited for home already, or must not
	Holding int  // how many wait for home: Queue.Holding

	Tried       []*Backend   // not to be picked again
	AllowTried  bool         // when nothing else can be picked, one of Tried may
	AvoidRegion string       // to be used only when no other region has anyone to pick
	From        string       // the region of the attempt before
	Cross       *RetryBudget // of which a retry takes one if it goes elsewhere than From; nil: it costs nothing

	Reason   Reason // set by Pick: why it picked the member
	Patience int64  // set by Pick with Hold: nanoseconds for which waiting is better than leaving

	held   *place // where Patience applies
	only   *place // the one place to pick in, to the brim
	within string // the one region to pick in; empty: any

	trial *trial // nothing is taken, only told
}

func (r *Request) tried(m *Member) bool {
	for _, b := range r.Tried {
		if b == m.Backend {
			return true
		}
	}
	return false
}

func (r *Request) mayTake(m *Member) bool { return m.Backend.hasRoom(m.slots()) && !r.tried(m) }

// Outcome is how a pick ended.
type Outcome uint8

// The outcomes of Pick.
const (
	None          Outcome = iota // nobody may be tried
	Full                         // everyone who may be tried has MaxRequests in flight
	Hold                         // a slot in the nearest region is worth waiting for: see Queue.Hold
	Picked                       // an available member
	PickedInPanic                // nobody is available, so one was picked that is not
)

// String names the outcome for logs.
func (o Outcome) String() string {
	return [...]string{"none", "full", "hold", "picked", "picked in panic"}[o]
}
