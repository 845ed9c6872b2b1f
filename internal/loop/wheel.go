package loop

import "math/bits"

// A timer is an entry of a wheel; its owner embeds it and is told when it is due.
type timer struct {
	next, prev *timer
	at         int64
	slot       int32
	armed      bool
	owner      expirer
}

type expirer interface {
	// expire is called on the loop, with the timer taken out of the wheel.
	expire(now int64)
}

const (
	tickShift  = 22 // a tick is 2^22 ns, about 4.2 ms
	wheelSlots = 4096
	slotMask   = wheelSlots - 1
	expiring   = wheelSlots // the list whose owners are being told
)

// A wheel is a timing wheel (Varghese and Lauck, 1987, scheme 6): adding,
// moving and removing are constant time. Deadlines past its horizon of 17 s are
// looked at once a turn of the wheel. A timer never fires early, and late by
// one tick at most when advance is called as next asks.
type wheel struct {
	lists    [wheelSlots + 1]*timer
	occupied [wheelSlots / 64]uint64
	tick     int64 // every slot up to and including this tick has been expired
	count    int
}

func tickAfter(at int64) int64 { return (at >> tickShift) + 1 }

// add arms t for the time at, moving it where it was armed before.
func (w *wheel) add(t *timer, at int64) {
	if t.armed {
		w.remove(t)
	}
	t.at = at
	tick := tickAfter(at)
	if tick <= w.tick {
		tick = w.tick + 1
	}
	if tick > w.tick+wheelSlots-1 {
		tick = w.tick + wheelSlots - 1
	}
	w.link(t, int32(tick&slotMask))
	w.occupied[t.slot/64] |= 1 << (t.slot % 64)
}

func (w *wheel) link(t *timer, slot int32) {
	t.slot, t.armed = slot, true
	t.prev, t.next = nil, w.lists[slot]
	if t.next != nil {
		t.next.prev = t
	}
	w.lists[slot] = t
	w.count++
}

// remove disarms t, which may be unarmed.
func (w *wheel) remove(t *timer) {
	if !t.armed {
		return
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		w.lists[t.slot] = t.next
		if t.next == nil && t.slot != expiring {
			w.occupied[t.slot/64] &^= 1 << (t.slot % 64)
		}
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.next, t.prev, t.armed = nil, nil, false
	w.count--
}

// advance tells the owners of all timers that are due at now.
func (w *wheel) advance(now int64) {
	w.tellExpiring(now) // those that an owner's panic left behind
	target := now >> tickShift
	if w.count == 0 && w.tick < target {
		w.tick = target
		return
	}
	if w.tick < target-wheelSlots {
		w.tick = target - wheelSlots
	}
	for w.tick < target {
		w.tick++
		w.expireSlot(int32(w.tick&slotMask), now)
	}
}

func (w *wheel) expireSlot(slot int32, now int64) {
	if w.lists[slot] == nil {
		return
	}
	for t := w.lists[slot]; t != nil; t = w.lists[slot] {
		w.remove(t)
		w.link(t, expiring)
	}
	w.tellExpiring(now)
}

func (w *wheel) tellExpiring(now int64) {
	for t := w.lists[expiring]; t != nil; t = w.lists[expiring] {
		w.remove(t)
		if t.at > now {
			w.add(t, t.at)
			continue
		}
		t.owner.expire(now)
	}
}

// next tells how long after now advance is wanted again; false when no timer is armed.
func (w *wheel) next(now int64) (wait int64, ok bool) {
	if w.count == 0 {
		return 0, false
	}
	first := (w.tick + 1) & slotMask
	word, bit := first/64, uint(first%64)
	for i := int64(0); i <= int64(len(w.occupied)); i++ {
		index := (word + i) % int64(len(w.occupied))
		set := w.occupied[index]
		if i == 0 {
			set &= ^uint64(0) << bit
		}
		if set == 0 {
			continue
		}
		slot := index*64 + int64(bits.TrailingZeros64(set))
		tick := w.tick + 1 + (slot-first)&slotMask
		return max(tick<<tickShift-now, 0), true
	}
	return 0, true
}

// A Timer calls a function on its loop at a set time. It belongs to the loop
// that made it and is used on that loop only.
type Timer struct {
	loop  *Loop
	entry timer
	fire  func(now int64)
}

// NewTimer makes a timer that is not set. fire runs on the loop and must not wait.
func (l *Loop) NewTimer(fire func(now int64)) *Timer {
	t := &Timer{loop: l, fire: fire}
	t.entry.owner = t
	return t
}

// Set arms the timer for the time at (see [Loop.Now]), in place of any earlier setting.
func (t *Timer) Set(at int64) { t.loop.arm(&t.entry, at) }

// Stop disarms the timer.
func (t *Timer) Stop() { t.loop.wheel.remove(&t.entry) }

func (t *Timer) expire(now int64) { t.fire(now) }
