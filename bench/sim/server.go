package main

// A server is a backend as it really is: some slots, a queue before them, and whatever ails it. Proxies learn of
// that only by what they are answered.
type server struct {
	id      string
	region  int
	index   int // among all
	slots   int
	backlog int

	down    bool    // its port refuses connections
	silent  bool    // it accepts and never answers
	failing bool    // it answers 503 at once; its checks are good
	slow    float64 // times the usual service time
	gone    bool    // for capacity: it can do nothing useful

	serving []*attempt
	queue   []*attempt
	head    int

	outstanding int // attempts of all proxies that are under way to it, at it or on the way back
	accepted    int
	answered    int
}

// An attempt is a request on its way to a server and back. reply is called once.
type attempt struct {
	server *server
	demand int64
	back   int64 // ns of the way back
	reply  func(result)
	over   bool // nobody waits for its answer any more
	place  int  // in serving; -1: not there
}

// result is how an attempt ended.
type result uint8

const (
	answered result = iota
	unavailable
	refused
	reset
	timedOut
)

// send makes an attempt from a region. It ends by an answer, or after timeout.
func (w *world) send(from int, s *server, demand, timeout int64, reply func(result)) {
	half := w.rtt(from, s.region) / 2
	a := &attempt{server: s, demand: demand, back: half, reply: reply, place: -1}
	s.outstanding++
	w.after(half, func() { w.arrive(a) })
	w.after(timeout, func() { w.end(a, timedOut) })
}

func (w *world) arrive(a *attempt) {
	s := a.server
	switch {
	case a.over || s.silent:
	case s.down:
		w.goBack(a, refused)
	case s.failing:
		w.goBack(a, unavailable)
	case len(s.serving) < s.slots:
		w.begin(a)
	case len(s.queue)-s.head < s.backlog:
		s.queue = append(s.queue, a)
	default:
		w.goBack(a, unavailable)
	}
}

func (w *world) begin(a *attempt) {
	s := a.server
	s.accepted++
	a.place = len(s.serving)
	s.serving = append(s.serving, a)
	w.after(int64(float64(a.demand)*s.slow), func() {
		if a.place >= 0 {
			s.answered++
			s.leave(a)
			w.goBack(a, answered)
			w.refill(s)
		}
	})
}

func (s *server) leave(a *attempt) {
	last := s.serving[len(s.serving)-1]
	s.serving[a.place] = last
	last.place = a.place
	s.serving = s.serving[:len(s.serving)-1]
	a.place = -1
}

// refill takes from the queue what there are slots for. Whoever was given up meanwhile has closed its connection.
func (w *world) refill(s *server) {
	for s.head < len(s.queue) && len(s.serving) < s.slots {
		a := s.queue[s.head]
		s.queue[s.head] = nil
		s.head++
		if !a.over {
			w.begin(a)
		}
	}
	if s.head == len(s.queue) {
		s.queue, s.head = s.queue[:0], 0
	}
}

func (w *world) goBack(a *attempt, r result) { w.after(a.back, func() { w.end(a, r) }) }

func (w *world) end(a *attempt, r result) {
	if a.over {
		return
	}
	a.over = true
	a.server.outstanding--
	a.reply(r)
}

// crash makes the server refuse connections and resets all it has.
func (w *world) crash(s *server) {
	s.down, s.gone = true, true
	for len(s.serving) > 0 {
		a := s.serving[0]
		s.leave(a)
		w.goBack(a, reset)
	}
	for _, a := range s.queue[s.head:] {
		w.goBack(a, reset)
	}
	s.queue, s.head = s.queue[:0], 0
}

func (w *world) restart(s *server) { s.down, s.gone = false, false }

// check is an active check: what the server's health page says, which is answered beside its slots.
func (w *world) check(from int, s *server, timeout int64, tell func(ok, refused bool)) {
	rtt := w.rtt(from, s.region)
	w.after(rtt/2, func() {
		switch {
		case s.silent || rtt > timeout:
			w.after(timeout-rtt/2+w.scenario.stale, func() { tell(false, false) })
		default:
			ok := !s.down
			w.after(rtt/2+w.scenario.stale, func() { tell(ok, !ok) })
		}
	})
}
