package balancer

import (
	"math"
	"sync/atomic"
)

const (
	shedTick   = 1e8  // ns, 100 ms
	shedMemory = 3e8  // ns in which what was refused is forgotten to 1/e
	shedTarget = 0.01 // of the requests let in may find everyone full
	shedRise   = 1e9  // ns in which what is refused beyond the target is shed instead, but for 1/e
	shedFall   = 1e10 // ns in which all shedding ends when nothing is refused
	shedPeriod = 1e9  // ns for which the highest priority is remembered, to twice that
	shedBand   = 10   // priorities below the threshold over which shedding goes from none to all
)

// Shedder turns away the least important requests while there are more than all the regions they may use can take.
//
// It keeps a degree of overload x between 0 and 1, which rises as long as requests that were let in find everyone
// full and falls slowly when they do not. The threshold follows it by the cubic of Netflix's prioritised load
// shedding: of the priorities 1 to 100, 100(1-x³) are let in, the highest; so a small overload costs the lowest
// few and only a great one the high. Just below the threshold dice decide. Nobody is shed who is not below
// somebody else, so where all requests have one priority each is served that finds room. What another spillway has spilled to us counts for less than anything of our own.
//
// All loops share it; all its methods may be called concurrently.
type Shedder struct {
	overload atomic.Uint64 // float64 bits
	next     atomic.Int64  // when to look again
	seen     atomic.Int64  // the highest priority of this period, while there is an overload
	top      atomic.Int64  // of the period before
	_        [112]byte
	let      atomic.Int64 // in since the last look
	refused  atomic.Int64 // of these
	_        [112]byte
	ticking  atomic.Bool // who holds it may use what follows
	last     int64
	period   int64   // when the present one began
	in, out  float64 // moving sums of let and refused
}

// Admit decides over a request before a backend is picked for it. A priority is 1 to 100, 100 for the most
// important; spilled says that another spillway has spilled the request to us.
func (s *Shedder) Admit(priority int, spilled bool, now int64, dice *Rand) bool {
	bits := s.overload.Load()
	if bits == 0 {
		return true
	}
	if now >= s.next.Load() {
		s.Tick(now) // also when nobody is let in who could be observed
	}
	rank := Rank(priority, spilled)
	s.note(rank)
	below := s.threshold(bits) - rank
	switch {
	case below <= 0, rank >= float64(max(s.seen.Load(), s.top.Load())):
		return true // there is nobody more important to make room for: shedding would refuse what can be served
	case below >= shedBand:
		return false
	}
	return float64(dice.Uint64()>>11)*(1.0/(1<<53)) >= below/shedBand
}

// note remembers the highest rank. Of several at once it may miss one, which comes again.
func (s *Shedder) note(rank float64) {
	if seen := s.seen.Load(); int64(rank) > seen {
		s.seen.CompareAndSwap(seen, int64(rank))
	}
}

// Threshold is the priority from which on nothing is shed; 0: nothing is.
func (s *Shedder) Threshold() float64 { return s.threshold(s.overload.Load()) }

func (*Shedder) threshold(bits uint64) float64 {
	x := math.Float64frombits(bits)
	return 100 * x * x * x
}

// Observe takes what became of a request that was let in: refused says that everyone who may serve it was full.
func (s *Shedder) Observe(refused bool, now int64) {
	s.let.Add(1)
	if refused {
		s.refused.Add(1)
	}
	if now >= s.next.Load() {
		s.Tick(now)
	}
}

// Tick brings the overload up to date. Observe calls it; its owner may, so that the overload ends without traffic.
func (s *Shedder) Tick(now int64) {
	if now < s.next.Load() || !s.ticking.CompareAndSwap(false, true) {
		return
	}
	defer s.ticking.Store(false)
	if now < s.next.Load() {
		return
	}
	elapsed := float64(min(now-s.last, 1e9))
	s.last = now
	if now-s.period >= shedPeriod {
		s.top.Store(s.seen.Swap(0))
		s.period = now
	}
	keep := math.Exp(-elapsed / shedMemory)
	let := float64(s.let.Swap(0))
	s.in = s.in*keep + let
	s.out = s.out*keep + float64(s.refused.Swap(0))
	refused := s.out / max(s.in, 1)
	x := math.Float64frombits(s.overload.Load())
	shed := x * x * x
	switch {
	case let == 0 || refused <= shedTarget:
		room := max(0, 1-refused/shedTarget)
		shed -= room * room * elapsed / shedFall
		if let == 0 {
			s.in, s.out = 0, 0
		}
	default:
		// To refuse nobody of those let in, that part of them has to be shed as well.
		shed += (1 - shed) * (refused - shedTarget) * elapsed / shedRise
	}
	s.overload.Store(math.Float64bits(math.Cbrt(min(1, max(0, shed)))))
	s.next.Store(now + shedTick)
}
