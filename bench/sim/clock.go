package main

// ns in a second and a millisecond of virtual time.
const (
	second = int64(1e9)
	milli  = int64(1e6)
)

// A clock is virtual time: nothing happens between two events, and events of the same moment happen in the order in
// which they were planned.
type clock struct {
	now     int64
	planned uint64
	heap    []event
}

type event struct {
	at    int64
	order uint64
	do    func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.order < o.order }

func (c *clock) after(delay int64, do func()) { c.at(c.now+delay, do) }

func (c *clock) at(at int64, do func()) {
	c.planned++
	e := event{max(at, c.now), c.planned, do}
	c.heap = append(c.heap, e)
	i := len(c.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&c.heap[parent]) {
			break
		}
		c.heap[i] = c.heap[parent]
		i = parent
	}
	c.heap[i] = e
}

// run lets happen all that is planned up to a moment, and whatever that brings up to then.
func (c *clock) run(until int64) {
	for len(c.heap) > 0 && c.heap[0].at <= until {
		c.step()
	}
	c.now = max(c.now, until)
}

// step lets the next event happen.
func (c *clock) step() {
	next := c.heap[0]
	last := len(c.heap) - 1
	moved := c.heap[last]
	c.heap[last].do = nil
	c.heap = c.heap[:last]
	if last > 0 {
		c.sink(moved)
	}
	c.now = next.at
	next.do()
}

func (c *clock) sink(e event) {
	i := 0
	for {
		first := 4*i + 1
		if first >= len(c.heap) {
			break
		}
		least := first
		for j := first + 1; j < min(first+4, len(c.heap)); j++ {
			if c.heap[j].before(&c.heap[least]) {
				least = j
			}
		}
		if !c.heap[least].before(&e) {
			break
		}
		c.heap[i] = c.heap[least]
		i = least
	}
	c.heap[i] = e
}

// every repeats do for ever.
func (c *clock) every(period int64, do func()) {
	var again func()
	again = func() {
		do()
		c.after(period, again)
	}
	c.after(period, again)
}
