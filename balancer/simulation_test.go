package balancer

import (
	"container/heap"
	"math"
	"testing"
)

// A simulation runs requests through one pool in virtual time: open arrivals, each of which picks, waits, spills and
// ends as the balancer says. Everything follows from the seed.
type simulation struct {
	t       *testing.T
	view    *View
	queue   *Queue
	dice    *Rand
	service func(m *Member) int64 // how long a request is in flight
	arrive  func(r *Request)      // fills in what is special of a request; may be nil
	done    func(now int64, m *Member)

	now     int64
	pending events
	request Request

	offered, refused int
	by               map[string]int // served, by region
	reasons          map[Reason]int
	held             int
	waited           int64 // of those held, in sum
	failed           func(now int64, full bool)
}

type event struct {
	at    int64
	order int
	do    func()
}

type events struct {
	list  []event
	count int
}

func (e *events) Len() int { return len(e.list) }
func (e *events) Less(i, j int) bool {
	return e.list[i].at < e.list[j].at || e.list[i].at == e.list[j].at && e.list[i].order < e.list[j].order
}
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }
func (e *events) Push(x any)    { e.list = append(e.list, x.(event)) }
func (e *events) Pop() any {
	last := e.list[len(e.list)-1]
	e.list = e.list[:len(e.list)-1]
	return last
}

func simulate(t *testing.T, v *View, service func(*Member) int64) *simulation {
	s := &simulation{t: t, view: v, queue: NewQueue(0), dice: NewRand(11), service: service, now: second}
	s.forget()
	return s
}

// forget begins the counts anew, with what is in flight left as it is.
func (s *simulation) forget() {
	s.offered, s.refused, s.held, s.waited = 0, 0, 0, 0
	s.by, s.reasons = map[string]int{}, map[Reason]int{}
}

func (s *simulation) at(delay int64, do func()) {
	s.pending.count++
	heap.Push(&s.pending, event{s.now + delay, s.pending.count, do})
}

// run offers rate requests a second, at random moments, for some time.
func (s *simulation) run(rate float64, duration int64) {
	end := s.now + duration
	var arrival func()
	arrival = func() {
		s.offer()
		if next := s.exponential(1e9 / rate); s.now+next < end {
			s.at(next, arrival)
		}
	}
	s.at(s.exponential(1e9/rate), arrival)
	for len(s.pending.list) > 0 && s.pending.list[0].at <= end {
		e := heap.Pop(&s.pending).(event)
		s.now = e.at
		e.do()
	}
	s.now = end
}

func (s *simulation) exponential(mean float64) int64 {
	return int64(-mean * math.Log(1-float64(s.dice.Uint64()>>11)*(1.0/(1<<53))))
}

func (s *simulation) offer() {
	s.offered++
	r := &s.request
	*r = Request{Rand: s.dice}
	if s.arrive != nil {
		s.arrive(r)
	}
	s.pick(*r)
}

func (s *simulation) pick(r Request) {
	s.request = r
	s.request.Now, s.request.Holding = s.now, s.queue.Holding()
	m, outcome := s.view.Pick(&s.request)
	switch outcome {
	case Picked, PickedInPanic:
		s.serve(m, s.request.Reason)
	case Hold:
		s.hold(r)
	default:
		s.refused++
	}
	if s.failed != nil && outcome != Hold {
		s.failed(s.now, m == nil)
	}
}

func (s *simulation) hold(r Request) {
	began := s.now
	w := &Waiter{}
	w.Wake = func() {
		s.waited += s.now - began
		s.serve(w.Taken(), Held)
	}
	if !s.queue.Hold(w, s.view, &s.request) {
		s.t.Fatal("said Hold without a place to wait")
	}
	s.held++
	s.at(s.request.Patience, func() {
		if w.Taken() != nil {
			return
		}
		s.queue.Leave(w)
		s.waited += s.now - began
		r.NoHold = true
		s.pick(r)
	})
}

func (s *simulation) serve(m *Member, why Reason) {
	s.by[m.Region]++
	s.reasons[why]++
	s.at(s.service(m), func() {
		if s.done != nil {
			s.done(s.now, m)
		}
		s.queue.Release(m, s.view, s.now)
	})
}

func (s *simulation) share(region string) float64 { return float64(s.by[region]) / float64(s.offered) }

// regional makes members in regions, n in each.
func regional(n int, max int64, regions ...string) []Member {
	members := some(n * len(regions))
	for i := range members {
		members[i].Region, members[i].MaxRequests = regions[i/n], max
	}
	return members
}
