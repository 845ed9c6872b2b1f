package loop

import (
	"math/rand/v2"
	"testing"
	"time"
)

const tick = int64(1) << tickShift

// A ring counts when its timer was due.
type ring struct {
	timer timer
	rang  []int64
	then  func(now int64)
}

func (r *ring) expire(now int64) {
	r.rang = append(r.rang, now)
	if r.then != nil {
		r.then(now)
	}
}

func newRing() *ring {
	r := &ring{}
	r.timer.owner = r
	return r
}

// drive advances the wheel as a loop does, at the moments that next asks for, until end.
func drive(w *wheel, now, end int64) {
	for now < end {
		wait, ok := w.next(now)
		if !ok {
			return
		}
		now += max(wait, 1)
		w.advance(now)
	}
}

func TestTimersAreNeverEarlyAndATickLateAtMost(t *testing.T) {
	for _, at := range []time.Duration{
		1, time.Millisecond, 4 * time.Millisecond, time.Duration(tick) - 1, time.Duration(tick), time.Duration(tick) + 1,
		50 * time.Millisecond, time.Second, 17 * time.Second, 18 * time.Second, time.Minute, time.Hour,
		time.Duration(wheelSlots-1) * time.Duration(tick), wheelSlots * time.Duration(tick), (wheelSlots + 1) * time.Duration(tick),
	} {
		for _, start := range []int64{0, 1, tick - 1, 12345 * tick, 12345*tick + 777} {
			w, r := &wheel{tick: start >> tickShift}, newRing()
			due := start + int64(at)
			w.add(&r.timer, due)
			drive(w, start, due+10*tick)
			if len(r.rang) != 1 {
				t.Fatalf("due %v after %d: rang %d times", at, start, len(r.rang))
			}
			if late := r.rang[0] - due; late < 0 || late > tick {
				t.Errorf("due %v after %d: rang %v late", at, start, time.Duration(late))
			}
		}
	}
}

func TestPastDeadlineIsDueAtTheNextTick(t *testing.T) {
	w, r := &wheel{tick: 100}, newRing()
	w.add(&r.timer, 3*tick)
	w.advance(101 * tick)
	if len(r.rang) != 1 {
		t.Errorf("rang %d times", len(r.rang))
	}
}

func TestTimerMovesAndStops(t *testing.T) {
	w, moved, stopped := &wheel{}, newRing(), newRing()
	w.add(&moved.timer, 10*tick)
	w.add(&moved.timer, 20*tick)
	w.add(&stopped.timer, 10*tick)
	w.remove(&stopped.timer)
	w.remove(&stopped.timer)
	w.advance(15 * tick)
	if len(moved.rang) != 0 {
		t.Error("a timer that was moved away rang at its old time")
	}
	w.advance(30 * tick)
	if len(moved.rang) != 1 || len(stopped.rang) != 0 {
		t.Errorf("the moved timer rang %d times, the stopped one %d", len(moved.rang), len(stopped.rang))
	}
	if _, ok := w.next(30 * tick); ok {
		t.Error("an empty wheel still asks to be advanced")
	}
}

func TestOwnersMayMoveAndStopTimersThatAreDueWithTheirs(t *testing.T) {
	w, first, second := &wheel{}, newRing(), newRing()
	for _, pair := range [][2]*ring{{first, second}, {second, first}} {
		pair[0].then = func(now int64) {
			w.remove(&pair[1].timer)
			w.add(&pair[0].timer, now+tick)
			pair[0].then = nil
		}
	}
	w.add(&first.timer, tick)
	w.add(&second.timer, tick)
	w.advance(3 * tick)
	w.advance(6 * tick)
	if len(first.rang)+len(second.rang) != 2 || len(first.rang) == 1 {
		t.Errorf("rang %d and %d times; want one twice and the other, stopped by it, never", len(first.rang), len(second.rang))
	}
}

func TestPanicOfAnOwnerKeepsTheOthersOfItsTick(t *testing.T) {
	w := &wheel{}
	rings := []*ring{newRing(), newRing(), newRing()}
	for _, r := range rings {
		r.then = func(int64) { panic("owner") }
		w.add(&r.timer, tick)
	}
	for range rings {
		func() {
			defer func() { _ = recover() }()
			w.advance(5 * tick)
		}()
	}
	for i, r := range rings {
		if len(r.rang) != 1 {
			t.Errorf("timer %d rang %d times", i, len(r.rang))
		}
	}
	if _, ok := w.next(5 * tick); ok {
		t.Error("the wheel asks to be advanced for nothing")
	}
}

func TestWheelThatWasNotAdvancedForHoursCatchesUp(t *testing.T) {
	w, soon, far := &wheel{}, newRing(), newRing()
	now := int64(5 * time.Hour)
	w.add(&far.timer, now+int64(30*time.Second)) // as a loop adds before it advances
	w.add(&soon.timer, now+tick)
	w.advance(now)
	drive(w, now, now+int64(time.Minute))
	for _, r := range []*ring{soon, far} {
		if len(r.rang) != 1 || r.rang[0] < r.timer.at || r.rang[0] > r.timer.at+tick {
			t.Errorf("due %d, rang %v", r.timer.at, r.rang)
		}
	}
}

// TestWheelAgainstAList plays the same additions, moves, removals and steps
// against a wheel and a plain list of deadlines.
func TestWheelAgainstAList(t *testing.T) {
	for seed := range uint64(20) {
		dice := rand.New(rand.NewPCG(seed, 1))
		now := dice.Int64N(1 << 40)
		w := &wheel{tick: now >> tickShift}
		rings := make([]*ring, 50)
		due := make([]int64, len(rings)) // 0: not armed
		for i := range rings {
			rings[i] = newRing()
		}
		for range 3000 {
			i := dice.IntN(len(rings))
			switch dice.IntN(4) {
			case 0:
				w.remove(&rings[i].timer)
				due[i] = 0
			case 1:
				now += dice.Int64N(20 * tick)
				w.advance(now)
			case 2:
				now += dice.Int64N(int64(1) << (10 + dice.IntN(26)))
				w.advance(now)
			default:
				due[i] = max(now-10*tick, 0) + dice.Int64N(int64(1)<<(10+dice.IntN(28))) + 1
				w.add(&rings[i].timer, due[i])
			}
			armed := 0
			for i, r := range rings {
				if len(r.rang) > 0 {
					if due[i] == 0 || now < due[i] {
						t.Fatalf("seed %d: timer due %d rang at %d", seed, due[i], now)
					}
					r.rang, due[i] = r.rang[:0], 0
				}
				// A timer that was added behind the wheel's time waits for the next step.
				if due[i] != 0 {
					armed++
					if late := w.tick<<tickShift - due[i]; late > tick && r.timer.slot != int32((w.tick+1)&slotMask) {
						t.Fatalf("seed %d: timer due %d has not rung at %d", seed, due[i], now)
					}
				}
			}
			if armed != w.count {
				t.Fatalf("seed %d: the wheel counts %d timers, the list %d", seed, w.count, armed)
			}
			if wait, ok := w.next(now); ok != (armed > 0) || wait < 0 {
				t.Fatalf("seed %d: next says %d, %v with %d armed", seed, wait, ok, armed)
			}
		}
	}
}
