package ratelimit_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"spillway/internal/ratelimit"
)

const (
	second = int64(time.Second)
	milli  = int64(time.Millisecond)
)

func TestBurstThenRate(t *testing.T) {
	r := ratelimit.NewRate(ratelimit.RateLimit{Rate: 2, Burst: 3}, 100)
	for _, step := range []struct {
		at        int64
		ok        bool
		remaining int
		reset     time.Duration
	}{
		{0, true, 2, 500 * time.Millisecond},
		{0, true, 1, 500 * time.Millisecond},
		{100 * milli, true, 0, 400 * time.Millisecond},
		{100 * milli, false, 0, 400 * time.Millisecond},
		{499 * milli, false, 0, time.Millisecond},
		{500 * milli, true, 0, 500 * time.Millisecond},
		{500 * milli, false, 0, 500 * time.Millisecond},
		{1750 * milli, true, 1, 250 * time.Millisecond},
		{1750 * milli, true, 0, 250 * time.Millisecond},
		{1750 * milli, false, 0, 250 * time.Millisecond},
		{99 * second, true, 2, 500 * time.Millisecond}, // full again, and no fuller
	} {
		want := ratelimit.Decision{OK: step.ok, Remaining: step.remaining, Reset: step.reset}
		if got := r.Allow(1, step.at); got != want {
			t.Errorf("at %v: %+v, want %+v", time.Duration(step.at), got, want)
		}
	}
	if got := r.Allow(2, 99*second); !got.OK || got.Remaining != 2 {
		t.Errorf("another key: %+v", got)
	}
}

func TestExtremeLimits(t *testing.T) {
	for _, l := range []ratelimit.RateLimit{
		{}, {Rate: -1, Burst: -1}, {Rate: math.Inf(1), Burst: math.MaxInt}, {Rate: 1e-300, Burst: math.MaxInt}, {Rate: math.NaN(), Burst: 5},
		{Rate: 1e12, Burst: 1}, {Rate: math.SmallestNonzeroFloat64, Burst: 1},
	} {
		r := ratelimit.NewRate(l, -1)
		for _, now := range []int64{0, 1, second, math.MaxInt64 / 4} {
			d := r.Allow(7, now)
			if d.Remaining < 0 || d.Reset <= 0 || now == 0 && !d.OK {
				t.Errorf("%+v at %d: %+v", l, now, d)
			}
		}
	}
	r := ratelimit.NewRate(ratelimit.RateLimit{}, 1) // no rate: nothing comes back
	if r.Allow(1, 0); r.Allow(1, 365*24*3600*second).OK {
		t.Error("a rate of 0 refills")
	}
}

func TestTableForgetsTheOldest(t *testing.T) {
	const size = 1000
	r := ratelimit.NewRate(ratelimit.RateLimit{Rate: 1, Burst: 1}, size)
	var name []byte
	key := func(i int) uint64 {
		name = binary.AppendVarint(name[:0], int64(i))
		return ratelimit.Key(name)
	}
	for i := range size {
		r.Allow(key(i), 0)
	}
	if r.Len() != size {
		t.Errorf("%d of %d keys found room", r.Len(), size)
	}
	for i := size; i < 50*size; i++ {
		r.Allow(key(0), 0) // in use all the time
		r.Allow(key(i), 0)
	}
	if r.Len() > 3*size {
		t.Errorf("%d keys are held, %d were to be", r.Len(), size)
	}
	if r.Allow(key(0), 0).OK {
		t.Error("a key in use was forgotten")
	}
	if !r.Allow(key(1), 0).OK {
		t.Error("the oldest was not forgotten")
	}
	r.Configure(ratelimit.RateLimit{Rate: 1, Burst: 1}, 64, 0)
	if r.Len() > 64*9 {
		t.Errorf("after it was made smaller, %d keys are held", r.Len())
	}
}

func TestWhatIsSpentStaysSpentOverAReload(t *testing.T) {
	r := ratelimit.NewRate(ratelimit.RateLimit{Rate: 1, Burst: 10}, 100)
	for range 4 {
		r.Allow(1, 0)
	}
	for _, step := range []struct {
		limit ratelimit.RateLimit
		at    int64
		want  ratelimit.Decision
	}{
		{ratelimit.RateLimit{Rate: 100, Burst: 10}, 0, ratelimit.Decision{OK: true, Remaining: 5, Reset: 10 * time.Millisecond}},
		{ratelimit.RateLimit{Rate: 100, Burst: 10}, 10 * milli, ratelimit.Decision{OK: true, Remaining: 5, Reset: 10 * time.Millisecond}},
		{ratelimit.RateLimit{Rate: 0.5, Burst: 20}, 10 * milli, ratelimit.Decision{OK: true, Remaining: 14, Reset: 2 * time.Second}},
		{ratelimit.RateLimit{Rate: 0.5, Burst: 3}, 10 * milli, ratelimit.Decision{OK: false, Remaining: 0, Reset: 2 * time.Second}},
		{ratelimit.RateLimit{Rate: 4, Burst: 3}, 1010 * milli, ratelimit.Decision{OK: false, Remaining: 0, Reset: 125 * time.Millisecond}},
	} {
		r.Configure(step.limit, 100, step.at)
		if got := r.Allow(1, step.at); got != step.want {
			t.Errorf("%+v: %+v, want %+v", step.limit, got, step.want)
		}
	}
}

// Loops share the limit: together they admit exactly the burst.
func TestExactOverGoroutines(t *testing.T) {
	const burst = 1000
	r := ratelimit.NewRate(ratelimit.RateLimit{Rate: 1e-6, Burst: burst}, 10_000)
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				if r.Allow(1, int64(i)).OK {
					admitted.Add(1)
				}
				r.Allow(uint64(2+rand.IntN(1000)), int64(i))
				if i%100 == 0 {
					r.Configure(ratelimit.RateLimit{Rate: 1e-6, Burst: burst}, 10_000, int64(i))
				}
			}
		})
	}
	wg.Wait()
	if n := admitted.Load(); n != burst {
		t.Errorf("%d admitted, want %d", n, burst)
	}
}

func TestKeys(t *testing.T) {
	same := [][2]uint64{
		{ratelimit.Key([]byte("a")), ratelimit.KeyString("a")},
		{ratelimit.AddrKey(netip.MustParseAddr("192.0.2.1")), ratelimit.AddrKey(netip.MustParseAddr("::ffff:192.0.2.1"))},
		{ratelimit.AddrKey(netip.MustParseAddr("2001:db8:0:1::1")), ratelimit.AddrKey(netip.MustParseAddr("2001:db8:0:1:ffff::2%eth0"))},
	}
	for i, pair := range same {
		if pair[0] != pair[1] {
			t.Errorf("pair %d differs", i)
		}
	}
	seen := map[uint64]string{}
	for _, a := range []string{"192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8:0:2::1", "::1"} {
		key := ratelimit.AddrKey(netip.MustParseAddr(a))
		if seen[key] != "" {
			t.Errorf("%s has the key of %s", a, seen[key])
		}
		seen[key] = a
	}
}

func TestAllocations(t *testing.T) {
	r := ratelimit.NewRate(ratelimit.RateLimit{Rate: 1e6, Burst: 10}, 100)
	c := ratelimit.NewConcurrency(10)
	value, addr := make([]byte, 200), netip.MustParseAddr("192.0.2.1")
	room := make([]byte, 0, 200)
	now := int64(0)
	f := func() {
		now += 100
		key := ratelimit.Key(value) ^ ratelimit.AddrKey(addr)
		d := r.Allow(key, now)
		d.AppendRateLimit(room, "default")
		d.AppendRetryAfter(room)
		if c.Acquire(key) {
			c.Release(key)
		}
	}
	f()
	got := testing.AllocsPerRun(1, func() {
		for range 1000 {
			f()
		}
	})
	if got != 0 {
		t.Errorf("%v allocations in 1,000 requests", got)
	}
}

// FuzzNeverMore plays requests at any times, with reloads that change only the size, and holds the admitted against burst + rate x t between any two of them.
func FuzzNeverMore(f *testing.F) {
	f.Add(2.0, 3, []byte{0, 0, 0, 100, 200, 3, 0, 255, 255})
	f.Add(1e9, 1, []byte{0, 0, 1, 1, 2, 0})
	f.Add(0.3, 100, []byte("any times, late and soon"))
	f.Add(7.77, 5, []byte{1, 2, 1, 2, 1, 2, 250, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, rate float64, burst int, gaps []byte) {
		if !(rate > 1e-9) || rate > 1e10 || burst < 1 || burst > 1<<20 || len(gaps) > 300 {
			t.Skip()
		}
		l := ratelimit.RateLimit{Rate: rate, Burst: burst}
		r := ratelimit.NewRate(l, 1)
		var admitted []int64
		now := int64(0)
		for i, gap := range gaps {
			now += int64(float64(gap) / rate * 1e9 / 64)
			if gap == 3 {
				r.Configure(l, i, now)
			}
			d := r.Allow(5, now)
			if d.Remaining < 0 || d.Remaining >= burst || d.Reset <= 0 || !d.OK && d.Remaining != 0 {
				t.Fatalf("%+v", d)
			}
			if !d.OK {
				if r.Allow(5, now+int64(d.Reset)-1).OK {
					t.Fatalf("admitted before the time that was told, %v", d.Reset)
				}
				if gap%2 == 0 { // who waits as told is admitted
					if now += int64(d.Reset); !r.Allow(5, now).OK {
						t.Fatalf("refused after %v", d.Reset)
					}
					admitted = append(admitted, now)
				}
				continue
			}
			admitted = append(admitted, now)
		}
		for i := range admitted {
			for k := i; k < len(admitted); k++ {
				most := float64(burst) + rate*float64(admitted[k]-admitted[i])/1e9
				if n := float64(k - i + 1); n > most*(1+1e-12) {
					t.Fatalf("%v requests in %v, at most %v were due", n, time.Duration(admitted[k]-admitted[i]), most)
				}
			}
		}
	})
}

func BenchmarkAllow(b *testing.B) {
	r := ratelimit.NewRate(ratelimit.RateLimit{Rate: 1e6, Burst: 10}, 10000)
	keys := make([]uint64, 1024)
	for i := range keys {
		keys[i] = ratelimit.KeyString(fmt.Sprint(i))
	}
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			r.Allow(keys[i&1023], int64(i)*100)
		}
	})
}
